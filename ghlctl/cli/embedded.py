"""The embedded receiver for the time of one command."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
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
        arguments += ["--audit-log", f"{fresh}/audit.jsonl"]
        log = Path(fresh) / "receiver.log"
        log.touch()
        with started(arguments, log=log) as process:
            yield _receiver(process, log, _second_key(scheme, Path(fresh)))


def _second_key(scheme: str, folder: Path) -> str:
    """A key that the receiver was never told of, for questions about strangers and rotation."""
    from ghlctl.signing.catalogue import scheme_named
    from ghlctl.store.key_folder import KeyFolder

    stored = KeyFolder(folder / "keys").load_or_make(scheme_named(scheme), "second")
    return f"file:{stored.private}"


def _receiver(process: Started, log: Path, second_key_ref: str) -> Receiver:
    said = process.said
    return Receiver(
        url=said["url"],
        provider="ghl",
        scheme=said["scheme"],
        key_ref=said["key"],
        upstream=said["upstream"],
        authorized=True,
        pid=process.pid,
        log=str(log),
        second_key_ref=second_key_ref,
    )
