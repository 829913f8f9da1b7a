"""The embedded receiver for the time of one command."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from ghlctl.cli.processes import Started, started
from ghlctl.cli.settings import Receiver

STATE = ".ghlctl"


@contextmanager
def embedded(
    profile: str,
    switches: Sequence[str] = (),
    *,
    scheme: str = "ghl",
    network: Sequence[str] = (),
    state: str = STATE,
) -> Iterator[Receiver]:
    """Start it with its upstream on free ports and a fresh database; end both with the block.

    `network`: flags of its upstream, like --rtt 0.
    """
    arguments = ["serve", "--profile", profile, "--port", "0", "--upstream-port", "0"]
    arguments += ["--scheme", scheme, "--state", state]
    arguments += [word for switch in switches for word in ("--set", switch)]
    arguments += network
    with TemporaryDirectory(prefix="ghlctl-") as fresh:
        arguments += ["--database", f"sqlite:///{fresh}/receiver.sqlite"]
        with started(arguments) as process:
            yield _receiver(process)


def _receiver(process: Started) -> Receiver:
    said = process.said
    return Receiver(
        url=said["url"],
        provider="ghl",
        scheme=said["scheme"],
        key_ref=said["key"],
        upstream=said["upstream"],
        authorized=True,
        pid=process.pid,
    )
