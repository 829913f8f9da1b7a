"""Whether a receiver that does not answer HTTP/1.1 speaks HTTP/2, which nothing here does."""

import socket
import ssl
from contextlib import suppress

from ghlctl.model.sample import ErrorKind
from ghlctl.transport.address import Place
from ghlctl.transport.attempt import Failure

_FRAME_HEAD = 9  # bytes: length, type, flags, stream
_SETTINGS, _SETTING_BYTES = 4, 6
_BROKEN_OFF = (ErrorKind.PROTOCOL, ErrorKind.CLOSED, ErrorKind.RESET)
_NO_PROTOCOL_IN_COMMON = "no application protocol"


def speaks_only_http2(failure: Failure, place: Place, *, timeout_s: float = 3.0) -> bool:
    """Look again at a receiver that failed so: HTTP/2 always begins with a frame of settings."""
    if failure.kind is ErrorKind.TLS:
        return _NO_PROTOCOL_IN_COMMON in failure.text
    if failure.kind not in _BROKEN_OFF:
        return False
    with suppress(OSError):
        return _begins_with_settings(_first_bytes(place, timeout_s))
    return False


def _first_bytes(place: Place, timeout_s: float) -> bytes:
    """What comes first after a request by HTTP/1.1; a certificate is not this question's matter."""
    request = f"GET / HTTP/1.1\r\nHost: {place.authority}\r\nConnection: close\r\n\r\n"
    plain = socket.create_connection((place.host, place.port), timeout_s)
    with plain, _secured(plain, place) if place.secure else plain as connection:
        connection.sendall(request.encode("ascii", "replace"))
        received = b""
        while len(received) < _FRAME_HEAD and (some := connection.recv(_FRAME_HEAD)):
            received += some
        return received


def _secured(plain: socket.socket, place: Place) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context.wrap_socket(plain, server_hostname=place.host)


def _begins_with_settings(received: bytes) -> bool:
    if len(received) < _FRAME_HEAD:
        return False
    length, kind, stream = int.from_bytes(received[:3]), received[3], received[5:_FRAME_HEAD]
    return kind == _SETTINGS and length % _SETTING_BYTES == 0 and not any(stream)
