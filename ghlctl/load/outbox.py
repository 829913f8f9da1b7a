"""A worker's samples on their way to the master: finished parts, in pieces, a few at a time."""

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from ghlctl.load.exchange import PIECE_BYTES, Piece
from ghlctl.store.samples import finished_parts, rows_in, write_after

_UNDER_WAY = 4
_REST = "part-rest.parquet"


class Outbox:
    """Sends what a recorder has written to `folder`; `taken` makes room for more."""

    def __init__(self, folder: Path, send: Callable[[Piece], None]) -> None:
        self._folder = folder
        self._send = send
        self._seen: set[str] = set()
        self._rows = 0
        self._waiting: deque[Piece] = deque()
        self._under_way = 0

    @property
    def empty(self) -> bool:
        return not self._waiting and not self._under_way

    def look(self) -> None:
        """Take up parts that were finished since the last look."""
        for part in finished_parts(self._folder):
            if part.name not in self._seen:
                self._seen.add(part.name)
                self._rows += rows_in(part)
                self._waiting += _pieces(part)
        self._flow()

    def rest(self) -> None:
        """The recorder has ended and made one file of all: take up what no look had seen."""
        part = self._folder / _REST
        if write_after(self._folder, self._rows, part):
            self._waiting += _pieces(part)
            part.unlink()
        self._flow()

    def taken(self) -> None:
        self._under_way -= 1
        self._flow()

    def _flow(self) -> None:
        while self._waiting and self._under_way < _UNDER_WAY:
            self._under_way += 1
            self._send(self._waiting.popleft())


def _pieces(part: Path) -> Iterator[Piece]:
    content = part.read_bytes()
    for begin in range(0, len(content), PIECE_BYTES):
        end = begin + PIECE_BYTES
        yield Piece(part.name, content[begin:end], last=end >= len(content))
