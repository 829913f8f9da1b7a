"""Small raw receivers: each does one thing to whoever sends to it."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest

Answer = Callable[[socket.socket, bytes], bool]
"""Gets the connection and one whole request; whether to read another."""


def read_request(connection: socket.socket, unread: bytearray) -> bytes:
    """One whole request, b"" when the sender is gone."""
    while True:
        head, found, body = bytes(unread).partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if found and len(body) >= int(length):
            del unread[: len(head) + 4 + int(length)]
            return head + found + body[: int(length)]
        received = connection.recv(65536)
        if not received:
            return b""
        unread += received


class RawReceiver:
    """Listens on an ephemeral loopback port, one thread per connection."""

    def __init__(self, answer: Answer, family: int, context: ssl.SSLContext | None) -> None:
        self._answer = answer
        self._context = context
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        self._listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        self._listener.listen(256)
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            wrapped = (
                connection
                if self._context is None
                else self._context.wrap_socket(connection, server_side=True)
            )
            with wrapped:
                unread = bytearray()
                while request := read_request(wrapped, unread):
                    if not self._answer(wrapped, request):
                        return

    def close(self) -> None:
        for place in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                place.shutdown(socket.SHUT_RDWR)
            place.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """Start a receiver with an answer; its port."""
    started: list[RawReceiver] = []

    def start(
        answer: Answer, family: int = socket.AF_INET, context: ssl.SSLContext | None = None
    ) -> int:
        started.append(RawReceiver(answer, family, context))
        return started[-1].port

    yield start
    for receiver in started:
        receiver.close()
