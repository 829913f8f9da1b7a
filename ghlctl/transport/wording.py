"""A delivery as the bytes of one request, with nothing repaired and one write for all of it."""

from ghlctl.model.delivery import Delivery
from ghlctl.transport.address import Place


def request_bytes(place: Place, method: str, delivery: Delivery) -> bytes:
    """Head and body; the connection may be kept."""
    lines = [
        f"{method} {place.path} HTTP/1.1",
        f"Host: {place.authority}",
        *(f"{name}: {value}" for name, value in delivery.headers),
        f"Content-Length: {len(delivery.body)}",
        "Accept-Encoding: identity",
    ]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + delivery.body
