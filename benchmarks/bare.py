"""The floor: a client that only sends, sleeps until the reply is there, and looks at the clock.

What it sees beyond the receiver's own time is this machine's doing, whoever measures.
"""

import socket
import time

from ghlctl.load.address import address_of

_REQUEST = b"POST /webhooks/ghl HTTP/1.1\r\nhost: x\r\ncontent-length: 940\r\n\r\n" + b" " * 940


def took_ms(url: str, rate: float, count: int) -> list[float]:
    """From before each send to after its reply, on one kept connection."""
    address = address_of(url)
    taken = []
    with socket.create_connection((address.host, address.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            sent = time.monotonic_ns()
            connection.sendall(_REQUEST)
            connection.recv(4096)
            taken.append((time.monotonic_ns() - sent) / 1e6)
    return taken
