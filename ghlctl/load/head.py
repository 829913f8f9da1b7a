"""The head of an HTTP/1.1 reply: what it says about the bytes that follow it."""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

FIRST_FINAL: Final = 200
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n]*)?")
FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n\0]*?)[ \t]*")
_DIGITS = re.compile(rb"[0-9]{1,18}")
_SWITCHING, _NO_CONTENT, _NOT_MODIFIED = 101, 204, 304
_REMEMBERED: Final = 256


class ProtocolFault(Exception):  # noqa: N818 - a fault of the receiver, no error of this program
    """What came back is no HTTP/1.x reply."""


class Body(Enum):
    """How the end of a body is known."""

    NONE = auto()
    LENGTH = auto()
    CHUNKED = auto()
    UNTIL_CLOSE = auto()


@dataclass(frozen=True, slots=True)
class Head:
    """What a reply's head says about the bytes that follow it."""

    status: int
    body: Body
    length: int
    reusable: bool
    ordinary: int = -1
    """The body's bytes, where the reply ends at a known place and the connection stays of use."""


_heads: dict[bytes, Head] = {}


def read_head(text: bytes) -> Head:
    """A reply's head without its empty line; remembered, because receivers repeat themselves."""
    known = _heads.get(text)
    if known is None:
        if len(_heads) >= _REMEMBERED:
            _heads.clear()
        known = _heads[text] = _parse_head(text)
    return known


def ordinary_reply(received: bytes) -> Head | None:
    """The head of a reply that came whole and alone, by a receiver that answered so before.

    None for any other bytes, which may be as good a reply: the reader will tell.
    """
    end = received.find(b"\r\n\r\n")
    head = _heads.get(received[:end])
    return head if head is not None and len(received) == end + 4 + head.ordinary else None


def _parse_head(text: bytes) -> Head:
    first, *lines = text.split(b"\r\n")
    line = _STATUS_LINE.fullmatch(first)
    if line is None:
        raise ProtocolFault("the reply's first line is no status line")
    status = int(line[2])
    if status == _SWITCHING:
        raise ProtocolFault("the reply switches to a protocol that nobody asked for")
    fields = [_field(each) for each in lines]
    connection = _tokens(fields, b"connection")
    persistent = b"close" not in connection and (line[1] == b"1" or b"keep-alive" in connection)
    body, length = _framing(status, fields)
    both = _tokens(fields, b"transfer-encoding") and _tokens(fields, b"content-length")
    reusable = persistent and body is not Body.UNTIL_CLOSE and not both
    counted = body in (Body.NONE, Body.LENGTH) and status >= FIRST_FINAL
    return Head(status, body, length, reusable, length if counted and reusable else -1)


def _field(line: bytes) -> tuple[bytes, bytes]:
    field = FIELD.fullmatch(line)
    if field is None:
        raise ProtocolFault("a line of the head is no header field")
    return field[1].lower(), field[2]


def _tokens(fields: list[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    values = b",".join(value for key, value in fields if key == name)
    return [token.strip().lower() for token in values.split(b",") if token.strip()]


def _framing(status: int, fields: list[tuple[bytes, bytes]]) -> tuple[Body, int]:
    """How the body ends, by RFC 9112 section 6.3."""
    if status < FIRST_FINAL or status in (_NO_CONTENT, _NOT_MODIFIED):
        return Body.NONE, 0
    codings = _tokens(fields, b"transfer-encoding")
    if codings:
        return (Body.CHUNKED if codings[-1] == b"chunked" else Body.UNTIL_CLOSE), 0
    lengths = set(_tokens(fields, b"content-length"))
    if not lengths:
        return Body.UNTIL_CLOSE, 0
    length = lengths.pop()
    if lengths or not _DIGITS.fullmatch(length):
        raise ProtocolFault("the reply's content-length is no number, or several")
    return (Body.LENGTH if int(length) else Body.NONE), int(length)
