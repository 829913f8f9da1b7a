"""Laps: one connection while it lasts, one lap per delivery, whatever a receiver does."""

import asyncio
from collections.abc import Iterator

import pytest

from ghlctl.model.delivery import Delivery
from ghlctl.transport.stopwatch import laps
from tests.audit.street import Street, unused_port

ONE = Delivery("1", "t", b"{}", (("X-Sig", "a"),))


@pytest.fixture(scope="module")
def street() -> Iterator[Street]:
    with Street() as street:
        yield street


def answering(connections: list[int], each: int) -> object:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        for _ in range(each):
            await reader.readuntil(b"\r\n\r\n{}")
            writer.write(b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno")
            await writer.drain()

    return talk


def test_laps_share_a_connection_and_have_a_time_and_a_status(street: Street) -> None:
    connections: list[int] = []
    found = laps(street.raw(answering(connections, 100)), [ONE] * 20)  # type: ignore[arg-type] # reason: a conversation by its shape
    assert [lap.status for lap in found] == [401] * 20
    assert all(lap.first_byte_ns > 0 for lap in found)
    assert len(connections) == 1


def test_a_connection_that_was_closed_while_idle_costs_no_lap(street: Street) -> None:
    connections: list[int] = []
    found = laps(street.raw(answering(connections, 3)), [ONE] * 9)  # type: ignore[arg-type] # reason: as above
    assert [lap.status for lap in found] == [401] * 9
    assert len(connections) == 3


def test_no_receiver_is_no_lap() -> None:
    found = laps(f"http://127.0.0.1:{unused_port()}/", [ONE] * 2, timeout_s=1.0)
    assert [(lap.first_byte_ns, lap.status) for lap in found] == [(0, 0), (0, 0)]
