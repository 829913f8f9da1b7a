"""The upstream as a process of its own."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import msgspec
import pytest

from ghlctl.errors import ExitStatus, UsageError
from ghlctl.upstream.serve import serve_upstream
from ghlctl.upstream.settings import Fault, FaultKind, UpstreamSettings, checked

PROGRAM = """
import sys, msgspec
from ghlctl.upstream.serve import serve_upstream
from ghlctl.upstream.settings import UpstreamSettings
settings = msgspec.json.decode(sys.argv[1], type=UpstreamSettings)
serve_upstream(settings, host="127.0.0.1", port=0, announce=lambda port: print(port, flush=True))
"""
KNOWN = {"Authorization": "Bearer loc-L", "Version": "2021-07-28"}


@contextmanager
def running(settings: UpstreamSettings) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    text = msgspec.json.encode(settings).decode()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, text], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            yield f"http://127.0.0.1:{int(process.stdout.readline())}", process
        finally:
            process.kill()


def test_a_new_connection_costs_its_round_trips_and_a_kept_one_does_not() -> None:
    far = UpstreamSettings(rtt_ms=100, setup_rtts=2, service_ms=10, service_sigma=0)
    with running(far) as (url, _), httpx.Client(base_url=url, headers=KNOWN) as client:
        took = []
        for _ in range(2):
            started = time.monotonic()
            client.get("/contacts/c").raise_for_status()
            took.append(time.monotonic() - started)
    # Simulated time is a lower bound on any machine; an upper one would test the machine.
    assert took[0] >= 0.3
    assert took[1] >= 0.1
    assert took[0] - took[1] >= 0.1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_status_0_when_it_is_told_to(number: signal.Signals) -> None:
    with running(UpstreamSettings()) as (_, process):
        process.send_signal(number)
        assert process.wait(10) == 0


def test_a_reset_is_no_answer_and_is_in_the_ledger() -> None:
    resetting = UpstreamSettings(rtt_ms=0, fault_rate=1.0, fault_kind=FaultKind.RESET)
    with running(resetting) as (url, _):
        with pytest.raises(httpx.TransportError):
            httpx.put(f"{url}/contacts/c", headers=KNOWN, json={})
        entry = httpx.get(f"{url}/_ghlctl/ledger").json()["entries"][0]
    assert (entry["status"], entry["applied"]) == (0, False)


def test_a_request_that_hangs_is_never_answered_and_others_are() -> None:
    hanging = UpstreamSettings(rtt_ms=0, service_ms=0, faults=(Fault(1.0, FaultKind.HANG),))
    with running(hanging) as (url, process):
        with pytest.raises(httpx.ReadTimeout):
            httpx.put(f"{url}/contacts/c", headers=KNOWN, json={}, timeout=1.0)
        entry = httpx.get(f"{url}/_ghlctl/ledger").json()["entries"][0]
        assert (entry["status"], entry["applied"]) == (0, False)
        with httpx.stream("GET", f"{url}/_ghlctl/health"):
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_slow_answer_comes_later_and_is_applied() -> None:
    slow = UpstreamSettings(
        rtt_ms=0, service_ms=0, fault_slow_ms=300, faults=(Fault(1.0, FaultKind.SLOW),)
    )
    with running(slow) as (url, _):
        began = time.monotonic()
        assert httpx.put(f"{url}/contacts/c", headers=KNOWN, json={}).status_code == 200
        assert time.monotonic() - began >= 0.3
        assert httpx.get(f"{url}/_ghlctl/ledger").json()["entries"][0]["applied"]


def test_a_port_in_use_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port}: Address already in use") as raised:
            serve_upstream(UpstreamSettings(), host="127.0.0.1", port=port, announce=print)
    assert str(port) in raised.value.hint
    assert raised.value.status is ExitStatus.USAGE


@pytest.mark.parametrize(
    "settings",
    [
        UpstreamSettings(rtt_ms=-1),
        UpstreamSettings(service_ms=float("nan")),
        UpstreamSettings(fault_rate=6),
        UpstreamSettings(fault_status=200),
        UpstreamSettings(limit=0),
        UpstreamSettings(rtt_sigma=float("nan")),
        UpstreamSettings(token_life_s=0),
        UpstreamSettings(faults=(Fault(2.0),)),
        UpstreamSettings(faults=(Fault(0.5, from_s=5, until_s=4),)),
        UpstreamSettings(ledger_entries=0),
    ],
)
def test_settings_without_sense_are_refused(settings: UpstreamSettings) -> None:
    with pytest.raises(UsageError):
        checked(settings)
