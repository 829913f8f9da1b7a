"""The embedded receiver for the time of one command."""

import shlex
import sys
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
        log, record = Path(fresh) / "receiver.log", Path(fresh) / "audit.jsonl"
        kept = ["--database", f"sqlite:///{fresh}/receiver.sqlite", "--audit-log", str(record)]
        log.touch(mode=0o600)
        with started([*arguments, *kept], log=log) as process:
            logs = tuple(str(file) for file in (log, record) if file.exists())
            store_cmd = _export_of("{contact}", [*kept, "--state", state])
            yield _receiver(process, logs, store_cmd, _second_key(scheme, Path(fresh)))


def _export_of(contact: str, flags: Sequence[str]) -> str:
    words = [sys.executable, "-m", "ghlctl", "compliance", "export", "--contact", contact]
    return shlex.join([*words, *flags])


def _second_key(scheme: str, folder: Path) -> str:
    """A key that the receiver was never told of, for questions about strangers and rotation."""
    from ghlctl.signing.catalogue import scheme_named
    from ghlctl.store.key_folder import KeyFolder

    stored = KeyFolder(folder / "keys").load_or_make(scheme_named(scheme), "second")
    return f"file:{stored.private}"


def _receiver(
    process: Started, logs: tuple[str, ...], store_cmd: str, second_key_ref: str
) -> Receiver:
    said = process.said
    return Receiver(
        url=said["url"],
        provider="ghl",
        scheme=said["scheme"],
        key_ref=said["key"],
        upstream=said["upstream"],
        authorized=True,
        pid=process.pid,
        logs=logs,
        store_cmd=store_cmd,
        second_key_ref=second_key_ref,
    )
