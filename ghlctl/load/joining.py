"""A worker's parent: its process, started for one run and heard to its end."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ghlctl.errors import NotMeasuredError
from ghlctl.load import messages, spawned
from ghlctl.load.exchange import Join, encode_order
from ghlctl.load.messages import Parted, Refused, Said


@dataclass(slots=True)
class _Heard:
    on_said: Callable[[str], None]
    parted: Parted | None = None
    refused: Refused | None = None

    def hear(self, line: bytes) -> None:
        match messages.from_child(line):
            case Said(text):
                self.on_said(text)
            case Parted() as parted:
                self.parted = parted
            case Refused() as refused:
                self.refused = refused
            case _:
                pass  # the rest is for a master's parent


@dataclass(frozen=True, slots=True)
class Served:
    """`whole`: this worker's share was sent to its end; `interrupted`: by Ctrl-C here."""

    whole: bool
    interrupted: bool


def join_run(order: Join, *, environ: Mapping[str, str], on_said: Callable[[str], None]) -> Served:
    """Take part in the run of one master, to its end; blocks.

    Raise a GhlctlError when there is no such master, when it refuses, and when it goes away.
    """
    heard = _Heard(on_said)
    with tempfile.TemporaryFile() as last_words:
        process = spawned.start("ghlctl.load.worker", environ, last_words)
        try:
            spawned.hand_over(process, encode_order(order))
            interrupted = spawned.listen(process, heard.hear)
        finally:
            spawned.end(process)
        if interrupted:
            return Served(whole=False, interrupted=True)
        if heard.refused is not None:
            raise messages.as_error(heard.refused)
        if heard.parted is None:
            how = spawned.ending(process.returncode)
            raise NotMeasuredError(
                f"the worker ended during the run ({how})", spawned.last_line(last_words)
            )
        return Served(heard.parted.whole, interrupted=False)
