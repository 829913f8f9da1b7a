"""Bounds on a connection before there is a request: how long, how large, how many.

uvicorn waits for a request's head for as long as its sender likes and takes heads of any size; no
application can see that, so the bounds stand in the protocol.
"""

import asyncio
import resource
from enum import Enum, auto
from functools import partial
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

FIRST_WORD_WITHIN_S = 30.0
HEAD_WITHIN_S = 10.0
BODY_WITHIN_S = 30.0
MOST_HEAD_BYTES = 32 * 1024
MOST_HEADERS = 100
MOST_URL_BYTES = 8 * 1024
MOST_UNREAD_BYTES = 4 * 1024 * 1024
"""Of a body that was refused already; a sender that reads its answer stops before."""

MOST_CONNECTIONS = 4096
AGAIN_AFTER_S = 5
_REASONS = {
    400: "Bad Request",
    408: "Request Timeout",
    414: "URI Too Long",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
}
_FILES_FOR_OTHERS = 4  # a quarter of all open files are for the database and the upstream


class _Phase(Enum):
    SILENT = auto()  # nothing of a request has come
    HEAD = auto()
    BODY = auto()


class _RefusedError(Exception):
    """Stops the parser, which turns it into an error of its own."""


def most_connections() -> int:
    """As many as leave files for everything else that the process opens."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(16, min(MOST_CONNECTIONS, soft - soft // _FILES_FOR_OTHERS))


def bounded_http() -> Any:
    """What uvicorn makes of every connection in place of its own protocol."""
    return partial(BoundedHttp, most=most_connections())


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 whose requests come within bounds, or end in a code and a closed connection.

    The address of the peer itself is in the request's state as `peer`: forwarding headers may have
    put another in its place.
    """

    def __init__(self, *arguments: Any, most: int = MOST_CONNECTIONS, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._most = most
        self._phase = _Phase.SILENT
        self._deadline: asyncio.TimerHandle | None = None
        self._head = self._count = self._fed = self._unread = 0
        self._fault = (400, "malformed")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # - uvicorn's own does so
        super().connection_made(transport)
        if len(self.connections) > self._most:
            self._refuse(429, "busy")
        else:
            self._wait(FIRST_WORD_WITHIN_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        before = self._phase
        if before is _Phase.SILENT and self._idle:
            self._begin()  # also with bytes that begin no request, like empty lines
        super().data_received(data)
        if before is _Phase.HEAD is self._phase:
            self._fed += len(data)
            if self._fed > 2 * MOST_HEAD_BYTES:
                self._refuse(431, "head_too_large")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._phase is not _Phase.HEAD:
            self._begin()
        if self.client is not None:
            self.scope["state"]["peer"] = self.client[0]

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MOST_URL_BYTES:
            self._stop(414, "url_too_long")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count += 1
        self._head += len(name) + len(value)
        if self._count > MOST_HEADERS or self._head > MOST_HEAD_BYTES:
            self._stop(431, "head_too_large")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._phase = _Phase.BODY
        self._wait(BODY_WITHIN_S)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.cycle.response_complete:
            self._unread += len(body)
            if self._unread > MOST_UNREAD_BYTES:
                self.transport.abort()
                return
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._phase = _Phase.SILENT
        self._fed = 0
        self._rest()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the caller learns a code
        """What uvicorn does with whatever stopped the parser."""
        self._refuse(*self._fault)

    @property
    def _idle(self) -> bool:
        """No answer is being worked on, whose sender may rightly be silent."""
        cycle: Any = self.cycle  # None before the first request, whatever its type says
        return cycle is None or bool(cycle.response_complete)

    def _begin(self) -> None:
        self._phase = _Phase.HEAD
        self._head = self._count = self._fed = self._unread = 0
        self._wait(HEAD_WITHIN_S)

    def _stop(self, status: int, code: str) -> None:
        self._fault = (status, code)
        raise _RefusedError

    def _wait(self, lasts_s: float) -> None:
        self._rest()
        self._deadline = self.loop.call_later(lasts_s, self._too_late)

    def _rest(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        if self._phase is _Phase.HEAD:
            self._refuse(408, "too_slow")
        else:
            self.transport.close()

    def _refuse(self, status: int, code: str) -> None:
        self._rest()
        if self.transport.is_closing():
            return
        if self._idle:
            self.transport.write(self._answer(status, code))
        self.transport.close()

    def _answer(self, status: int, code: str) -> bytes:
        body = msgspec.json.encode({"error": code})
        lines = [f"HTTP/1.1 {status} {_REASONS[status]}".encode()]
        lines += [name + b": " + value for name, value in self.server_state.default_headers]
        lines += [b"content-type: application/json", b"connection: close"]
        if status == 429:  # noqa: PLR2004 - HTTP's own number
            lines.append(b"retry-after: %d" % AGAIN_AFTER_S)
        lines += [b"content-length: %d" % len(body), b"", body]
        return b"\r\n".join(lines)
