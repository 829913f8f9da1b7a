"""The captured deliveries of a run, read from their files when their moments come."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ghlctl.errors import UsageError
from ghlctl.load.recording import Recording, check_sendable
from ghlctl.model.sample import Ints
from ghlctl.transport.capture import Captured, read_one


@dataclass(frozen=True, slots=True)
class Tape:
    """`starts` are the first rows of each recording, as segments count captures."""

    recordings: tuple[Recording, ...]
    starts: Ints
    files: tuple[BinaryIO, ...]

    def read(self, row: int) -> tuple[Captured, str]:
        """A capture and its location; raise UsageError for a file that is not what it was."""
        which = int(self.starts.searchsorted(row, side="right")) - 1
        recording, place = self.recordings[which], row - int(self.starts[which])
        begin = int(recording.column("begin")[place])
        where = f"{recording.path}:{recording.column('line')[place]}"
        one = read_one(self.files[which], begin, where)
        check_sendable(one, where)
        location = int(recording.column("location")[place])
        return one, "" if location < 0 else recording.locations[location]


def open_tape(recordings: tuple[Recording, ...]) -> Tape:
    """Raise UsageError for a file that is gone, or has changed since it was read.

    The files stay open as long as the process, which ends with the run.
    """
    sizes = [0, *(len(recording) for recording in recordings)]
    return Tape(recordings, np.cumsum(sizes)[:-1], tuple(map(_open, recordings)))


def _open(recording: Recording) -> BinaryIO:
    path = Path(recording.path)
    try:
        if path.stat().st_size != recording.size:
            raise UsageError(f"{path} has changed since it was read", "start the run again")
        return path.open("rb")
    except OSError as fault:
        raise UsageError(
            f"cannot read {path}: {fault.strerror}", "every machine that sends needs the file"
        ) from None
