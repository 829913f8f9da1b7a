"""The receiver's log files, from where they ended when the audit began."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ghlctl.audit.steps import LogFound, LogHit, Needle
from ghlctl.errors import NotMeasuredError, UsageError

MOST_BYTES = 64 * 1024 * 1024
"""Of each file in one audit; a log that grows by more is not the receiver's alone."""

_LINE = 8000
_HITS = 200


@dataclass(slots=True)
class _File:
    """One file; `start` is where the audit began, `lines` how many stood before it."""

    path: Path
    inode: int
    start: int
    lines: int
    rotated: bool = False


class Logs:
    """Opens nothing for longer than a look, so that a log may be rotated meanwhile."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._files = [_opened(path) for path in paths]

    def contains(self, texts: Iterable[str]) -> bool:
        """Whether one of these texts has been written since the audit began."""
        wanted = [text.casefold().encode() for text in texts]
        return any(
            text in content.lower() for _, content in self._written() for text in wanted if text
        )

    def search(
        self, needles: Sequence[Needle], *, seen: bool, beyond: Sequence[tuple[str, int]] = ()
    ) -> LogFound:
        """Lines with a needle, each line once per needle; `beyond`: from there in each file."""
        hits: list[LogHit] = []
        read = lines = 0
        known = dict(beyond)
        ends = []
        for file, content in self._written():
            read += len(content)
            end = file.start + len(content)
            ends.append((str(file.path), end))
            skipped = max(0, known.get(str(file.path), 0) - file.start)
            skipped = 0 if skipped > len(content) else skipped  # another file took its place
            lines += content.count(b"\n", skipped)
            hits += _hits(file, content, skipped, needles)
        modes = tuple((str(file.path), _mode(file.path)) for file in self._files)
        return LogFound(tuple(hits[:_HITS]), seen, read, modes, lines, tuple(ends))

    def lines(self) -> Iterator[str]:
        """Everything written since the audit began, line by line."""
        for _, content in self._written():
            yield from content.decode("utf-8", "replace").splitlines()

    def _written(self) -> Iterator[tuple[_File, bytes]]:
        for file in self._files:
            yield file, _since(file)


def _opened(path: Path) -> _File:
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise UsageError(f"the log {path} is no regular file", "name a file with --log")
        with path.open("rb") as stream:
            lines = sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(1 << 20), b""))
    except OSError as fault:
        raise UsageError(
            f"the log {path} cannot be read: {fault.strerror}", "look at --log"
        ) from None
    return _File(path, about.st_ino, about.st_size, lines)


def _since(file: _File) -> bytes:
    """What was added; all of a file that has taken the place of the one that was there."""
    try:
        with file.path.open("rb") as stream:
            about = os.fstat(stream.fileno())
            if about.st_ino != file.inode or about.st_size < file.start:
                file.inode, file.start, file.lines, file.rotated = about.st_ino, 0, 0, True
            stream.seek(file.start)
            return stream.read(MOST_BYTES)
    except OSError as fault:
        raise NotMeasuredError(
            f"the log {file.path} can no longer be read: {fault.strerror}", "look at --log"
        ) from None


def _hits(file: _File, content: bytes, skipped: int, needles: Sequence[Needle]) -> Iterator[LogHit]:
    wanted = [one for one in needles if one.content and content.find(one.content, skipped) >= 0]
    if not wanted:
        return
    first = file.lines + 1 + content.count(b"\n", 0, skipped)
    for number, line in enumerate(content[skipped:].split(b"\n"), first):
        for needle in wanted:
            if needle.content in line:
                yield LogHit(needle.name, str(file.path), number, line[:_LINE])


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0
