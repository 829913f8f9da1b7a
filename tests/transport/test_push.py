"""How much of a large body a receiver takes before it answers."""

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.sample import ErrorKind
from ghlctl.transport.attempt import Failure
from ghlctl.transport.push import push
from tests.audit.street import Street, unused_port

LARGE = Delivery("1", "t", b"x" * 20_000_000, (("Content-Type", "application/json"),))
Reading = asyncio.StreamReader
Writing = asyncio.StreamWriter


def test_a_receiver_that_refuses_by_the_length_takes_little(street: Street) -> None:
    async def refuse(request: Request) -> Response:
        assert request.headers["content-length"] == str(len(LARGE.body))
        return Response(b"too large", status_code=413)

    pushed = push(street.app(Starlette(routes=[Route("/", refuse, methods=["POST"])])), LARGE)
    assert isinstance(pushed.answer, Reply)
    assert (pushed.answer.status, pushed.answer.body) == (413, b"too large")
    assert not pushed.consumed


def test_a_receiver_that_reads_everything_is_seen_to(street: Street) -> None:
    async def read(request: Request) -> Response:
        return Response(str(len(await request.body())))

    pushed = push(street.app(Starlette(routes=[Route("/", read, methods=["POST"])])), LARGE)
    assert isinstance(pushed.answer, Reply)
    assert (pushed.answer.status, pushed.answer.body) == (200, b"20000000")
    assert pushed.consumed


def test_a_receiver_that_hangs_up_is_no_reply_and_took_little(street: Street) -> None:
    async def hang_up(reader: Reading, writer: Writing) -> None:
        await reader.read(1000)

    pushed = push(street.raw(hang_up), LARGE)
    assert isinstance(pushed.answer, Failure)
    assert pushed.answer.kind in (ErrorKind.RESET, ErrorKind.CLOSED)
    assert not pushed.consumed


def test_a_receiver_that_neither_reads_nor_answers_ends_at_the_bound(street: Street) -> None:
    async def stare(reader: Reading, writer: Writing) -> None:
        await asyncio.sleep(30)

    pushed = push(street.raw(stare), LARGE, timeout_s=0.5)
    assert isinstance(pushed.answer, Failure)
    assert pushed.answer.kind is ErrorKind.TIMEOUT


def test_an_interim_reply_is_not_the_answer(street: Street) -> None:
    async def wait_for_all(reader: Reading, writer: Writing) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await reader.readexactly(len(LARGE.body))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.2)

    pushed = push(street.raw(wait_for_all), LARGE)
    assert isinstance(pushed.answer, Reply)
    assert pushed.answer.status == 204
    assert pushed.consumed


def test_garbage_is_named_and_nothing_is_connected_to_nobody(street: Street) -> None:
    async def babble(reader: Reading, writer: Writing) -> None:
        await reader.read(1000)
        writer.write(b"220 ready\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.2)

    answer = push(street.raw(babble), LARGE).answer
    assert isinstance(answer, Failure)
    assert answer.kind is ErrorKind.PROTOCOL
    nobody = push(f"http://127.0.0.1:{unused_port()}/", LARGE).answer
    assert isinstance(nobody, Failure)
    assert nobody.kind is ErrorKind.CONNECT
