"""What a check may do: a generator yields steps and is sent what came of them. No I/O here.

def no_signature(kit: Kit) -> Script:
    genuine = kit.genuine()
    answer = yield from send(without(genuine.delivery), "no signature", genuine.canary)
    seen = yield from observe(genuine.canary)
    return Verdict(...)
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

from ghlctl.audit.about import About
from ghlctl.audit.canary import Canary, searchable
from ghlctl.audit.kit import Kit
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.signing.scheme import Scheme
from ghlctl.transport.attempt import Answer, Failure, Pushed


@dataclass(frozen=True, slots=True)
class Send:
    """One request as it stands; effects with one of `canaries` belong to it."""

    delivery: Delivery
    purpose: str
    canaries: tuple[Canary, ...]


@dataclass(frozen=True, slots=True)
class Volley:
    """Several requests at the same time, for when their order does not matter."""

    sends: tuple[Send, ...]


@dataclass(frozen=True, slots=True)
class Push:
    """One request with a large body, sent while listening for an early answer."""

    delivery: Delivery
    purpose: str
    canaries: tuple[Canary, ...]


@dataclass(frozen=True, slots=True)
class Observe:
    """Give effects their time, then look.

    `expected`: wait longer, until each canary has shown; without `settle` no longer than that.
    `any_act`: whether is all that is asked, not how often, so that nobody waits on once each
    canary has been written about. `alone`: nothing else was asked meanwhile, so that effects
    without any canary are put down to the single one asked for.
    """

    canaries: tuple[Canary, ...]
    expected: bool = False
    settle: bool = True
    any_act: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """The ledger's lines about the canaries asked for; None where there is no upstream.

    `slowest_s`: from a request to the last of its lines, the longest over the canaries.
    `strays`: lines since the observation before that carry no canary of the audit at all.
    """

    lines: tuple[LedgerEntry, ...] | None
    slowest_s: float = 0.0
    strays: tuple[LedgerEntry, ...] = ()

    def of(self, canaries: Iterable[Canary]) -> tuple[LedgerEntry, ...]:
        wanted = tuple(canaries)
        texts = ((line, searchable(line)) for line in self.lines or ())
        return tuple(line for line, text in texts if any(one.within(text) for one in wanted))


@dataclass(frozen=True, slots=True)
class Watched:
    """A canary that had this many effects when judged and must have no more of them later."""

    canary: Canary
    effects: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check concludes. `proof` picks the exchanges to show; `severity` overrides its own.

    `accounted`: it holds only where no act upstream is left that nobody can be put down to.
    """

    outcome: Outcome
    confidence: Confidence
    reason: str
    proof: tuple[Canary, ...] = ()
    quiet: tuple[Watched, ...] = ()
    severity: Severity | None = None
    accounted: bool = False


Step = Send | Volley | Push | Observe
Result = Reply | Failure | tuple[Answer, ...] | Pushed | Observation
Script = Generator[Step, Result, Verdict]
T = TypeVar("T")
Part = Generator[Step, Result, T]


def send(delivery: Delivery, purpose: str, *canaries: Canary) -> Part[Answer]:
    """One request, and the reply or why there was none."""
    result = yield Send(delivery, purpose, canaries)
    if not isinstance(result, Reply | Failure):
        raise TypeError(f"a request was answered with {type(result).__name__}")
    return result


def send_all(sends: Iterable[Send]) -> Part[tuple[Answer, ...]]:
    """Some requests at the same time; their answers in the same order."""
    result = yield Volley(tuple(sends))
    if not isinstance(result, tuple):
        raise TypeError(f"a volley was answered with {type(result).__name__}")
    return result


def push(delivery: Delivery, purpose: str, *canaries: Canary) -> Part[Pushed]:
    """One large request, and how much of it the receiver took."""
    result = yield Push(delivery, purpose, canaries)
    if not isinstance(result, Pushed):
        raise TypeError(f"a large request was answered with {type(result).__name__}")
    return result


def observe(
    *canaries: Canary,
    expected: bool = False,
    settle: bool = True,
    any_act: bool = False,
    alone: bool = False,
) -> Part[Observation]:
    """What the receiver did upstream because of these canaries."""
    result = yield Observe(canaries, expected, settle, any_act, alone)
    if not isinstance(result, Observation):
        raise TypeError(f"an observation was answered with {type(result).__name__}")
    return result


class Need(Enum):
    """What a check cannot do without, and the line of config that would give it."""

    KEY = 'a test key: add key: "env:NAME" under receiver in ghlctl.yaml, or --key env:NAME'
    UPSTREAM = "an upstream: add upstream: URL under receiver in ghlctl.yaml, or --upstream URL"


def every_scheme(_scheme: Scheme) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Check:
    """One question to a receiver.

    `unfit` says why the question makes no sense for a scheme, "" where it does. `intrusive`
    checks run alone, with a control right after them.
    """

    about: About
    script: Callable[[Kit], Script]
    needs: frozenset[Need] = field(default=frozenset())
    unfit: Callable[[Scheme], str] = every_scheme
    intrusive: bool = False
