"""Where the receiver is: a URL taken apart, resolved once, and the bytes that ask for it."""

import socket
import ssl
from dataclasses import dataclass

from ghlctl.errors import NotMeasuredError, UsageError
from ghlctl.model.delivery import Delivery
from ghlctl.transport.address import place_of

_OWN = frozenset({"content-length", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True)
class Address:
    """`authority` is what the Host header says; `path` is the request target."""

    tls: bool
    host: str
    port: int
    authority: str
    path: str


@dataclass(frozen=True, slots=True)
class Place:
    """What a socket connects to."""

    family: int
    sockaddr: tuple[str | int | bytes, ...]


def address_of(url: str) -> Address:
    """Raise UsageError for a URL that no delivery could go to."""
    place = place_of(url)
    if not place.path.isascii() or not place.path.isprintable() or " " in place.path:
        raise UsageError(
            "the path of the receiver's URL must be percent-encoded",
            "write it like http://127.0.0.1:8700/webhooks/ghl",
        )
    return Address(place.secure, place.host, place.port, place.authority, place.path)


def resolve(address: Address) -> Place:
    """The first address of the host; raise NotMeasuredError when there is none."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as fault:
        raise NotMeasuredError(
            f"the receiver's host {address.host} does not resolve: {fault}",
            "check the host in the URL, and the network",
        ) from None
    family, _, _, _, sockaddr = found[0]
    return Place(int(family), tuple(sockaddr))


def tls_context(*, insecure: bool, ca_file: str) -> ssl.SSLContext:
    """Verifying unless told otherwise; raise UsageError for a CA file that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as fault:
        raise UsageError(
            f"the CA file cannot be used: {fault}", "it holds certificates in PEM form"
        ) from None
    context.set_alpn_protocols(["http/1.1"])
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def request_bytes(address: Address, delivery: Delivery) -> bytes:
    """One whole HTTP/1.1 request; a Host among the delivery's headers replaces the URL's."""
    given = [(name, value) for name, value in delivery.headers if name.lower() not in _OWN]
    if not any(name.lower() == "host" for name, _ in given):
        given.insert(0, ("Host", address.authority))
    given.append(("Content-Length", str(len(delivery.body))))
    fields = "".join(f"{name}: {value}\r\n" for name, value in given)
    if fields.count("\n") != len(given) or fields.count("\r") != len(given):
        raise UsageError("a header must not contain a line break", "look at --header and config")
    head = f"POST {address.path} HTTP/1.1\r\n{fields}\r\n"
    return head.encode("latin-1") + delivery.body
