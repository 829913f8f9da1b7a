"""A receiver whose answers tell by their time what their words do not; a process of its own.

It is asked by a test of its own: thousands of requests are no part of the matrix, and in the
process that asks, both would wait for one interpreter.
"""

import hmac
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

from tests.audit.flaws.flaw import Flaw

PER_CHARACTER_S = 20e-6
HEADER = "X-Hub-Signature-256"


def compared(expected: str, sent: str) -> bool:
    """As an interpreted loop that stops at the first difference, some times slower."""
    for one, other in zip(expected, sent, strict=False):
        if one != other:
            return False
        ends_at = time.perf_counter() + PER_CHARACTER_S
        while time.perf_counter() < ends_at:
            pass  # work, not sleep: a clock's sleep is longer than the delay
    return len(expected) == len(sent)


class Webhook(BaseHTTPRequestHandler):
    """Verifies GitHub's scheme with the key that stands in the server's `key`."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write a reply
    key = b""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        expected = "sha256=" + hmac.new(self.key, body, "sha256").hexdigest()
        fine = compared(expected, self.headers.get(HEADER, ""))
        self.send_response(200 if fine else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def serve() -> None:
    """Its key in a line of the standard input, its port in one of the standard output."""
    Webhook.key = sys.stdin.readline().strip().encode()
    server = HTTPServer(("127.0.0.1", 0), Webhook)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


FLAWS: tuple[Flaw, ...] = ()

if __name__ == "__main__":
    serve()
