"""The ledger as a file: one entry a line, as JSON, written before the answer leaves."""

import logging
import os
from pathlib import Path

import msgspec

from ghlctl.errors import UsageError
from ghlctl.model.effect import LedgerEntry

LOG = logging.getLogger(__name__)


class LedgerFile:
    """A new file that its owner alone can read; it is never added to, since numbers begin at 1.

    Raise UsageError for one that is there already or cannot be made.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except FileExistsError:
            raise UsageError(
                f"the ledger {path} is there already", "name another, or delete it"
            ) from None
        except OSError as error:
            raise UsageError(f"the ledger {path} cannot be written: {error.strerror}") from None
        self._path = path
        self._whole = True

    def __call__(self, entry: LedgerEntry) -> None:
        """Write at once; where that fails, say so once and write no more, so that no gap hides."""
        if not self._whole:
            return
        line = msgspec.json.encode(entry) + b"\n"
        try:
            self._whole = os.write(self._file, line) == len(line)
        except OSError:
            self._whole = False
        if not self._whole:
            LOG.error(
                "the ledger %s ends before entry %d: it cannot be written", self._path, entry.seq
            )

    def close(self) -> None:
        os.close(self._file)
