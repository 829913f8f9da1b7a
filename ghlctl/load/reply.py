"""HTTP/1.1 replies, read as they come: any split of the bytes gives the same reply.

Bodies are counted and let go; a measuring tool has no use for them.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

HEAD_BOUND: Final = 64 * 1024
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n]*)?")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n\0]*?)[ \t]*")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")
_DIGITS = re.compile(rb"[0-9]{1,18}")
_PREFIX: Final = b"HTTP/1."
_SWITCHING, _NO_CONTENT, _NOT_MODIFIED, _FIRST_FINAL = 101, 204, 304, 200
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


class _State(Enum):
    HEAD = auto()
    LENGTH = auto()
    UNTIL_CLOSE = auto()
    CHUNK_SIZE = auto()
    CHUNK_CONTENT = auto()
    CHUNK_END = auto()
    TRAILERS = auto()
    DONE = auto()


class ReplyReader:
    """Reads one reply after another from a connection; `begin` before each."""

    __slots__ = ("_buffer", "_due", "_head_bytes", "_state", "body_bytes", "reusable", "status")

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.status = 0
        self.reusable = False
        self.body_bytes = 0
        self._buffer = b""
        self._due = 0
        self._head_bytes = 0
        self._state = _State.HEAD

    def feed(self, received: bytes) -> bool:
        """Whether the reply is whole now; raise ProtocolFault for what is no HTTP."""
        if self._state is _State.LENGTH:  # the long bodies: no copying
            return self._take_length(received)
        if self._state is _State.UNTIL_CLOSE:
            self.body_bytes += len(received)
            return False
        self._buffer = self._buffer + received if self._buffer else received
        while self._step():
            pass
        return self._state is _State.DONE

    def close(self) -> bool:
        """The peer closed: whether that ended the reply (True) or cut it (False)."""
        return self._state in (_State.UNTIL_CLOSE, _State.DONE)

    def _step(self) -> bool:
        match self._state:
            case _State.HEAD:
                return self._read_head()
            case _State.CHUNK_SIZE:
                return self._read_chunk_size()
            case _State.CHUNK_CONTENT:
                return self._read_chunk()
            case _State.CHUNK_END:
                return self._read_chunk_end()
            case _State.TRAILERS:
                return self._read_trailer()
            case _:
                return False

    def _read_head(self) -> bool:
        buffer = self._buffer
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            self._refuse_hopeless(buffer)
            return False
        self._head_bytes += end
        if self._head_bytes > HEAD_BOUND:
            raise ProtocolFault("the head of the reply is larger than 64 KiB")
        head = read_head(buffer[:end])
        self._buffer = buffer[end + 4 :]
        if head.status < _FIRST_FINAL:
            return True  # 100 Continue and its like announce the reply, they are not it
        self.status, self.reusable = head.status, head.reusable
        return self._enter_body(head)

    def _refuse_hopeless(self, buffer: bytes) -> None:
        if not buffer.startswith(_PREFIX[: len(buffer)]):
            raise ProtocolFault("the reply does not begin with HTTP/1.")
        if self._head_bytes + len(buffer) > HEAD_BOUND + len(b"\r\n\r"):
            raise ProtocolFault("the head of the reply is larger than 64 KiB")

    def _enter_body(self, head: Head) -> bool:
        rest, self._due = self._buffer, head.length
        match head.body:
            case Body.NONE:
                self._finish(rest)
            case Body.LENGTH:
                self._buffer = b""
                self._state = _State.LENGTH
                self._take_length(rest)
            case Body.UNTIL_CLOSE:
                self._buffer = b""
                self.body_bytes = len(rest)
                self._state = _State.UNTIL_CLOSE
            case Body.CHUNKED:
                self._state = _State.CHUNK_SIZE
                return True
        return False

    def _take_length(self, received: bytes) -> bool:
        size = len(received)
        if size < self._due:
            self._due -= size
            self.body_bytes += size
            return False
        self.body_bytes += self._due
        self._finish(received[self._due :])
        return True

    def _read_line(self) -> bytes | None:
        line, found, rest = self._buffer.partition(b"\r\n")
        if self._head_bytes + len(line) > HEAD_BOUND + (0 if found else len(b"\r")):
            raise ProtocolFault("chunk sizes and trailers are larger than 64 KiB")
        if not found:
            return None
        self._head_bytes += len(line)
        self._buffer = rest
        return line

    def _read_chunk_size(self) -> bool:
        line = self._read_line()
        if line is None:
            return False
        self._head_bytes = 0  # the bound is on one line here: bodies may have any number of chunks
        size = _CHUNK_SIZE.fullmatch(line)
        if size is None:
            raise ProtocolFault("a chunk begins with no size")
        self._due = int(size[1], 16)
        self._state = _State.CHUNK_CONTENT if self._due else _State.TRAILERS
        return True

    def _read_chunk(self) -> bool:
        taken = min(len(self._buffer), self._due)
        self.body_bytes += taken
        self._due -= taken
        self._buffer = self._buffer[taken:]
        if self._due:
            return False
        self._state = _State.CHUNK_END
        return True

    def _read_chunk_end(self) -> bool:
        if not b"\r\n".startswith(self._buffer[:2]):
            raise ProtocolFault("a chunk is longer than its size")
        if len(self._buffer) < len(b"\r\n"):
            return False
        self._buffer = self._buffer[2:]
        self._state = _State.CHUNK_SIZE
        return True

    def _read_trailer(self) -> bool:
        line = self._read_line()
        if line is None:
            return False
        if line == b"":
            self._finish(self._buffer)
            return False
        if _FIELD.fullmatch(line) is None:
            raise ProtocolFault("a trailer is no header field")
        return True

    def _finish(self, rest: bytes) -> None:
        # Bytes that nobody asked for make the next reply on this connection a guess.
        self.reusable = self.reusable and not rest
        self._buffer = b""
        self._state = _State.DONE


_heads: dict[bytes, Head] = {}


def read_head(text: bytes) -> Head:
    """A reply's head without its empty line; remembered, because receivers repeat themselves."""
    known = _heads.get(text)
    if known is None:
        if len(_heads) >= _REMEMBERED:
            _heads.clear()
        known = _heads[text] = _parse_head(text)
    return known


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
    return Head(status, body, length, persistent and body is not Body.UNTIL_CLOSE and not both)


def _field(line: bytes) -> tuple[bytes, bytes]:
    field = _FIELD.fullmatch(line)
    if field is None:
        raise ProtocolFault("a line of the head is no header field")
    return field[1].lower(), field[2]


def _tokens(fields: list[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    values = b",".join(value for key, value in fields if key == name)
    return [token.strip().lower() for token in values.split(b",") if token.strip()]


def _framing(status: int, fields: list[tuple[bytes, bytes]]) -> tuple[Body, int]:
    """How the body ends, by RFC 9112 section 6.3."""
    if status < _FIRST_FINAL or status in (_NO_CONTENT, _NOT_MODIFIED):
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
