"""Waiting for sockets and moments, and what a process costs."""

import os
import socket
import time
from collections import Counter

import numpy as np
import pytest

from ghlctl.errors import UsageError
from ghlctl.load.address import address_of, request_bytes
from ghlctl.load.cost import read_cost
from ghlctl.load.judgement import Account, cautions_of, keeping_up
from ghlctl.load.poller import READ, WRITE, Poller, SelectorPoller, make_poller
from ghlctl.load.recorder import Totals
from ghlctl.model.delivery import Delivery

pollers = pytest.mark.parametrize("make", [make_poller, SelectorPoller])


@pollers
def test_a_poller_wakes_at_the_moment_and_never_before(make: type[SelectorPoller]) -> None:
    poller: Poller = make()
    for ahead_ns in (20_000_000, 0, -5, 3_000_000):
        until = time.monotonic_ns() + ahead_ns
        for spin_ns in (0, 500_000):
            assert poller.wait(until, spin_ns) == []
            assert time.monotonic_ns() >= until - 100_000
    poller.close()


@pollers
def test_a_poller_tells_reading_from_writing(make: type[SelectorPoller]) -> None:
    poller: Poller = make()
    one, two = socket.socketpair()
    with one, two:
        far = time.monotonic_ns() + 5_000_000_000
        poller.add(one.fileno(), WRITE)
        assert poller.wait(far) == [(one.fileno(), WRITE)]
        poller.change_edge(one.fileno(), READ)
        assert poller.wait(time.monotonic_ns() + 1_000_000) == []
        two.sendall(b"x")
        assert poller.wait(far) == [(one.fileno(), READ)]
        poller.remove(one.fileno())
        assert poller.wait(time.monotonic_ns() + 1_000_000) == []
    poller.close()


def test_a_living_process_costs_something_and_an_absent_one_nothing() -> None:
    before = read_cost(os.getpid())
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    after = read_cost(os.getpid())
    assert before is not None
    assert after is not None
    assert after.cpu_s >= before.cpu_s + 0.03
    assert after.run_queue_wait_s >= before.run_queue_wait_s >= 0
    assert read_cost(2**22 + 1) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a.test", (False, "a.test", 80, "a.test", "/")),
        ("https://a.test/x?y=1#z", (True, "a.test", 443, "a.test", "/x?y=1")),
        ("http://[::1]:8700/h", (False, "::1", 8700, "[::1]:8700", "/h")),
        ("http://A.test:81/", (False, "a.test", 81, "a.test:81", "/")),
    ],
)
def test_a_url_becomes_an_address(url: str, expected: tuple[bool, str, int, str, str]) -> None:
    found = address_of(url)
    assert (found.tls, found.host, found.port, found.authority, found.path) == expected


@pytest.mark.parametrize(
    "url", ["", "a.test", "ftp://a.test/", "http:///x", "http://a:b/", "http://u:p@a.test/"]
)
def test_a_url_that_leads_nowhere_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        address_of(url)


@pytest.mark.parametrize("url", ["http://a.test/a b", "http://a.test/ü"])
def test_a_path_that_would_break_the_request_line_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        address_of(url)


def test_headers_cannot_smuggle_and_a_given_host_wins() -> None:
    address = address_of("http://a.test/")
    sound = Delivery("1", "x", b"{}", (("host", "b.test"), ("Content-Length", "9")))
    assert request_bytes(address, sound) == (
        b"POST / HTTP/1.1\r\nhost: b.test\r\nContent-Length: 2\r\n\r\n{}"
    )
    for value in ("1\r\nY: 2", "1\n", "1\r"):
        with pytest.raises(UsageError):
            request_bytes(address, Delivery("1", "x", b"", (("X", value),)))


def account(**more: float) -> Account:
    totals = Totals(done=100, dropped=int(more.pop("dropped", 0)), errors=Counter())
    totals.lateness.add(np.full(100, int(more.pop("late_ms", 0.1) * 1e6), dtype=np.int64))
    return Account(
        totals=totals,
        aborted=bool(more.get("aborted", 0)),
        elapsed_s=10.0,
        hungry_s=more.get("hungry_s", 0.0),
        cut_off=int(more.get("cut_off", 0)),
        bound=int(more.get("bound", 1000)),
        asked_bound=1000,
        producer_died=bool(more.get("producer_died", 0)),
    )


@pytest.mark.parametrize(
    ("seen", "code", "up"),
    [
        ({"late_ms": 50}, "generator-late", False),
        ({"hungry_s": 1}, "signing-bound", True),
        ({"dropped": 1}, "arrivals-dropped", False),
        ({"dropped": 3, "cut_off": 3, "aborted": 1}, "cut-off", True),
        ({"bound": 10}, "descriptor-limit", True),
        ({"producer_died": 1}, "producer-died", False),
    ],
)
def test_each_doubt_has_its_caution(seen: dict[str, float], code: str, *, up: bool) -> None:
    assert [caution.code for caution in cautions_of(account(**seen))] == [code]
    assert keeping_up(account(**seen)) is up


def test_a_run_on_time_has_no_caution() -> None:
    assert cautions_of(account()) == []
    assert keeping_up(account())
