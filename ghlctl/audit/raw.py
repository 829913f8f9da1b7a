"""Requests as bare bytes, for what an HTTP client is too polite to send. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from ghlctl.audit.canary import Canary
from ghlctl.audit.kit import Kit
from ghlctl.audit.steps import Talk
from ghlctl.model.delivery import Delivery, Headers
from ghlctl.signing.target import target_of
from ghlctl.transport.conversation import Piece


@dataclass(frozen=True, slots=True)
class Line:
    """The first line and the framing of a request; "" leaves a header out.

    `target` is "" for the receiver's own path; `length` is "=" for the body's own.
    """

    method: str = "POST"
    target: str = ""
    version: str = "HTTP/1.1"
    host: str = "="
    length: str = "="


PLAIN = Line()


def head_of(kit: Kit, delivery: Delivery, line: Line = PLAIN, *more: tuple[str, str]) -> bytes:
    """First line and headers to the blank line; `more` headers stand last, even twice."""
    place = urlsplit(target_of(kit.scheme, kit.request.url, delivery.body))
    path = (place.path or "/") + (f"?{place.query}" if place.query else "")
    framing: Headers = ()
    if line.host:
        framing += (("Host", place.netloc if line.host == "=" else line.host),)
    if line.length:
        length = str(len(delivery.body)) if line.length == "=" else line.length
        framing += (("Content-Length", length),)
    first = f"{line.method} {line.target or path} {line.version}"
    headers = (*framing, *delivery.headers, *more)
    lines = [first, *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n"


def whole(kit: Kit, delivery: Delivery, line: Line = PLAIN, *more: tuple[str, str]) -> bytes:
    """The request from its first byte to its last."""
    return head_of(kit, delivery, line, *more) + delivery.body


def chunked(body: bytes, size: int = 1024, *, end: bool = True) -> bytes:
    """The body in HTTP's chunks; without its end a receiver waits for more."""
    parts = (body[start : start + size] for start in range(0, len(body), size))
    written = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return written + (b"0\r\n\r\n" if end else b"")


def dripping(content: bytes, every_s: float, size: int = 1) -> tuple[Piece, ...]:
    """A little at a time, as a slow or malicious sender would."""
    starts = range(0, len(content), size)
    return tuple(Piece(content[start : start + size], every_s) for start in starts)


def said(
    content: bytes | Iterable[Piece],
    purpose: str,
    *canaries: Canary,
    replies: int = 1,
    within_s: float = 10.0,
    requests: int = 1,
) -> Talk:
    """A conversation that opens with these bytes, or with pieces in their time."""
    pieces = (Piece(content),) if isinstance(content, bytes) else tuple(content)
    return Talk(pieces, purpose, canaries, replies, within_s, requests)
