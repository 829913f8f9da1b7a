"""The way to a receiver: one request, one reply or the reason for none, in bounded time.

Redirects are never followed, nothing is decoded or inflated, no cookie and no proxy of the
environment is used, and every request has a connection of its own: a reply can then change
nothing but its own verdict.
"""

import asyncio
import ssl
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Self

import httpx

from ghlctl.model.delivery import Delivery, Headers, Reply
from ghlctl.model.sample import ErrorKind
from ghlctl.transport.address import place_of
from ghlctl.transport.attempt import KEPT_BYTES, Answer, Failure
from ghlctl.transport.failures import failure_of
from ghlctl.transport.sendable import fault_in

READ_BYTES = 1024 * 1024
"""A reply's body is read up to here and then left alone."""

_CONNECTING = 0.9  # of the whole time
_CONNECTED = ("connection.connect_tcp.complete", "connection.start_tls.complete")


@dataclass(frozen=True, slots=True)
class Asking:
    """One request as it stands."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""


class Reach:
    """A connection maker for one command; use it as a context manager. Not for several threads."""

    def __init__(self, *, timeout_s: float = 10.0) -> None:
        _spare_searches()
        self._timeout_s = timeout_s
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(
            verify=httpx.create_ssl_context(),
            trust_env=False,
            follow_redirects=False,
            # The bound over the whole attempt stands in _attempt; connecting has one of its own,
            # because the client leaves a socket behind when a TLS handshake is cancelled.
            timeout=httpx.Timeout(None, connect=_CONNECTING * timeout_s),
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()

    def send(self, url: str, delivery: Delivery) -> Answer:
        """Send the delivery's exact bytes and headers once."""
        return self.ask("POST", url, delivery.headers, delivery.body)

    def send_together(self, url: str, deliveries: Sequence[Delivery]) -> list[Answer]:
        """Send each once, all at the same time; answers in the same order."""
        return self.ask_together([Asking("POST", url, o.headers, o.body) for o in deliveries])

    def ask_together(self, askings: Sequence[Asking]) -> list[Answer]:
        """Ask each once, all at the same time; answers in the same order."""
        for one in askings:
            place_of(one.url)
        return self._runner.run(self._together(askings))

    def ask_at_rate(
        self, askings: Sequence[Asking], per_s: float, connections: int
    ) -> list[Answer]:
        """Ask each once, at a rate that ignores the answers; at most `connections` are open."""
        for one in askings:
            place_of(one.url)
        return self._runner.run(self._at_rate(askings, per_s, connections))

    def ask(
        self,
        method: str,
        url: str,
        headers: Headers = (),
        body: bytes = b"",
        *,
        kept_bytes: int = KEPT_BYTES,
    ) -> Answer:
        """One request; at most `kept_bytes` of the reply's body are kept."""
        place_of(url)
        return self._runner.run(self._ask(method, url, headers, body, kept_bytes))

    async def _together(self, askings: Sequence[Asking]) -> list[Answer]:
        return list(await asyncio.gather(*map(self._one, askings)))

    async def _at_rate(
        self, askings: Sequence[Asking], per_s: float, connections: int
    ) -> list[Answer]:
        free = asyncio.Semaphore(connections)
        began = time.perf_counter()

        async def later(place: int, one: Asking) -> Answer:
            await asyncio.sleep(began + place / per_s - time.perf_counter())
            async with free:
                return await self._one(one)

        return list(await asyncio.gather(*(later(*each) for each in enumerate(askings))))

    async def _one(self, asking: Asking) -> Answer:
        return await self._ask(asking.method, asking.url, asking.headers, asking.body, KEPT_BYTES)

    async def _ask(
        self, method: str, url: str, headers: Headers, body: bytes, kept_bytes: int
    ) -> Answer:
        fault = fault_in(headers)
        if fault:
            return Failure(ErrorKind.PROTOCOL, f"this request cannot be sent: {fault}")
        try:
            request = httpx.Request(method, url, headers=_plain(headers), content=body)
        except (ValueError, UnicodeError, httpx.InvalidURL) as error:
            return Failure(ErrorKind.PROTOCOL, f"this request cannot be sent: {error}")
        return await self._attempt(request, kept_bytes)

    async def _attempt(self, request: httpx.Request, kept_bytes: int) -> Answer:
        started = time.perf_counter()
        connected = started

        async def trace(event: str, _info: Mapping[str, Any]) -> None:
            nonlocal connected
            if event in _CONNECTED:
                connected = time.perf_counter()

        request.extensions["trace"] = trace
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._client.send(request, stream=True)
                first_byte = time.perf_counter()
                try:
                    body = await _start_of(response, kept_bytes)
                finally:
                    await response.aclose()
        except TimeoutError:
            text = f"no whole reply within {self._timeout_s:g} s"
            return Failure(ErrorKind.TIMEOUT, text, _ms(started))
        except (httpx.HTTPError, ssl.SSLError, OSError) as error:
            kind, text = failure_of(error)
            return Failure(kind, text, _ms(started))
        return Reply(
            status=response.status_code,
            headers=_pairs(response),
            body=body,
            connect_ms=(connected - started) * 1e3,
            first_byte_ms=(first_byte - started) * 1e3,
            total_ms=_ms(started),
        )


async def _start_of(response: httpx.Response, kept_bytes: int) -> bytes:
    """The first bytes of the body as they came, never inflated."""
    kept = bytearray()
    read = 0
    async for chunk in response.aiter_raw():
        read += len(chunk)
        kept += chunk[: max(0, kept_bytes - len(kept))]
        if read >= max(READ_BYTES, kept_bytes):
            break
    return bytes(kept)


def _spare_searches() -> None:
    """Let Python know that sniffio is absent, where it is.

    The client tries to import it several times a request: a sixth of its CPU goes into the search.
    """
    if "sniffio" not in sys.modules and find_spec("sniffio") is None:
        sys.modules["sniffio"] = None  # type: ignore[assignment] # reason: Python's word for absent


def _plain(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Headers as bytes, asking for an uncompressed reply."""
    pairs = [(name.encode("ascii"), value.encode("utf-8")) for name, value in headers]
    pairs = [pair for pair in pairs if pair[0].lower() != b"accept-encoding"]
    return [*pairs, (b"Accept-Encoding", b"identity")]


def _pairs(response: httpx.Response) -> Headers:
    return tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in response.headers.raw)


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1e3
