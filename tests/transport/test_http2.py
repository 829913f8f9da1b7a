"""A receiver that speaks HTTP/2 alone is named as that, and no other is."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from ghlctl.model.sample import ErrorKind
from ghlctl.transport.address import place_of
from ghlctl.transport.attempt import Failure
from ghlctl.transport.http2 import speaks_only_http2

SETTINGS = b"\x00\x00\x06\x04\x00\x00\x00\x00\x00" + b"\x00\x03\x00\x00\x00\x64"
GARBAGE = Failure(ErrorKind.PROTOCOL, "what came back is no HTTP")


@contextmanager
def answering(text: bytes) -> Iterator[str]:
    """Whatever is asked, this comes back."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(text)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        listener.shutdown(socket.SHUT_RDWR)


def test_a_frame_of_settings_is_http2() -> None:
    with answering(SETTINGS) as url:
        for kind in (ErrorKind.PROTOCOL, ErrorKind.CLOSED, ErrorKind.RESET):
            assert speaks_only_http2(Failure(kind, ""), place_of(url))


@pytest.mark.parametrize(
    "text",
    [b"", b"HTTP/1.1 200 OK\r\n\r\n", SETTINGS[:8], b"SSH-2.0-OpenSSH\r\n", b"\x00" * 20],
)
def test_everything_else_is_not(text: bytes) -> None:
    with answering(text) as url:
        assert not speaks_only_http2(GARBAGE, place_of(url))


def test_a_handshake_without_a_protocol_in_common_is_http2() -> None:
    place = place_of("https://127.0.0.1:9/")
    refused = Failure(ErrorKind.TLS, "TLS failed: tlsv1 alert no application protocol")
    assert speaks_only_http2(refused, place)
    assert not speaks_only_http2(Failure(ErrorKind.TLS, "TLS failed: expired"), place)
    assert not speaks_only_http2(Failure(ErrorKind.CONNECT, "refused"), place)


def test_a_receiver_that_is_gone_by_then_is_not() -> None:
    with answering(b"") as url:
        place = place_of(url)
    assert not speaks_only_http2(GARBAGE, place)
