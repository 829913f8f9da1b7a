"""One request, one reply or the reason for none, in bounded time and memory."""

import asyncio
import gzip
import time
from collections.abc import Awaitable, Callable

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ghlctl.model.delivery import Delivery, Headers, Reply
from ghlctl.model.sample import ErrorKind
from ghlctl.transport.attempt import KEPT_BYTES, Failure, acknowledged
from ghlctl.transport.reach import READ_BYTES, Reach
from tests.audit.street import Street, unused_port

Reading = asyncio.StreamReader
Writing = asyncio.StreamWriter


def site(handle: Callable[[Request], Awaitable[Response]]) -> Starlette:
    return Starlette(routes=[Route("/{path:path}", handle, methods=["GET", "POST", "PUT"])])


def saying(text: bytes) -> Callable[[Reading, Writing], Awaitable[None]]:
    async def talk(reader: Reading, writer: Writing) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text)
        await writer.drain()
        writer.close()
        await asyncio.sleep(0.2)

    return talk


def test_exact_bytes_and_headers_arrive_and_the_reply_comes_back(street: Street) -> None:
    seen: list[tuple[bytes, list[tuple[bytes, bytes]]]] = []

    async def handle(request: Request) -> Response:
        seen.append((await request.body(), request.headers.raw))
        return Response(b"done", status_code=202, headers={"X-One": "1"})

    headers: Headers = (("X-Sig", "a"), ("X-Sig", "b"), ("Accept-Encoding", "gzip"))
    body = b'{"name": "\xc3\xab"}\n'
    with Reach() as reach:
        answer = reach.send(
            street.app(site(handle)) + "/hook?x=1", Delivery("1", "t", body, headers)
        )
    assert isinstance(answer, Reply)
    assert (answer.status, answer.body) == (202, b"done")
    assert ("x-one", "1") in answer.headers
    assert 0 < answer.connect_ms <= answer.first_byte_ms <= answer.total_ms
    got, sent = seen[0]
    assert got == body
    assert [value for name, value in sent if name == b"x-sig"] == [b"a", b"b"]
    assert [value for name, value in sent if name == b"accept-encoding"] == [b"identity"]
    assert not {name for name, _ in sent} & {b"cookie", b"user-agent"}


def test_a_redirect_is_an_answer_and_not_a_way(street: Street) -> None:
    visits: list[str] = []

    async def handle(request: Request) -> Response:
        visits.append(request.url.path)
        return RedirectResponse("/elsewhere", status_code=307)

    with Reach() as reach:
        answer = reach.ask("POST", street.app(site(handle)) + "/hook")
    assert isinstance(answer, Reply)
    assert answer.status == 307
    assert visits == ["/hook"]
    assert not acknowledged(answer)


def test_cookies_of_one_reply_do_not_travel_with_the_next_request(street: Street) -> None:
    cookies: list[str | None] = []

    async def handle(request: Request) -> Response:
        cookies.append(request.headers.get("cookie"))
        return Response(headers={"Set-Cookie": "session=1"})

    url = street.app(site(handle))
    with Reach() as reach:
        reach.ask("GET", url)
        reach.ask("GET", url)
    assert cookies == [None, None]


def test_a_long_reply_is_cut_and_a_compressed_one_is_not_inflated(street: Street) -> None:
    bomb = gzip.compress(b"\x00" * 20_000_000)

    async def handle(request: Request) -> Response:
        if request.url.path == "/bomb":
            return Response(bomb, headers={"Content-Encoding": "gzip"})
        return Response(b"x" * (4 * READ_BYTES))

    url = street.app(site(handle))
    with Reach() as reach:
        long, packed = reach.ask("GET", url + "/long"), reach.ask("GET", url + "/bomb")
    assert isinstance(long, Reply)
    assert long.body == b"x" * KEPT_BYTES
    assert isinstance(packed, Reply)
    assert packed.body == bomb[:KEPT_BYTES]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"", ErrorKind.CLOSED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", ErrorKind.CLOSED),
        (b"220 mail.test ready\r\n\r\n", ErrorKind.PROTOCOL),
        (b"\x00\xff\x1b[2J" * 40, ErrorKind.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", ErrorKind.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 300_000 + b"\r\n\r\n", ErrorKind.PROTOCOL),
    ],
)
def test_what_is_no_whole_reply_is_named(street: Street, text: bytes, kind: ErrorKind) -> None:
    with Reach(timeout_s=5.0) as reach:
        answer = reach.ask("GET", street.raw(saying(text)))
    assert isinstance(answer, Failure)
    assert answer.kind is kind
    assert answer.text.isprintable()
    assert len(answer.text) < 300


def test_a_refused_connection_says_so() -> None:
    with Reach() as reach:
        answer = reach.ask("GET", f"http://127.0.0.1:{unused_port()}/")
    assert isinstance(answer, Failure)
    assert answer.kind is ErrorKind.CONNECT
    assert "cannot connect" in answer.text


def test_a_plain_server_asked_for_tls_is_a_tls_failure(street: Street) -> None:
    url = street.raw(saying(b"HTTP/1.1 400 Bad\r\n\r\n")).replace("http://", "https://")

    with Reach(timeout_s=3.0) as reach:
        answer = reach.ask("GET", url)
    assert isinstance(answer, Failure)
    assert answer.kind in (ErrorKind.TLS, ErrorKind.TIMEOUT)


def test_time_is_bounded_over_the_whole_reply(street: Street) -> None:
    async def drips(reader: Reading, writer: Writing) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        for _ in range(200):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    started = time.monotonic()
    with Reach(timeout_s=0.4) as reach:
        answer = reach.ask("GET", street.raw(drips))
    assert isinstance(answer, Failure)
    assert answer.kind is ErrorKind.TIMEOUT
    assert time.monotonic() - started < 5


def test_requests_sent_together_are_answered_in_their_order(street: Street) -> None:
    async def handle(request: Request) -> Response:
        body = await request.body()
        await asyncio.sleep(0.3 if body == b"0" else 0)
        return Response(body)

    deliveries = [Delivery(str(n), "t", str(n).encode(), ()) for n in range(8)]
    started = time.monotonic()
    with Reach() as reach:
        answers = reach.send_together(street.app(site(handle)), deliveries)
    assert [one.body for one in answers if isinstance(one, Reply)] == [d.body for d in deliveries]
    assert time.monotonic() - started < 8 * 0.3


def test_a_header_that_http_cannot_carry_is_a_named_failure(street: Street) -> None:
    url = street.raw(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    with Reach() as reach:
        split = reach.ask("GET", url, headers=(("X-A", "1\r\nX-B: 2"),))
        foreign = reach.ask("GET", url, headers=(("X-Ü", "1"),))
    for answer in (split, foreign):
        assert isinstance(answer, Failure)
        assert answer.kind is ErrorKind.PROTOCOL
        assert "cannot be sent" in answer.text


def test_proxies_of_the_environment_are_ignored(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{unused_port()}")

    async def handle(request: Request) -> Response:
        return Response()

    with Reach() as reach:
        assert acknowledged(reach.ask("GET", street.app(site(handle))))
