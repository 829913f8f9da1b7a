"""Bare conversations: what is said arrives to the byte, and no receiver can hold or flood us."""

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest

from ghlctl.model.sample import ErrorKind
from ghlctl.transport.attempt import Failure
from ghlctl.transport.conversation import Conversation, Ending, Piece
from ghlctl.transport.raw import Saying, answer_of, converse, together
from tests.audit.street import Street, Talk, unused_port

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Serve = Callable[[Talk], str]


@pytest.fixture(scope="module")
def street() -> Iterator[Street]:
    with Street() as street:
        yield street


def one(url: str, *pieces: Piece | bytes, replies: int = 1, within_s: float = 5.0) -> Conversation:
    said = tuple(Piece(piece) if isinstance(piece, bytes) else piece for piece in pieces)
    return converse(url, [Saying(said, replies, within_s)])[0]


def test_bytes_arrive_as_they_are_and_in_their_time(street: Street) -> None:
    heard: list[tuple[bytes, float]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1000):
            heard.append((chunk, time.monotonic()))
            if chunk.endswith(b"end"):
                writer.write(OK)
                await writer.drain()

    said = one(street.raw(talk), b"P0ST / HTTP/9\nX: 1\nX: 2\n\n", Piece(b"end", 0.2))
    assert b"".join(chunk for chunk, _ in heard) == b"P0ST / HTTP/9\nX: 1\nX: 2\n\nend"
    assert heard[-1][1] - heard[0][1] > 0.1
    assert said.replies[0].status == 200
    assert said.replies[0].body == b"ok"
    assert (said.sent_bytes, said.whole_bytes, said.timed_out) == (28, 28, False)


def test_several_replies_on_one_connection_are_told_apart(street: Street) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.write(
            OK + b"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        )
        await writer.drain()
        await reader.read()

    said = one(street.raw(talk), b"x", replies=2)
    assert [reply.status for reply in said.replies] == [200, 404]
    assert said.replies[1].body == b"abc"


async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(1)
    writer.close()
    await writer.wait_closed()


async def babbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(1)
    writer.write(b"220 mail ready\r\n\r\n")
    await writer.drain()


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(1)
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: " + b"y" * 4000 + b"\r\n")
        await writer.drain()


@pytest.mark.parametrize(
    ("talk", "endings"),
    [
        (hangs, {Ending.LEFT}),
        (closes, {Ending.CLOSED}),
        (babbles, {Ending.BABBLE}),
        (endless, {Ending.BABBLE}),
    ],
)
def test_whatever_a_receiver_does_the_conversation_ends(
    street: Street, talk: Talk, endings: set[Ending]
) -> None:
    started = time.monotonic()
    said = one(street.raw(talk), b"x", within_s=1.0)
    assert said.ending in endings
    assert said.timed_out is (talk is hangs)
    assert not said.replies
    assert isinstance(answer_of(said), Failure)
    assert time.monotonic() - started < 20


def test_nobody_listening_is_a_failure_to_connect() -> None:
    said = one(f"http://127.0.0.1:{unused_port()}/", b"x")
    answer = answer_of(said)
    assert isinstance(answer, Failure)
    assert answer.kind is ErrorKind.CONNECT


def test_last_bytes_leave_together_and_not_before_everyone_is_there(street: Street) -> None:
    whole: list[float] = []
    begun: list[float] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(999)
        begun.append(time.monotonic())
        await reader.readexactly(1)
        whole.append(time.monotonic())
        writer.write(OK)
        await writer.drain()

    ended = together(street.raw(talk), [b"x" * 1000] * 5)
    assert [answer.replies[0].status for answer in ended] == [200] * 5
    assert max(begun) <= min(whole) + 0.05


def test_a_burst_at_nobody_comes_back_at_once() -> None:
    started = time.monotonic()
    ended = together(f"http://127.0.0.1:{unused_port()}/", [b"xy"] * 3, within_s=30.0)
    assert {one.ending for one in ended} == {Ending.CONNECT}
    assert time.monotonic() - started < 15


def test_what_is_said_meanwhile_comes_after_its_delay(street: Street) -> None:
    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(1)
        if first == b"s":  # the slow ones are never answered
            await asyncio.sleep(60)
        writer.write(OK)
        await writer.drain()

    url = street.raw(answers)
    slow = [Saying((Piece(b"s"),), 1, 1.0)] * 3
    ended = converse(url, slow, [Saying((Piece(b"q"),), 1, 5.0)], after_s=0.2)
    assert [one.timed_out for one in ended] == [True, True, True, False]
    assert ended[-1].replies[0].status == 200
