"""A listener on this machine that hears who was made to call: nothing but first lines is kept."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ghlctl.transport.address import addresses_of, place_of

MOST = 1000
_LINE = 500
_READ_S = 5.0


class Heard:
    """`address` is where to call; `lines` grows with each call: method and path."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.lines: list[tuple[str, str]] = []


@contextmanager
def listening() -> Iterator[Heard]:
    """Answer 204 to everything on a free port of loopback until the block ends."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.heard
        finally:
            server.shutdown()
            thread.join()


def on_this_machine(url: str) -> bool:
    """Whether a receiver at this URL could reach a listener on loopback."""
    place = place_of(url)
    found = addresses_of(place.host, place.port)
    return bool(found) and all(address.is_loopback for address in found)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: "type[_Handler]") -> None:
        super().__init__(address, handler)
        self.heard = Heard(f"http://127.0.0.1:{self.server_address[1]}")


class _Handler(http.server.BaseHTTPRequestHandler):
    timeout = _READ_S

    def handle_one_request(self) -> None:
        """Any method, known or not: the first line is all that is looked at."""
        self.close_connection = True
        try:
            line = self.rfile.readline(_LINE).decode("latin-1").split()
            self.wfile.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        except OSError:
            return
        if isinstance(self.server, _Server) and len(self.server.heard.lines) < MOST and line:
            self.server.heard.lines.append((line[0], line[1] if len(line) > 1 else ""))
