"""The audit log's lines: each names the hash of the one before, and carries a keyed mark.

A line is a JSON object whose last two fields are `hash`, SHA-256 over all before them, and `mac`,
HMAC-SHA-256 over that hash. Anyone can follow the hashes; only who holds the key could have made
the marks. What a killed process left of a line stays in the file, and the next line, of the action
`mended`, says how many bytes it was and what their SHA-256 is.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from ghlctl.reference.compliance.entry import MENDED

GENESIS = "0" * 64
_SEALED = re.compile(rb'(\{.+),"hash":"([0-9a-f]{64})","mac":"([0-9a-f]{64})"\}\Z', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: how many records it has, and the last one's hash."""

    count: int = 0
    hash: str = GENESIS

    def __str__(self) -> str:
        return f"{self.count}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is whole and unaltered in itself; whether it belongs here is another matter."""

    number: int
    previous: str
    hash: str
    mac: str
    fields: dict[str, Any]

    @property
    def head(self) -> Head:
        return Head(self.number, self.hash)

    def follows(self, head: Head) -> bool:
        return self.number == head.count + 1 and self.previous == head.hash


def sealed(fields: dict[str, object], head: Head, key: bytes) -> tuple[bytes, Head]:
    """The line that follows `head`, with its newline, and the head after it."""
    content = {"n": head.count + 1, **fields, "previous": head.hash}
    text = msgspec.json.encode(content)
    digest = hashlib.sha256(text).hexdigest()
    line = text[:-1] + f',"hash":"{digest}","mac":"{marked(digest, key)}"}}\n'.encode()
    return line, Head(head.count + 1, digest)


def marked(digest: str, key: bytes) -> str:
    return hmac.digest(key, digest.encode(), "sha256").hex()


def read(text: bytes) -> Line | None:
    """The line without its newline; None for anything that is not whole and unaltered."""
    found = _SEALED.fullmatch(text)
    if found is None:
        return None
    content, digest = found[1] + b"}", found[2].decode()
    if hashlib.sha256(content).hexdigest() != digest:
        return None
    try:
        fields = msgspec.json.decode(content, type=dict[str, Any])
        number, previous = fields["n"], fields["previous"]
    except (msgspec.DecodeError, KeyError, RecursionError):
        return None
    if not isinstance(number, int) or not isinstance(previous, str):
        return None
    return Line(number, previous, digest, found[3].decode(), fields)


def mends(line: Line, torn: bytes) -> bool:
    """Whether this line says of exactly these bytes that they were torn."""
    said = line.fields.get("torn")
    return line.fields.get("action") == MENDED and said == torn_of(torn)


def torn_of(torn: bytes) -> dict[str, object]:
    return {"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of reading a chain: `problem` None means that it holds.

    `first` is the number of its first record, `mended` the places of torn lines that a later
    record names, `torn_bytes` what lies torn at its end. `kept_found` is None without a kept head.
    """

    first: int
    head: Head
    mended: tuple[str, ...] = ()
    torn_bytes: int = 0
    problem: str | None = None
    kept_found: bool | None = None

    @property
    def records(self) -> int:
        return self.head.count - self.first + 1 if self.first else 0


def verify(lines: Iterable[bytes], key: bytes | None, kept: Head | None = None) -> Verified:
    """Follow a chain from its first line; `lines` keep their newlines.

    Without `key` the marks are not looked at. `kept` is a head that was written down before: the
    chain must still lead through it.
    """
    walk = _Walk(key, kept)
    for number, text in enumerate(lines, 1):
        walk.step(number, text)
        if walk.problem:
            break
    return walk.end()


class _Walk:
    def __init__(self, key: bytes | None, kept: Head | None) -> None:
        self._key = key
        self._kept = kept
        self._head: Head | None = None
        self._first = 0
        self._torn = b""
        self._torn_at = 0
        self._mended: list[str] = []
        self._kept_found = kept is not None and kept.count == 0
        self.problem: str | None = None

    def step(self, number: int, text: bytes) -> None:
        line = read(text[:-1]) if text.endswith(b"\n") else None
        if line is None:
            self._torn_at = self._torn_at or number
            self._torn += text
            return
        head = self._head or Head(line.number - 1, line.previous)
        if self._torn and not (line.follows(head) and mends(line, self._torn)):
            self.problem = f"line {self._torn_at} was altered, and no record names it as torn"
        elif not line.follows(head):
            self.problem = _out_of_place(number, line, head)
        elif self._key and not hmac.compare_digest(line.mac, marked(line.hash, self._key)):
            self.problem = f"line {number} was not written with this key"
        else:
            self._take(line)

    def _take(self, line: Line) -> None:
        if self._torn:
            self._mended.append(f"line {self._torn_at}, {len(self._torn)} bytes")
            self._torn, self._torn_at = b"", 0
        self._first = self._first or line.number
        self._head = line.head
        self._kept_found = self._kept_found or line.head == self._kept

    def end(self) -> Verified:
        head = self._head or Head()
        problem = self.problem
        if problem is None and self._kept and not self._kept_found:
            problem = (
                f"the kept head {self._kept.count} is not in it: records are missing or others"
            )
        if problem is None and self._torn.count(b"\n"):
            problem = f"line {self._torn_at} was altered, and no record names it as torn"
        return Verified(
            self._first,
            head,
            tuple(self._mended),
            len(self._torn),
            problem,
            None if self._kept is None else self._kept_found,
        )


def _out_of_place(number: int, line: Line, head: Head) -> str:
    if line.number == head.count + 1:
        return f"line {number} does not follow the one before: record {line.number} was replaced"
    return f"line {number} is record {line.number}, where {head.count + 1} was to come"
