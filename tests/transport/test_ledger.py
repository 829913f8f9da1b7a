"""The upstream's ledger is read whole, in pages, and from where the last reading ended."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ghlctl.errors import NotMeasuredError
from ghlctl.model.delivery import Delivery
from ghlctl.transport.ledger import PAGE, Ledger, read_ledger
from ghlctl.transport.reach import Reach
from tests.audit.book import upstream_app
from tests.audit.street import Street, unused_port


def test_more_than_a_page_is_read_to_the_end_and_then_from_there(street: Street) -> None:
    url = street.app(upstream_app())
    count = 2 * PAGE + 3
    with Reach() as reach:
        for start in range(0, count, 31):
            some = (Delivery("", "", b"\xff", ()) for _ in range(start, min(count, start + 31)))
            reach.send_together(f"{url}/effects", list(some))
        ledger = Ledger(reach, url + "/any/path")
        assert [line.seq for line in ledger.fresh()] == list(range(1, count + 1))
        assert ledger.fresh() == []
        reach.ask("GET", f"{url}/one-more")
        assert [line.path for line in ledger.fresh()] == ["/one-more"]
    assert [line.seq for line in read_ledger(url, after=count - 1)] == [count, count + 1]


def test_an_upstream_that_is_not_there_is_named() -> None:
    with pytest.raises(NotMeasuredError, match="cannot be read: cannot connect"):
        read_ledger(f"http://127.0.0.1:{unused_port()}")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe",
        b'{"entries": 1, "next": 2}',
        b'{"entries": [{"seq": "x"}], "next": 2}',
    ],
)
def test_what_is_no_ledger_is_named(street: Street, body: bytes) -> None:
    async def handle(request: Request) -> Response:
        return Response(body)

    url = street.app(Starlette(routes=[Route("/{path:path}", handle)]))
    with pytest.raises(NotMeasuredError, match="keeps no ledger"):
        read_ledger(url)


def test_a_ledger_that_never_moves_on_ends(street: Street) -> None:
    async def handle(request: Request) -> Response:
        return Response(b'{"entries": [], "next": 0}')

    assert read_ledger(street.app(Starlette(routes=[Route("/{path:path}", handle)]))) == []
