"""Bare conversations with a receiver: bytes in pieces, replies read while they are sent.

An HTTP client repairs what it is given; here nothing is. Every conversation has a connection of
its own, a time, and a bound on what is read.
"""

import asyncio
import re
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from ghlctl.model.delivery import Headers, Reply, first_header
from ghlctl.model.sample import ErrorKind
from ghlctl.transport.address import Place, place_of
from ghlctl.transport.attempt import KEPT_BYTES, Answer, Failure
from ghlctl.transport.conversation import Conversation, Ending, Piece

HEARD_BYTES = 1024
GRACE_S = 1.0
"""How long to wait for the rest of an answer after the receiver has closed its ear to us."""

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: |\r?$)")
_INTERIM = range(100, 200)
_WITHOUT_BODY = (204, 304)


@dataclass(frozen=True, slots=True)
class Saying:
    """What to say, how many replies to wait for, and how long in all."""

    pieces: tuple[Piece, ...]
    replies: int = 1
    within_s: float = 10.0

    @staticmethod
    def of(content: bytes, within_s: float) -> "Saying":
        return Saying((Piece(content),), 1, within_s)


def converse(
    url: str,
    sayings: Sequence[Saying],
    meanwhile: Sequence[Saying] = (),
    *,
    after_s: float = 0.0,
) -> list[Conversation]:
    """All side by side; those of `meanwhile`, last in the list, connect after `after_s`."""
    return asyncio.run(_all(place_of(url), sayings, meanwhile, after_s))


def together(url: str, requests: Sequence[bytes], *, within_s: float = 10.0) -> list[Conversation]:
    """Each request on a connection of its own; all last bytes leave in one go."""
    return asyncio.run(_together(place_of(url), requests, within_s))


async def _all(
    place: Place, sayings: Sequence[Saying], meanwhile: Sequence[Saying], after_s: float
) -> list[Conversation]:
    async def later(one: Saying) -> Conversation:
        await asyncio.sleep(after_s)
        return await _talk(place, one)

    first = [_talk(place, one) for one in sayings]
    return list(await asyncio.gather(*first, *map(later, meanwhile)))


async def _together(place: Place, requests: Sequence[bytes], within_s: float) -> list[Conversation]:
    """Whoever cannot come to the gate does not hold up the others for longer than `within_s`."""
    gate = asyncio.Barrier(len(requests)) if requests else None

    async def one(content: bytes) -> Conversation:
        pieces = (Piece(content[:-1]), Piece(content[-1:]))
        return await _talk(place, Saying(pieces, 1, within_s), gate)

    return list(await asyncio.gather(*map(one, requests)))


async def _talk(place: Place, saying: Saying, gate: asyncio.Barrier | None = None) -> Conversation:
    line = _Line(saying, time.perf_counter(), gate)
    try:
        async with asyncio.timeout(saying.within_s):
            await line.open(place)
            await line.listen_and_say()
    except TimeoutError:
        line.timed_out = len(line.replies) < saying.replies
        if gate is not None and not line.connected:
            await gate.abort()
    finally:
        line.leave()
    return line.conversation()


@dataclass(slots=True)
class _Line:
    """One connection on its way; every field is what `conversation` tells in the end."""

    saying: Saying
    started: float
    gate: asyncio.Barrier | None = None
    replies: list[Reply] = field(default_factory=list)
    ending: Ending = Ending.LEFT
    timed_out: bool = False
    sent: int = 0
    connected_ms: float = 0.0
    heard: bytes = b""
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    @property
    def connected(self) -> bool:
        return self.writer is not None

    async def open(self, place: Place) -> None:
        context = ssl.create_default_context() if place.secure else None
        try:
            self.reader, self.writer = await asyncio.open_connection(
                place.host, place.port, ssl=context, limit=KEPT_BYTES
            )
        except ssl.SSLError:
            self.ending = Ending.TLS
        except OSError:
            self.ending = Ending.CONNECT
        if self.writer is None and self.gate is not None:
            await self.gate.abort()
        self.connected_ms = self._ms()

    async def listen_and_say(self) -> None:
        if self.reader is None or self.writer is None:
            return
        listening = asyncio.ensure_future(self._listen(self.reader))
        saying = asyncio.ensure_future(self._say(self.writer))
        try:
            await asyncio.wait((listening, saying), return_when=asyncio.FIRST_COMPLETED)
            if not listening.done():
                await self._last_words(listening, cut=saying.result())
        finally:
            for task in (listening, saying):
                task.cancel()
            await asyncio.gather(listening, saying, return_exceptions=True)

    async def _last_words(self, listening: "asyncio.Task[None]", *, cut: bool) -> None:
        """A reply may still lie in the socket after the sending side broke, but not for long."""
        if not cut:
            await listening
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S):
                await listening
        if not listening.done() or listening.cancelled():
            self.ending = Ending.RESET

    async def _say(self, writer: asyncio.StreamWriter) -> bool:
        """Whether the receiver broke the connection before everything was said."""
        try:
            for place, piece in enumerate(self.saying.pieces):
                if piece.after_s:
                    await asyncio.sleep(piece.after_s)
                if self.gate is not None and place == len(self.saying.pieces) - 1:
                    with suppress(asyncio.BrokenBarrierError):
                        await self.gate.wait()
                writer.write(piece.content)
                await writer.drain()
                self.sent += len(piece.content)
                await asyncio.sleep(0)  # drain alone does not let the reading side run
        except OSError:
            return True
        return False

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while len(self.replies) < self.saying.replies:
                self.replies.append(await self._reply(reader))
        except asyncio.IncompleteReadError as end:
            self.ending = Ending.BABBLE if end.partial else Ending.CLOSED
            self.heard = bytes(end.partial[:HEARD_BYTES])
        except OSError:
            self.ending = Ending.RESET
        except (ValueError, asyncio.LimitOverrunError) as fault:
            self.ending = Ending.BABBLE
            self.heard = str(fault).encode()[:HEARD_BYTES]

    async def _reply(self, reader: asyncio.StreamReader) -> Reply:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            first_byte_ms = self._ms()
            status, headers = _parsed(head)
            if status not in _INTERIM:
                break
        body = await _body(reader, status, headers)
        return Reply(status, headers, body, self.connected_ms, first_byte_ms, self._ms())

    def leave(self) -> None:
        if self.writer is not None:
            self.writer.transport.abort()

    def conversation(self) -> Conversation:
        whole = sum(len(piece.content) for piece in self.saying.pieces)
        lasted_s = time.perf_counter() - self.started
        return Conversation(
            tuple(self.replies), self.ending, self.timed_out, self.sent, whole, lasted_s, self.heard
        )

    def _ms(self) -> float:
        return (time.perf_counter() - self.started) * 1e3


def answer_of(one: Conversation) -> Answer:
    """The first reply, or why there was none, as an HTTP client would tell it."""
    if one.replies:
        return one.replies[0]
    kind = ErrorKind.TIMEOUT if one.timed_out else _KINDS[one.ending]
    return Failure(kind, one.text, one.lasted_s * 1e3)


_KINDS = {
    Ending.LEFT: ErrorKind.TIMEOUT,
    Ending.CLOSED: ErrorKind.CLOSED,
    Ending.RESET: ErrorKind.RESET,
    Ending.CONNECT: ErrorKind.CONNECT,
    Ending.TLS: ErrorKind.TLS,
    Ending.BABBLE: ErrorKind.PROTOCOL,
}


def _parsed(head: bytes) -> tuple[int, Headers]:
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    status = _STATUS_LINE.match(first)
    if status is None:
        raise ValueError(first[:HEARD_BYTES].decode("latin-1"))
    pairs = (line.decode("latin-1").partition(":") for line in lines)
    return int(status[1]), tuple((name, value.strip()) for name, _, value in pairs)


async def _body(reader: asyncio.StreamReader, status: int, headers: Headers) -> bytes:
    """As much of it as is kept; a length keeps the next reply apart from this one."""
    length = first_header(headers, "content-length") or ""
    if status in _WITHOUT_BODY:
        return b""
    if re.fullmatch("[0-9]{1,18}", length):
        return await _exactly(reader, int(length))
    if "chunked" in (first_header(headers, "transfer-encoding") or "").lower():
        return await _chunks(reader)
    kept = await reader.read(KEPT_BYTES)
    with suppress(TimeoutError, OSError):
        async with asyncio.timeout(GRACE_S):
            while len(kept) < KEPT_BYTES and (more := await reader.read(KEPT_BYTES - len(kept))):
                kept += more
    return kept


async def _exactly(reader: asyncio.StreamReader, length: int) -> bytes:
    """A body that is cut short is still the start of a reply."""
    try:
        return await reader.readexactly(min(length, KEPT_BYTES))
    except asyncio.IncompleteReadError as end:
        return bytes(end.partial)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    kept = bytearray()
    try:
        while len(kept) < KEPT_BYTES:
            size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
            if size == 0:
                await reader.readuntil(b"\r\n")
                break
            kept += await _exactly(reader, size)
            await reader.readexactly(2)
    except asyncio.IncompleteReadError:
        pass
    return bytes(kept)
