"""Connections that come slowly, endlessly or in numbers, to a receiver of short patience."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from tests.reference.conftest import RECEIVER

IMPATIENT = """
from ghlctl.reference import wire
wire.HEAD_WITHIN_S = wire.BODY_WITHIN_S = 1.0
wire.FIRST_WORD_WITHIN_S = 2.0
wire.MOST_CONNECTIONS = 16
"""
PATIENCE_S = 20.0


@pytest.fixture(scope="module")
def impatient(shared: Any, upstream: Any) -> Any:
    return shared.receiver(upstream.url, program=IMPATIENT + RECEIVER)


@pytest.fixture
def line(impatient: Any) -> Iterator[socket.socket]:
    with closing(connected(impatient)) as line:
        yield line


def connected(receiver: Any) -> socket.socket:
    port = int(receiver.url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


def heard(line: socket.socket) -> bytes:
    """All that comes until the receiver ends the connection."""
    said = b""
    try:
        while some := line.recv(65536):
            said += some
    except ConnectionResetError:
        pass
    return said


def dribble(line: socket.socket, *, first: bytes, then: bytes) -> bytes:
    """Send `then` again and again, for as long as the receiver takes it; what it said."""
    line.sendall(first)
    line.settimeout(0.05)
    until = time.monotonic() + PATIENCE_S
    said = b""
    while time.monotonic() < until:
        try:
            line.sendall(then)
            some = line.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            return said
        if not some:
            return said
        said += some
    pytest.fail("the receiver waits for as long as it is made to")


def status(said: bytes) -> int:
    return int(said.split(b" ", 2)[1])


def content(said: bytes) -> Any:
    return json.loads(said.partition(b"\r\n\r\n")[2])


def test_a_head_that_never_ends_is_given_up(line: socket.socket) -> None:
    said = dribble(line, first=b"POST /webhooks/ghl HTTP/1.1\r\nHost: a\r\nX-A: ", then=b"a")
    assert (status(said), content(said)) == (408, {"error": "too_slow"})


def test_empty_lines_are_no_reason_to_wait(line: socket.socket) -> None:
    assert status(dribble(line, first=b"\r\n", then=b"\r\n")) == 408


def test_empty_lines_after_an_answer_are_none_either(line: socket.socket) -> None:
    said = dribble(line, first=b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n", then=b"\r\n")
    assert status(said) == 200


def test_whoever_says_nothing_is_hung_up_on(line: socket.socket) -> None:
    assert heard(line) == b""


@pytest.mark.parametrize("path", [b"/webhooks/ghl", b"/nowhere"])
def test_a_body_that_never_ends_is_given_up(line: socket.socket, path: bytes) -> None:
    head = b"POST " + path + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
    dribble(line, first=head, then=b"a")


def test_a_body_that_was_refused_is_not_read_for_ever(line: socket.socket) -> None:
    line.sendall(b"POST /webhooks/ghl HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\n")
    assert b" 413 " in line.recv(65536)
    taken = 0
    with pytest.raises(OSError, match=r".*"):  # noqa: PT012 - it happens at any of them
        for _ in range(5000):
            line.sendall(b"x" * 65536)
            taken += 65536
    assert taken < 64 * 1024 * 1024


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"GET /health HTTP/1.1\r\nX-A: " + b"a" * 40_000 + b"\r\n\r\n", (431, "head_too_large")),
        (b"GET /health HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n", (431, "head_too_large")),
        (b"GET /health HTTP/1.1\r\nX-A: " + b"a" * 300_000, (431, "head_too_large")),
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n\r\n", (414, "url_too_long")),
        (b"no request\r\n\r\n", (400, "malformed")),
        (b"GET /\xff HTTP/1.1\r\n\r\n", (400, "malformed")),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", (400, "malformed")),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", (400, "malformed")),
    ],
    ids=["long", "many", "endless", "url", "garbage", "bytes", "negative", "twice"],
)
def test_a_head_out_of_bounds_is_answered_with_a_code(
    line: socket.socket, head: bytes, code: tuple[int, str]
) -> None:
    line.sendall(head)
    said = heard(line)
    assert (status(said), content(said)) == (code[0], {"error": code[1]})
    assert b"x-content-type-options: nosniff" in said.lower()
    assert b"\r\nserver:" not in said.lower()


def test_strangers_write_no_lines_into_the_log(impatient: Any) -> None:
    with closing(connected(impatient)) as line:
        line.sendall(b"no request\r\n\r\n")
        assert status(heard(line)) == 400
    assert impatient.log.read_text() == ""


def test_a_head_within_bounds_is_taken(line: socket.socket) -> None:
    more = b"".join(b"X-%d: " % n + b"a" * 400 + b"\r\n" for n in range(70))
    line.sendall(b"GET /health HTTP/1.1\r\nConnection: close\r\n" + more + b"\r\n")
    assert status(heard(line)) == 200


def test_requests_that_come_together_are_all_answered(line: socket.socket) -> None:
    line.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n" * 5)
    line.sendall(b"GET /nowhere HTTP/1.1\r\nConnection: close\r\n\r\n")
    said = heard(line)
    assert [said.count(b"HTTP/1.1 200"), said.count(b"HTTP/1.1 404")] == [5, 1]


def test_more_connections_than_there_is_room_for_are_sent_away(impatient: Any) -> None:
    with ExitStack() as open_lines:
        lines = [open_lines.enter_context(closing(connected(impatient))) for _ in range(40)]
        answers = [heard(line) for line in lines]
    refused = [answer for answer in answers if answer]
    assert refused
    assert {status(answer) for answer in refused} == {429}
    assert all(b"retry-after: 5" in answer for answer in refused)
    with closing(connected(impatient)) as line:
        line.sendall(b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert status(heard(line)) == 200


def test_whoever_sends_in_time_notices_nothing(
    impatient: Any, upstream: Any, deliveries: Any, eventually: Any
) -> None:
    sender = deliveries(impatient.url)
    bodies = [sender.body() for _ in range(5)]
    assert {sender.send(body).status_code for body in bodies} == {200}
    assert all(eventually(lambda id_=b["webhookId"]: upstream.effects(id_)) for b in bodies)


def test_what_was_announced_and_refused_is_not_waited_for(line: socket.socket) -> None:
    head = b"POST /webhooks/ghl HTTP/1.1\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n"
    line.sendall(head)
    said = heard(line)
    assert status(said) == 413
    assert b"connection: close" in said.lower()
    assert b"100 Continue" not in said
