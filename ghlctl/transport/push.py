"""Send a large body while listening, to see how much of it a receiver takes before it answers.

An HTTP client writes the whole request before it reads; the difference between a receiver that
refuses by the announced length and one that takes it all into memory would be lost.
"""

import asyncio
import re
import ssl
import time
from collections.abc import Awaitable
from contextlib import suppress

from ghlctl.model.delivery import Delivery, Headers, Reply, first_header
from ghlctl.model.sample import ErrorKind
from ghlctl.transport.address import Place, place_of
from ghlctl.transport.attempt import KEPT_BYTES, Answer, Failure, Pushed
from ghlctl.transport.failures import failure_of
from ghlctl.transport.sendable import fault_in

CHUNK_BYTES = 64 * 1024
GRACE_S = 1.0
"""How long to wait for the rest of an answer that has begun, or that a reset may have cut off."""

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: |$)")
_INTERIM = range(100, 200)


def push(url: str, delivery: Delivery, *, timeout_s: float = 30.0) -> Pushed:
    """POST the delivery with its Content-Length, stopping as soon as an answer begins."""
    return asyncio.run(_push(place_of(url), delivery, timeout_s))


async def _push(place: Place, delivery: Delivery, timeout_s: float) -> Pushed:
    started = time.perf_counter()
    fault = fault_in(delivery.headers)
    if fault:
        text = f"this request cannot be sent: {fault}"
        return Pushed(Failure(ErrorKind.PROTOCOL, text), 0, len(delivery.body))
    upload = _Upload(delivery.body)
    try:
        async with asyncio.timeout(timeout_s):
            answer = await _converse(place, delivery, upload, started)
    except TimeoutError:
        text = f"no answer to a body of {len(delivery.body)} bytes within {timeout_s:g} s"
        answer = Failure(ErrorKind.TIMEOUT, text, _ms(started))
    return Pushed(answer, upload.sent, len(delivery.body))


class _Upload:
    """The body on its way; `sent` is how far it has come when an answer began."""

    def __init__(self, body: bytes) -> None:
        self._body = memoryview(body)
        self.sent = 0

    async def into(self, writer: asyncio.StreamWriter, answered: asyncio.Future[bytes]) -> None:
        while self.sent < len(self._body) and not answered.done():
            chunk = self._body[self.sent : self.sent + CHUNK_BYTES]
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(0)  # drain alone does not let the reading side run
            self.sent += len(chunk)


async def _converse(place: Place, delivery: Delivery, upload: _Upload, started: float) -> Answer:
    context = ssl.create_default_context() if place.secure else None
    try:
        reader, writer = await asyncio.open_connection(
            place.host, place.port, ssl=context, limit=KEPT_BYTES
        )
    except ssl.SSLError as error:
        return Failure(*failure_of(error), _ms(started))
    except OSError as error:
        return Failure(ErrorKind.CONNECT, f"cannot connect: {error.strerror}", _ms(started))
    connect_ms = _ms(started)
    head = asyncio.ensure_future(_head(reader))
    try:
        writer.write(_request_head(place, delivery))
        with suppress(ConnectionError):  # a receiver may answer, close and still be understood
            await upload.into(writer, head)
        status, headers = _parsed(await _patiently(head, upload.sent < len(delivery.body)))
        first_byte_ms = _ms(started)
        body = await _some_body(reader, headers)
        return Reply(status, headers, body, connect_ms, first_byte_ms, _ms(started))
    except asyncio.IncompleteReadError:
        return Failure(ErrorKind.CLOSED, "the connection was closed without a reply", _ms(started))
    except (OSError, TimeoutError):
        return Failure(ErrorKind.RESET, "the connection was reset without a reply", _ms(started))
    except (ValueError, asyncio.LimitOverrunError):
        return Failure(ErrorKind.PROTOCOL, "what came back is no HTTP", _ms(started))
    finally:
        head.cancel()
        writer.transport.abort()  # the rest of the body must not follow


async def _patiently(head: Awaitable[bytes], cut: bool) -> bytes:
    """A reply may still lie in the socket after the sending side broke, but not for long."""
    if not cut:
        return await head
    async with asyncio.timeout(GRACE_S):
        return await head


async def _head(reader: asyncio.StreamReader) -> bytes:
    """The reply's head, after any interim ones."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        status = _STATUS_LINE.match(head)
        if status is None or int(status[1]) not in _INTERIM:
            return head


def _parsed(head: bytes) -> tuple[int, Headers]:
    status_line, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    status = _STATUS_LINE.match(status_line)
    if status is None:
        raise ValueError("no status line")
    pairs = (line.decode("latin-1").partition(":") for line in lines)
    return int(status[1]), tuple((name, value.strip()) for name, _, value in pairs)


async def _some_body(reader: asyncio.StreamReader, headers: Headers) -> bytes:
    length = first_header(headers, "content-length") or ""
    wanted = min(int(length), KEPT_BYTES) if re.fullmatch("[0-9]{1,18}", length) else KEPT_BYTES
    kept = bytearray()
    with suppress(TimeoutError, OSError):
        async with asyncio.timeout(GRACE_S):
            while len(kept) < wanted and (chunk := await reader.read(wanted - len(kept))):
                kept += chunk
    return bytes(kept)


def _request_head(place: Place, delivery: Delivery) -> bytes:
    lines = [
        f"POST {place.path} HTTP/1.1",
        f"Host: {place.authority}",
        *(f"{name}: {value}" for name, value in delivery.headers),
        f"Content-Length: {len(delivery.body)}",
        "Accept-Encoding: identity",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1e3
