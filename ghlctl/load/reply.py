"""HTTP/1.1 replies, read as they come: any split of the bytes gives the same reply.

Bodies are counted and let go; a measuring tool has no use for them.
"""

import re
from enum import Enum, auto
from typing import Final

from ghlctl.load.head import FIELD, FIRST_FINAL, Body, Head, ProtocolFault, read_head

HEAD_BOUND: Final = 64 * 1024
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")
_PREFIX: Final = b"HTTP/1."


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
        if head.status < FIRST_FINAL:
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
        if FIELD.fullmatch(line) is None:
            raise ProtocolFault("a trailer is no header field")
        return True

    def _finish(self, rest: bytes) -> None:
        # Bytes that nobody asked for make the next reply on this connection a guess.
        self.reusable = self.reusable and not rest
        self._buffer = b""
        self._state = _State.DONE
