"""The arms of a live comparison: what they are called, and the receivers behind them."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ghlctl.cli.load_shape import Shape
from ghlctl.cli.loading import receiver_for
from ghlctl.cli.output import say
from ghlctl.cli.settings import Flags, Receiver
from ghlctl.errors import UsageError

if TYPE_CHECKING:
    from ghlctl.model.estimate import Mode
    from ghlctl.scenario.config import Config
    from ghlctl.scenario.scenario import Scenario

PROFILES = ("baseline", "optimized")


@dataclass(frozen=True, slots=True)
class LiveFlags:
    """What is compared and how, as the command line has it; `switches` are turned in B alone."""

    baseline: str
    candidate: str
    mode: "Mode"
    pairs: int
    block_s: float
    control: bool
    switches: Sequence[str]
    upstreams: Sequence[str]
    receiver: Flags
    shape: Shape


@contextmanager
def receivers_of(
    flags: LiveFlags, config: "Config", scenario: "Scenario"
) -> "Iterator[dict[str, Receiver]]":
    """By letter; the control is A's address again, or a second instance of A's profile."""
    _check_upstreams(flags, scenario)
    named = {"A": flags.baseline, "B": flags.candidate}
    if flags.control:
        named["C"] = flags.baseline
    with ExitStack() as running:
        yield {
            letter: running.enter_context(_receiver(letter, name, flags, config, scenario))
            for letter, name in named.items()
        }


@contextmanager
def _receiver(
    letter: str, name: str, flags: LiveFlags, config: "Config", scenario: "Scenario"
) -> Iterator[Receiver]:
    switches = flags.switches if letter == "B" else ()
    if name in PROFILES:
        with receiver_for(flags.receiver, config, profile=name, switches=switches) as receiver:
            yield receiver
        return
    if "://" not in name:
        raise UsageError(
            f"{name!r} is no URL and no profile of the embedded receiver",
            f"write http://…, or one of: {', '.join(PROFILES)}",
        )
    if switches:
        raise UsageError("--set turns switches of an embedded B", "name a profile as B")
    upstream = dict(zip("AB", flags.upstreams, strict=False)).get(letter)
    at = replace(flags.receiver, url=name, upstream=upstream)
    with receiver_for(at, config, scenario=scenario) as receiver:
        yield replace(receiver, upstream=upstream)


def _check_upstreams(flags: LiveFlags, scenario: "Scenario") -> None:
    embedded = {flags.baseline, flags.candidate} & set(PROFILES)
    given = len(flags.upstreams)
    if given and embedded:
        raise UsageError("an embedded receiver brings its own upstream", "leave out --upstream")
    if given not in (0, 2) or (given == 2 and len(set(flags.upstreams)) == 1):  # noqa: PLR2004 - A's and B's
        raise UsageError(
            "one ledger cannot tell the effects of two receivers apart",
            "give --upstream twice, A's and B's, or not at all",
        )
    if given and flags.control:
        raise UsageError(
            "a control sends to A twice, and A's ledger cannot tell which",
            "leave out --control or --upstream",
        )
    if scenario.effects and not given and not embedded:
        say("effects are not compared: give --upstream twice, A's and B's")


def labels_of(flags: LiveFlags) -> tuple[str, str, str]:
    """The arms as they were named, and told apart where both were named alike."""
    from ghlctl.model.address import shown_url

    a, b = (
        each if each in PROFILES else shown_url(each) for each in (flags.baseline, flags.candidate)
    )
    if flags.switches:
        b = f"{b} with {', '.join(flags.switches)}"
    return (a, f"{b}, again" if a == b else b, f"{a}, as control")
