"""Captured deliveries on disk: one JSON line each, the body as the bytes that came.

A body that is UTF-8 stands as text, any other as base64; either gives back the same bytes.
"""

import base64
import binascii
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from ghlctl.errors import UsageError
from ghlctl.model.delivery import Headers, first_header

SCHEMA_VERSION = 1
MOST_BYTES = 32 * 1024 * 1024
"""Of one line."""
MOST_BODY_BYTES = 20 * 1024 * 1024
"""Of one body: even as base64 it fits into a line, with headers and the receiver's answer."""

_REQUEST_LINE = re.compile(r"([A-Z]+) (\S+)(?: HTTP/[0-9.]+)?")
_SMALL = 1024 * 1024
_LENGTH = re.compile(r"[0-9]{1,10}")
_MOST = f"{MOST_BYTES // (1024 * 1024)} MiB"
_HINT = "ghlctl listen writes such files; a single delivery may also be headers, a blank line, body"


class Forwarded(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the receiver answered; `status` is 0 and `error` set where it did not."""

    url: str
    status: int
    total_ms: float
    headers: Headers = ()
    body: str | None = None
    body_base64: str | None = None
    error: str = ""


class Captured(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One request as it came; `at` in unix seconds, `url` as the sender wrote it if known."""

    schema_version: int
    at: float
    method: str
    url: str
    headers: Headers
    body: str | None = None
    body_base64: str | None = None
    forwarded: Forwarded | None = None

    def raw(self) -> bytes:
        """The body's bytes; raise ValueError for a line whose base64 is none."""
        return raw_body(self.body, self.body_base64)


def raw_body(text: str | None, encoded: str | None) -> bytes:
    if encoded is not None:
        return base64.b64decode(encoded, validate=True)
    return (text or "").encode()


def body_fields(raw: bytes) -> tuple[str | None, str | None]:
    """`body` and `body_base64`, of which one is None: text, unless it loses bytes or is longer."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None, base64.b64encode(raw).decode()
    if len(raw) > _SMALL and len(msgspec.json.encode(text)) > 2 * len(raw):
        return None, base64.b64encode(raw).decode()  # control characters take six bytes each
    return text, None


def captured(method: str, url: str, headers: Headers, raw: bytes, *, at: float) -> Captured:
    text, encoded = body_fields(raw)
    return Captured(SCHEMA_VERSION, at, method, url, headers, text, encoded)


def line_of(one: Captured) -> bytes:
    """The line without its end."""
    return msgspec.json.encode(one)


@dataclass(frozen=True, slots=True)
class Line:
    """A capture with the number of its line, and the byte of the file at which that begins."""

    number: int
    begin: int
    captured: Captured


def read_lines(path: Path) -> Iterator[Line]:
    """Line by line, one in memory; raise UsageError that names file and line for no capture.

    Lines that are added meanwhile are left: a replay into its own listener would never end.
    """
    begin = 0
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(_lines(stream), 1):
                if line.strip():
                    yield Line(number, begin, _read(line, f"{path}:{number}"))
                begin += len(line)
    except OSError as fault:
        raise UsageError(f"cannot read {path}: {fault.strerror}", _HINT) from None


def read_captures(path: Path) -> Iterator[Captured]:
    """The captures of a file, as `read_lines` reads them."""
    return (line.captured for line in read_lines(path))


def read_one(stream: BinaryIO, begin: int, where: str) -> Captured:
    """The capture whose line begins at byte `begin`; UsageError where there is none by now."""
    stream.seek(begin)
    return _read(stream.readline(MOST_BYTES + 1), where)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Those of a file as it is now, each at most one byte longer than is allowed."""
    here = os.fstat(stream.fileno())
    left = here.st_size if stat.S_ISREG(here.st_mode) else None
    while left is None or left > 0:
        line = stream.readline(MOST_BYTES + 1)
        if not line:
            return
        left = None if left is None else left - len(line)
        yield line


def _read(line: bytes, where: str) -> Captured:
    if len(line) > MOST_BYTES:
        raise UsageError(f"{where}: the line is longer than {_MOST}", _HINT)
    try:
        found = msgspec.json.decode(line, type=Captured)
        if found.schema_version != SCHEMA_VERSION:
            raise UsageError(f"{where}: schema version {found.schema_version} is not known", _HINT)
        found.raw()
    except (msgspec.DecodeError, binascii.Error, ValueError) as fault:
        raise UsageError(f"{where}: this is no captured delivery: {fault}", _HINT) from None
    return found


def read_any(path: Path, *, at: float) -> Iterator[Captured]:
    """The captures of a file, or the one delivery of a file with headers, blank line and body."""
    try:
        with path.open("rb") as stream:
            start = stream.read(1)
            text = b"" if start == b"{" else start + stream.read(MOST_BYTES)
    except OSError as fault:
        raise UsageError(f"cannot read {path}: {fault.strerror}", _HINT) from None
    if start == b"{":
        yield from read_captures(path)
    else:
        yield _plain(text, str(path), at)


def _plain(text: bytes, where: str, at: float) -> Captured:
    """A request as HTTP writes it, with or without its first line and with either line end.

    A line end that an editor or a shell added after Content-Length bytes is not of the body.
    """
    if len(text) > MOST_BYTES:
        raise UsageError(f"{where}: it is longer than {_MOST}", _HINT)
    ends = [(text.find(mark), mark) for mark in (b"\r\n\r\n", b"\n\n") if mark in text]
    if not ends:
        raise UsageError(f"{where}: no blank line parts headers from a body", _HINT)
    place, mark = min(ends)
    lines = text[:place].decode("latin-1").splitlines()
    method, target = "POST", ""
    first = _REQUEST_LINE.fullmatch(lines[0]) if lines else None
    if first is not None:
        method, target = first[1], first[2]
        lines = lines[1:]
    pairs = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise UsageError(f"{where}: {line[:40]!r} is no header", _HINT)
        pairs.append((name.strip(), value.strip()))
    url = target if target.startswith(("http://", "https://")) else ""
    headers = tuple(pairs)
    return captured(method, url, headers, _announced(text[place + len(mark) :], headers), at=at)


def _announced(body: bytes, headers: Headers) -> bytes:
    said = first_header(headers, "content-length") or ""
    length = int(said) if _LENGTH.fullmatch(said) else len(body)
    return body[:length] if body[length:] in (b"\n", b"\r\n") else body
