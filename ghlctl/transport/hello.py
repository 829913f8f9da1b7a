"""The first message of a TLS handshake, by hand, and what the server chose.

TLS libraries no longer offer what is broken; whether a server would still take it can only be
asked with bytes of our own. Nothing is agreed: the conversation ends at the server's choice.
"""

import os
import socket
from struct import pack, unpack

from ghlctl.transport.address import Place
from ghlctl.transport.conversation import Handshaken, TlsOffer

_VERSIONS = {"SSLv3": 0x0300, "TLSv1": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303}
_NAMES = {number: name for name, number in _VERSIONS.items()}
_ALERT, _HANDSHAKE = 21, 22
_CLIENT_HELLO, _SERVER_HELLO = 1, 2
_SECURE_RENEGOTIATION = 0x00FF  # a suite by number only: servers of today want to see it
_GROUPS = (29, 23, 24, 25)  # x25519, P-256, P-384, P-521
_SIGNATURES = (0x0403, 0x0503, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201)
_LONGEST_RECORD = 1 << 15
_ALERTS = {
    40: "handshake failure",
    47: "illegal parameter",
    70: "protocol version",
    71: "insufficient security",
    86: "inappropriate fallback",
    112: "unrecognized name",
}
_CHOICE_AT = 4 + 2 + 32  # message head, version, random: there the session id begins


def say_hello(place: Place, offer: TlsOffer, *, timeout_s: float = 10.0) -> Handshaken:
    """Offer these suites, read the answer, leave; never an exception for what a server does."""
    try:
        with socket.create_connection((place.host, place.port), timeout_s) as line:
            line.sendall(client_hello(offer, place.host))
            kind, content = _record(line)
    except OSError as error:
        return Handshaken(failure=error.strerror or "the connection was closed")
    return choice_in(kind, content)


def client_hello(offer: TlsOffer, host: str) -> bytes:
    """One record with a ClientHello; SSL 3 knows no extensions."""
    version = _VERSIONS[offer.maximum]
    suites = (*offer.suites, _SECURE_RENEGOTIATION)
    body = pack("!H", version) + os.urandom(32) + b"\0"
    body += _counted(b"".join(pack("!H", suite) for suite in suites)) + b"\x01\0"
    if version > _VERSIONS["SSLv3"]:
        body += _counted(_extensions(host))
    message = bytes([_CLIENT_HELLO]) + len(body).to_bytes(3, "big") + body
    outer = min(version, _VERSIONS["TLSv1"])
    return bytes([_HANDSHAKE]) + pack("!H", outer) + _counted(message)


def choice_in(kind: int, content: bytes) -> Handshaken:
    """What the first record of an answer says."""
    if kind == _ALERT and len(content) > 1:
        return Handshaken(failure=f"alert {_ALERTS.get(content[1], content[1])}")
    if kind != _HANDSHAKE or content[:1] != bytes([_SERVER_HELLO]):
        return Handshaken(failure="what came back is no TLS")
    after = _CHOICE_AT + 1 + (content[_CHOICE_AT] if len(content) > _CHOICE_AT else 0)
    if len(content) < after + 2:
        return Handshaken(failure="what came back is no whole answer")
    (version,) = unpack("!H", content[4:6])
    (suite,) = unpack("!H", content[after : after + 2])
    return Handshaken(_NAMES.get(version, f"{version:#06x}"), f"{suite:#06x}")


def _extensions(host: str) -> bytes:
    groups = _counted(b"".join(pack("!H", group) for group in _GROUPS))
    signatures = _counted(b"".join(pack("!H", one) for one in _SIGNATURES))
    written = _extension(10, groups) + _extension(11, b"\x01\0") + _extension(13, signatures)
    if host.replace(".", "").isdigit() or ":" in host:
        return written  # a name is sent, an address is not
    name = host.encode("idna")
    return _extension(0, _counted(b"\0" + _counted(name))) + written


def _extension(number: int, content: bytes) -> bytes:
    return pack("!H", number) + _counted(content)


def _counted(content: bytes) -> bytes:
    return pack("!H", len(content)) + content


def _record(line: socket.socket) -> tuple[int, bytes]:
    """Type and content of one record; ConnectionError where none comes."""
    kind, _version, length = unpack("!BHH", _exactly(line, 5))
    return kind, _exactly(line, min(length, _LONGEST_RECORD))


def _exactly(line: socket.socket, count: int) -> bytes:
    content = b""
    while len(content) < count:
        more = line.recv(count - len(content))
        if not more:
            raise ConnectionAbortedError(0, "the connection was closed")
        content += more
    return content
