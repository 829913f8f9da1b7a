"""The wire loop sees to everything it is told, and takes a reply for nothing that it is not."""

import os
import socket
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ghlctl.load.address import address_of, resolve
from ghlctl.load.connection import Connection, Phase, Route
from ghlctl.load.frames import Ready as Frame
from ghlctl.load.poller import READ, Ready, make_poller
from ghlctl.load.rows import KINDS, columns
from ghlctl.load.schedule import Segment
from ghlctl.load.wire import Wire
from ghlctl.model.sample import ErrorKind

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
URL = "http://127.0.0.1:9/"
LONG_NS = 60_000_000_000


class Nothing:
    """A supply that has nothing, and counts how often it was asked to read."""

    def __init__(self, fd: int) -> None:
        self.frames: deque[Frame] = deque()
        self.fd = fd
        self.ended = False
        self.taken = 0

    def hungry(self) -> bool:
        return True

    def take_in(self) -> None:
        self.taken += 1

    def begin(self, number: int, segment: Segment, base_unix_ns: int) -> None: ...
    def due(self) -> None: ...
    def slots(self, room: int, sent: int) -> None: ...
    def end(self) -> None: ...


class Script:
    """A poller that tells what a test wrote down, each once, as an edge is told."""

    def __init__(self, looks: list[Ready]) -> None:
        self.looks = looks

    def wait(self, until_ns: int, spin_ns: int = 0) -> Ready:  # noqa: ARG002 - what is told does not wait
        return self.looks.pop(0) if self.looks else []

    def add(self, fd: int, bits: int) -> None: ...
    def add_edge(self, fd: int, bits: int) -> None: ...
    def change_edge(self, fd: int, bits: int) -> None: ...
    def remove(self, fd: int) -> None: ...
    def close(self) -> None: ...


def route() -> Route:
    address = address_of(URL)
    return Route(address, resolve(address), None, LONG_NS, 100)


def test_whatever_is_told_once_is_seen_to_however_much_there_is() -> None:
    supply = Nothing(fd=1000)
    script = Script([[(supply.fd, READ)] * count for count in (1, 3, 1, 2, 1, 1, 4, 1, 1)])
    told = sum(map(len, script.looks))
    wire = Wire(route(), supply, script, 1001, lambda _rows: None)
    wire.attempts.in_slots = 1
    while script.looks:
        wire.turn(0)
    assert supply.taken == told


@contextmanager
def awaiting(count: int) -> Iterator[tuple[Wire, list[socket.socket], list[bytes]]]:
    """Connections that wait for a reply, whose other ends the test holds."""
    taken: list[bytes] = []
    woken, bell = os.pipe()
    reading, writing = os.pipe()
    wire = Wire(route(), Nothing(reading), poller := make_poller(), woken, taken.append)
    ends = []
    for number in range(count):
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        connection = Connection(route())
        connection.socket.close()
        connection.socket, connection.fd = ours, ours.fileno()
        connection.push, connection.pull = ours.send, ours.recv
        connection.phase = Phase.IDLE
        wire.attempts.by_fd[connection.fd] = connection
        poller.add_edge(connection.fd, READ)
        wire.attempts.send(connection, 1, b"%036d" % number, b"request", 1)
        ends.append(theirs)
    try:
        yield wire, ends, taken
    finally:
        for each in ends:
            each.close()
        for fd in (woken, bell, reading, writing):
            os.close(fd)


def answer(wire: Wire, end: socket.socket, *pieces: bytes) -> None:
    """Send the pieces of one reply, each when the loop has seen the one before."""
    left = wire.attempts.in_flight - 1
    for piece in pieces:
        end.sendall(piece)
        wire.turn(LONG_NS)
    assert wire.attempts.in_flight == left


REPLIES = {
    "the same": [OK],
    "another body": [OK.replace(b"ok", b"no")],
    "another status": [OK.replace(b"200 OK", b"500 No")],
    "another length": [OK.replace(b"h: 2", b"h: 3") + b"!"],
    "the same in two pieces": [OK[:-1], OK[-1:]],
}


@pytest.mark.parametrize("pieces", REPLIES.values(), ids=REPLIES)
def test_a_reply_is_the_last_one_again_only_where_all_its_bytes_are(pieces: list[bytes]) -> None:
    with awaiting(4) as (wire, ends, taken):
        for end, reply in zip(ends, ([OK], [OK], pieces, [OK]), strict=True):
            answer(wire, end, *reply)
        wire.drain()
    rows = columns(b"".join(taken))
    assert rows.status.tolist() == [200, 200, 500 if b"500" in pieces[0] else 200, 200]
    assert (rows.error == 0).tolist() == [True, True, rows.status[2] == 200, True]
    assert (rows.first_byte <= rows.done).all()


def test_the_end_of_a_connection_is_no_reply() -> None:
    with awaiting(2) as (wire, ends, taken):
        answer(wire, ends[0], OK)
        ends[1].recv(100)  # or the close would be a reset
        ends[1].close()
        wire.turn(LONG_NS)
        wire.drain()
    rows = columns(b"".join(taken))
    assert [KINDS[code] for code in rows.error] == [ErrorKind.NONE, ErrorKind.CLOSED]
