"""The place where retries wait: in order, bounded, and giving way to arrivals."""

import socket
import struct
from collections.abc import Iterator
from random import Random

import pytest

from ghlctl.load.address import address_of, resolve
from ghlctl.load.again import again_with
from ghlctl.load.attempts import Attempts
from ghlctl.load.connection import Connection, Route
from ghlctl.load.frames import WARMUP, retry_of, tag_of
from ghlctl.load.poller import make_poller
from ghlctl.load.retries import Retries, RetryRule
from ghlctl.load.rows import ERROR_BITS, ROW_FORMAT
from ghlctl.providers.ghl.policy import CURRENT

NAME = b"0b9f3a62-5f6e-4a0e-9a7b-3c1d2e4f5a6b"
RULE = RetryRule(CURRENT, 1e6, Random(1), again_with(None), counted_from_ns=1000)


@pytest.fixture
def attempts() -> Iterator[Attempts]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = address_of(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        poller = make_poller()
        made = Attempts(Route(address, resolve(address), None, 10**9, 4), poller)
        yield made
        for connection in list(made.by_fd.values()):
            made.forget(connection)
        poller.close()


def failed(attempts: Attempts, tag: int = 1, intended_ns: int = 5000) -> Connection:
    connection = attempts.connection()
    assert connection is not None
    connection.tag, connection.name = tag, NAME
    connection.request, connection.intended_ns = b"POST", intended_ns
    connection.close()
    return connection


def test_a_receiver_that_refuses_everything_fills_no_more_than_there_is_room_for(
    attempts: Attempts,
) -> None:
    retries = Retries(attempts, RULE, most=3)
    for _ in range(10):
        retries.missed(failed(attempts), 503, 10**6)
    assert (len(retries), retries.forgone) == (3, 7)
    rows = [struct.unpack(ROW_FORMAT, row) for row in attempts.rows]
    assert len(rows) == 7
    assert {retry_of(row[4]) for row in rows} == {1}
    assert all(row[0] > 10**6 and row[1] == -1 for row in rows)
    assert {row[5] >> ERROR_BITS for row in rows} == {0}
    retries.give_up()
    assert (len(retries), len(attempts.rows)) == (0, 10)


def test_retries_leave_half_of_the_connections_to_arrivals(attempts: Attempts) -> None:
    retries = Retries(attempts, RULE, unix_s=lambda: 0.0)
    for _ in range(4):
        retries.missed(failed(attempts), None, 0)
    late = 10**12
    retries.send_due(late)
    assert (len(retries), attempts.in_flight, attempts.sent) == (2, 2, 0)
    assert retries.next_ns > late  # it looks again, and does not spin


def test_retries_go_in_the_order_of_their_moments(attempts: Attempts) -> None:
    retries = Retries(attempts, RULE)
    for now in (9 * 10**9, 10**9, 5 * 10**9):
        retries.missed(failed(attempts), 500, now)
    assert 10**9 < retries.next_ns < 2 * 10**9
    retries.send_due(retries.next_ns)
    assert 5 * 10**9 < retries.next_ns < 6 * 10**9


@pytest.mark.parametrize(("intended_ns", "warm"), [(999, True), (1000, False)])
def test_the_retry_of_a_warm_up_arrival_is_warm_up(
    attempts: Attempts, intended_ns: int, warm: bool
) -> None:
    retries = Retries(attempts, RULE, most=0)
    retries.missed(failed(attempts, tag_of(3, 2, 1, 7), intended_ns), 503, 0)
    tag = struct.unpack(ROW_FORMAT, attempts.rows[0])[4]
    assert bool(tag & WARMUP) is warm
    assert tag & ~WARMUP == tag_of(3, 2, 2, 7) + (1 << 41)


def test_without_a_rule_nothing_is_ever_sent_again(attempts: Attempts) -> None:
    retries = Retries(attempts, None)
    assert attempts.missed is None
    retries.missed(failed(attempts), 503, 0)
    assert len(retries) == 0
