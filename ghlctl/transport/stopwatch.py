"""Times requests as evenly as one process can: one connection, one request after the other.

Header and body leave in one write, the whole reply is read before the next request, and the clock
stops at the first byte.
"""

import re
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ghlctl.model.delivery import Delivery
from ghlctl.transport.address import Place, place_of
from ghlctl.transport.wording import request_bytes

_READ = 64 * 1024
_MOST = 1024 * 1024
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r\n", re.IGNORECASE)
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})")
_CLOSES = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Lap:
    """Nanoseconds from the request's last byte to the reply's first; both 0 without a reply."""

    first_byte_ns: int
    status: int


NONE = Lap(0, 0)


def laps(url: str, deliveries: Sequence[Delivery], *, timeout_s: float = 10.0) -> list[Lap]:
    """One lap per delivery. A reply without a length, or none, costs a new connection."""
    place = place_of(url)
    written = [request_bytes(place, "POST", one) for one in deliveries]
    found: list[Lap] = []
    line: socket.socket | None = None
    try:
        for content in written:
            fresh = line is None
            line = line or _connected(place, timeout_s)
            lap, line = _lap(line, content)
            if lap is NONE and not fresh:  # closed while idle: nobody has seen this request yet
                line = _connected(place, timeout_s)
                lap, line = _lap(line, content)
            found.append(lap)
    finally:
        if line is not None:
            line.close()
    return found


def _connected(place: Place, timeout_s: float) -> socket.socket | None:
    try:
        line = socket.create_connection((place.host, place.port), timeout_s)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if place.secure:
            return ssl.create_default_context().wrap_socket(line, server_hostname=place.host)
    except OSError:
        return None
    return line


def _lap(line: socket.socket | None, content: bytes) -> tuple[Lap, socket.socket | None]:
    """The lap, and the connection if it can be used again."""
    if line is None:
        return NONE, None
    try:
        line.sendall(content)
        began = time.perf_counter_ns()
        reply = line.recv(_READ)
        first_byte_ns = time.perf_counter_ns() - began
        reply, whole = _rest(line, reply)
    except OSError:
        line.close()
        return NONE, None
    status = _STATUS.match(reply)
    if status is None:
        line.close()
        return NONE, None
    if not whole or _CLOSES.search(reply):
        line.close()
        return Lap(first_byte_ns, int(status[1])), None
    return Lap(first_byte_ns, int(status[1])), line


def _rest(line: socket.socket, reply: bytes) -> tuple[bytes, bool]:
    """The reply to its end; False where its end cannot be told."""
    while b"\r\n\r\n" not in reply:
        more = line.recv(_READ)
        if not more or len(reply) > _MOST:
            return reply, False
        reply += more
    head, _, body = reply.partition(b"\r\n\r\n")
    length = _LENGTH.search(head + b"\r\n")
    if length is None or int(length[1]) > _MOST:
        return reply, False
    while len(body) < int(length[1]):
        more = line.recv(_READ)
        if not more:
            return reply, False
        body += more
    return reply, True
