"""Captured deliveries: the same bytes back from disk, and nothing else taken for one."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.errors import UsageError
from ghlctl.signing.catalogue import SCHEMES
from ghlctl.signing.scheme import Request
from ghlctl.transport.capture import (
    MOST_BODY_BYTES,
    Captured,
    captured,
    line_of,
    read_any,
    read_captures,
)
from ghlctl.transport.masking import masked, masked_text
from ghlctl.transport.replay import event_type_of, refreshed, replayed

HEADERS = (("Content-Type", "application/json"), ("X-Twice", "1"), ("X-Twice", "2"))
PEOPLE = (
    b'{"type":"ContactCreate","firstName":"Ada","lastName":"Lovelace","email":"ada@example.com",'
    b'"phone":"+13105550101","tags":["x"],"note":"call ada@example.com or (310) 555-0101",'
    b'"dateAdded":"2026-09-21T14:13:20.250Z","id":"abc","amount":12}'
)


@given(body=st.binary(max_size=300), value=st.text(max_size=40))
def test_a_line_gives_back_the_same_bytes(body: bytes, value: str) -> None:
    one = captured("POST", "http://h/x", (*HEADERS, ("X", value)), body, at=1.5)
    line = line_of(one)
    assert b"\n" not in line
    again = msgspec.json.decode(line, type=Captured)
    assert again == one
    assert again.raw() == body


def test_text_stays_readable_and_only_other_bytes_are_encoded() -> None:
    assert captured("POST", "", (), "é\r\n".encode(), at=0).body == "é\r\n"
    binary = captured("POST", "", (), b"\xff\x00", at=0)
    assert (binary.body, binary.body_base64) == (None, "/wA=")


def test_a_file_of_ten_megabytes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.jsonl"
    body = b"x" * 10_000_000
    path.write_bytes(line_of(captured("POST", "", (), body, at=0)) + b"\n\n")
    assert [one.raw() for one in read_captures(path)] == [body]


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b"[]",
        b"{",
        b"\xff",
        b'{"schema_version":2,"at":0,"method":"POST","url":"","headers":[]}',
        b'{"schema_version":1,"at":0,"method":"POST","url":"","headers":[],"body_base64":"?"}',
        b'{"schema_version":1,"at":0,"method":"POST","url":"","headers":[],"extra":1}',
    ],
)
def test_a_line_that_is_no_capture_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(line_of(captured("POST", "", (), b"", at=0)) + b"\n" + line + b"\n")
    with pytest.raises(UsageError, match=r"bad\.jsonl:2"):
        list(read_captures(path))


def test_a_line_without_an_end_is_refused_by_its_number_and_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "endless.jsonl"
    with path.open("wb") as stream:
        stream.write(line_of(captured("POST", "", (), b"", at=0)) + b"\n")
        stream.truncate(1 << 33)  # a sparse file of 8 GiB
    with pytest.raises(UsageError, match=r"endless\.jsonl:2: the line is longer than 32 MiB"):
        list(read_captures(path))
    with (tmp_path / "plain").open("wb") as stream:
        stream.truncate(1 << 33)
    with pytest.raises(UsageError, match="longer than 32 MiB"):
        list(read_any(tmp_path / "plain", at=0))


def test_lines_that_are_added_while_a_file_is_read_are_left(tmp_path: Path) -> None:
    path, line = tmp_path / "grows.jsonl", line_of(captured("POST", "", (), b"", at=0)) + b"\n"
    path.write_bytes(line * 2)
    found = 0
    for found, _ in enumerate(read_captures(path), 1):
        with path.open("ab") as stream:
            stream.write(line)
        assert found < 5
    assert found == 2


@pytest.mark.parametrize("letter", [b"\x01", b"x", b"\xff"])
def test_the_largest_body_that_is_captured_is_read_back(tmp_path: Path, letter: bytes) -> None:
    body, path = letter * MOST_BODY_BYTES, tmp_path / "large.jsonl"
    path.write_bytes(line_of(captured("POST", "", (), body, at=0)) + b"\n")
    assert [one.raw() == body for one in read_captures(path)] == [True]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_line_end_after_the_announced_length_is_not_of_the_body(
    tmp_path: Path, end: bytes
) -> None:
    (tmp_path / "one").write_bytes(b"Content-Length: 4\n\nbody" + end)
    (tmp_path / "two").write_bytes(b"Content-Length: 3\n\nbody" + end)
    assert [one.raw() for one in read_any(tmp_path / "one", at=0)] == [b"body"]
    assert [one.raw() for one in read_any(tmp_path / "two", at=0)] == [b"body" + end]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("first", [b"", b"POST https://h/x HTTP/1.1"])
def test_headers_a_blank_line_and_a_body_are_a_delivery_too(
    tmp_path: Path, first: bytes, end: bytes
) -> None:
    head = [*([first] if first else []), b"X-A: 1", b"X-B:2", b"", b""]
    (tmp_path / "one").write_bytes(end.join(head) + b"body\n\nmore")
    (one,) = read_any(tmp_path / "one", at=5.0)
    assert one.headers == (("X-A", "1"), ("X-B", "2"))
    assert one.raw() == b"body\n\nmore"
    assert one.url == ("https://h/x" if first else "")


@pytest.mark.parametrize("text", [b"no blank line", b"not a header line\n\nbody", b""])
def test_a_file_that_is_no_delivery_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "x").write_bytes(text)
    with pytest.raises(UsageError):
        list(read_any(tmp_path / "x", at=0))
    with pytest.raises(UsageError):
        list(read_any(tmp_path / "absent", at=0))


def test_a_replay_is_signed_anew_and_drops_every_older_signature() -> None:
    scheme = SCHEMES["ghl"]
    pair = scheme.generate()
    headers = (("X-GHL-Signature", "old"), ("X-WH-Signature", "old"), ("Host", "a"), *HEADERS)
    one = captured("POST", "http://h/x", headers, PEOPLE, at=0)
    sent = replayed(
        one,
        scheme,
        scheme.read_signing_key(pair.private),
        at=9.0,
        delivery_id="new",
        extra=(("x-twice", "3"),),
    )
    names = [name for name, _ in sent.headers]
    assert names == ["Content-Type", "X-GHL-Signature", "x-twice"]
    key = scheme.read_verifying_key(pair.public)
    assert scheme.verify(sent.body, sent.headers, key, now=9, tolerance=None) is None
    assert sent.body == PEOPLE
    assert sent.event_type == "ContactCreate"


@pytest.mark.parametrize("space", ["", " "])
def test_a_replay_refreshes_id_and_time_and_no_other_byte(space: str) -> None:
    body = f'{{"a" : 1.0,"webhookId":{space}"old","timestamp":{space}"2020","z":"old"}}'.encode()
    fresh = refreshed(body, "new", 0.0)
    expected = body.replace(
        b'Id":' + space.encode() + b'"old"', b'Id":' + space.encode() + b'"new"'
    )
    assert fresh == expected.replace(b"2020", b"1970-01-01T00:00:00.000Z")


@pytest.mark.parametrize("old", ["b", "Id", "webhookId", ":"])
def test_an_id_that_is_a_part_of_its_own_name_is_replaced_alone(old: str) -> None:
    assert refreshed(f'{{"webhookId":"{old}"}}'.encode(), "new", 0.0) == b'{"webhookId":"new"}'


def test_an_id_that_is_no_text_is_left_alone() -> None:
    body = rb'{"webhookId":"\ud800"}'
    assert refreshed(body, "new", 0.0) == body


@given(st.binary(max_size=100))
def test_a_body_without_an_id_is_left_alone(body: bytes) -> None:
    assert refreshed(body, "new", 0.0) == body
    assert event_type_of(body)


def test_a_replay_covers_the_url_where_the_scheme_does() -> None:
    scheme = SCHEMES["square"]
    request = Request("POST", "https://h/new")
    one = captured("POST", "https://h/old", (), b"{}", at=0)
    sent = replayed(one, scheme, b"secret", at=0, delivery_id="d", request=request)
    held = scheme.verify(b"{}", sent.headers, b"secret", now=0, tolerance=None, request=request)
    assert held is None


def test_people_are_masked_and_the_rest_stays_readable() -> None:
    shown = masked(PEOPLE)
    for personal in ("Ada", "Lovelace", "ada@", "5550101", "555-0101"):
        assert personal not in shown
    for kept in ("ContactCreate", "2026-09-21T14:13:20.250Z", '"id":"abc"', '"amount":12'):
        assert kept in shown


def test_plain_text_loses_addresses_and_numbers() -> None:
    assert masked_text("to ada@example.com, +1 310 555 0101 at 2026-09-21 14:13") == (
        "to •••, ••• at 2026-09-21 14:13"
    )
    assert "no UTF-8" in masked(b"\xff")


@pytest.mark.parametrize(
    "body",
    [
        b"From=%2B14158675309&first_name=Ada&LastName=Lovelace&mail=ada%40example.com&Status=ok",
        b'{"firstName": "Ada", "lastName":"Lovelace", "phone": 14158675309, "status": "ok',
        b'{"contact_name":"Ada L","deal_name":"Lovelace, villa","phone":14158675309,"s":"ok"}',
        b"payload=%7B%7D&contact[name]=Ada+Lovelace&user.phone=14158675309&s=ok",
    ],
)
def test_people_are_masked_in_forms_and_in_what_is_cut_off(body: bytes) -> None:
    shown = masked(body)
    for personal in ("Ada", "da%40", "ovelace", "4158675309"):
        assert personal not in shown
    assert "ok" in shown


@pytest.mark.parametrize(
    "text",
    [
        "8153ec70125561234c99a01b",
        "3f24a223-7dea-4443-8355-353793503926",
        "12345678-1234-4abc-8355-353793503926",
        "2026-09-21T14:13:20.250Z",
    ],
)
def test_ids_and_times_are_no_telephone_numbers(text: str) -> None:
    assert masked_text(text) == text
    assert masked(b'{"webhookId":"%s"}' % text.encode()) == f'{{"webhookId":"{text}"}}'


def test_people_are_masked_at_any_depth() -> None:
    shown = masked(b'{"a":[{"contact":{"first_name":"Ada","emails":["ada@example.com"]}}]}')
    assert "Ada" not in shown
    assert "ada@" not in shown


def test_a_long_text_is_cut_before_it_is_looked_through() -> None:
    assert len(masked(b"x" * 10_000_000)) < 3000
    assert "ada@" not in masked(b'{"a":"' + b"x" * 3000 + b' ada@example.com"}')
