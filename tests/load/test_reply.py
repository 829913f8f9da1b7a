"""Any split of the bytes gives the same reply."""

from itertools import pairwise

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.load.head import ProtocolFault, ordinary_reply
from ghlctl.load.reply import HEAD_BOUND, ReplyReader

WHOLE = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n",
    b"HTTP/1.1 503\r\ncontent-length:0\r\n\r\n",
    (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    ),
    (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0A;x=1\r\n"
        b"0123456789\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n"
    ),
    b"HTTP/1.1 202 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n0\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
)


def read(parts: list[bytes]) -> tuple[object, ...]:
    reader = ReplyReader()
    try:
        for number, part in enumerate(parts):
            if part and reader.feed(part):
                return (
                    reader.status,
                    reader.body_bytes,
                    reader.reusable,
                    b"".join(parts[number + 1 :]),
                )
    except ProtocolFault:
        return ("fault",)
    return reader.status, reader.body_bytes, "cut", reader.close()


def split(text: bytes, places: list[int]) -> list[bytes]:
    cuts = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[begin:end] for begin, end in pairwise(cuts)]


cuts = st.lists(st.integers(0, 10_000), max_size=12)


@given(st.sampled_from(WHOLE), cuts)
def test_any_split_gives_the_same_reply(text: bytes, places: list[int]) -> None:
    assert read(split(text, places)) == read([text])


@given(st.sampled_from(WHOLE), st.data())
def test_a_reply_cut_short_is_never_whole(text: bytes, data: st.DataObject) -> None:
    end = data.draw(st.integers(0, len(text) - 1))
    reader = ReplyReader()
    assert not (end and reader.feed(text[:end]))
    assert not reader.close()


@given(st.sampled_from(WHOLE), st.integers(0, 200), st.binary(min_size=1, max_size=4), cuts)
def test_damage_is_the_same_reply_or_fault_in_any_split(
    text: bytes, place: int, damage: bytes, places: list[int]
) -> None:
    place %= len(text)
    damaged = text[:place] + damage + text[place + len(damage) :]
    whole, parts = read([damaged]), read(split(damaged, places))
    assert parts[:2] == whole[:2]


@given(st.binary(max_size=400), cuts)
def test_arbitrary_bytes_never_raise_anything_else(noise: bytes, places: list[int]) -> None:
    read(split(noise, places))
    read(split(b"HTTP/1.1 200 OK\r\n" + noise, places))
    read(split(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + noise, places))


@pytest.mark.parametrize("text", WHOLE)
def test_an_independent_parser_sees_the_same(text: bytes) -> None:
    peer = h11.Connection(h11.CLIENT)
    peer.send(
        h11.Request(method="POST", target="/", headers=[("host", "x"), ("content-length", "0")])
    )
    peer.send(h11.EndOfMessage())
    peer.receive_data(text)
    status, size = 0, 0
    while not isinstance(event := peer.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Response):
            status = event.status_code
        if isinstance(event, h11.Data):
            size += len(event.data)
    reader = ReplyReader()
    assert reader.feed(text)
    assert (reader.status, reader.body_bytes) == (status, size)


@pytest.mark.parametrize("text", WHOLE)
@given(place=st.integers(0, 200), more=st.binary(max_size=3))
def test_an_ordinary_reply_is_what_the_reader_says_too(
    text: bytes, place: int, more: bytes
) -> None:
    ReplyReader().feed(text)
    for received in (text, text[: place % len(text)], text + more):
        head = ordinary_reply(received)
        if head is not None:
            reader = ReplyReader()
            assert reader.feed(received)
            assert (reader.status, reader.reusable) == (head.status, True)


def test_a_repeated_reply_is_ordinary_and_one_with_more_behind_it_is_not() -> None:
    reply = b"HTTP/1.1 418 Teapot\r\ncontent-length: 2\r\n\r\nok"
    assert ordinary_reply(reply) is None  # never seen before
    assert ReplyReader().feed(reply)
    head = ordinary_reply(reply)
    assert head is not None
    assert head.status == 418
    assert ordinary_reply(reply + b"!") is None
    assert ordinary_reply(reply[:-1]) is None


def test_a_body_without_length_ends_with_the_connection() -> None:
    reader = ReplyReader()
    assert not reader.feed(b"HTTP/1.1 200 OK\r\n\r\nhello")
    assert not reader.feed(b" world")
    assert reader.close()
    assert (reader.body_bytes, reader.reusable) == (11, False)


@pytest.mark.parametrize(
    ("text", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n", False),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            False,
        ),
    ],
)
def test_a_connection_is_reused_only_when_both_sides_know_where_the_reply_ended(
    text: bytes, *, reusable: bool
) -> None:
    reader = ReplyReader()
    assert reader.feed(text)
    assert reader.reusable is reusable


@pytest.mark.parametrize(
    "text",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"\x16\x03\x01\x00",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nname : x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * HEAD_BOUND,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;" + b"y" * HEAD_BOUND + b"\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n" + b"x: y\r\n" * HEAD_BOUND,
        b"HTTP/1.1 102 P\r\n\r\n" * 5000,
    ],
)
def test_what_is_no_http_is_refused(text: bytes) -> None:
    with pytest.raises(ProtocolFault):
        ReplyReader().feed(text)
