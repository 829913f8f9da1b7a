import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.reference.incoming import Family, Lead
from ghlctl.reference.kept import kept_of, known_fields
from ghlctl.reference.profile import Text, UnknownFields
from ghlctl.reference.words import body_text, plain, plain_lead

NAME = "O'Brien & Sons <3"


def kept(event: dict[str, Any], text: Text = Text.CLEANED) -> Any:
    body = json.dumps({"type": "ContactCreate"} | event).encode()
    event_type = event.get("type", "ContactCreate")
    said = kept_of(body, event_type, UnknownFields.KEPT, text)
    return json.loads(said) if said else {}


@pytest.mark.parametrize("name", [NAME, "Müller-Lüdenscheidt", "李雷; DROP TABLE", "=1+1", "a\tb"])
def test_what_prints_is_never_taken_out(name: str) -> None:
    assert plain(name) == name
    assert kept({"companyName": name})["words"]["companyName"] == name


def test_the_usual_regular_expression_would_have_destroyed_that_name() -> None:
    """What many receivers call sanitising: it loses the name, and what it stores is no safer."""
    stripped = re.sub(r"<[^>]*>|[<>\"'&;]", "", NAME)
    assert stripped == "OBrien  Sons 3"
    assert re.sub(r"<[^>]*>|[<>\"'&;]", "", "javascript:alert(1)") == "javascript:alert(1)"


def test_control_characters_go_and_line_ends_stay() -> None:
    assert plain("a\x00b\x1b[31mc\x7f\x9bd\r\n\te") == "ab[31mcd\r\n\te"
    lead = plain_lead(Lead(Family.CONTACT, email="a\x00@b", tags=("v\x1bip",)))
    assert (lead.email, lead.tags) == ("a@b", ("vip",))


@given(text=st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = plain(text)
    assert plain(once) == once
    assert [c for c in once if ord(c) < 32 and c not in "\t\n\r"] == []


FIELDS = st.dictionaries(st.text(max_size=5), st.text() | st.integers() | st.none(), max_size=5)
HTML = "<p onclick='x()'>Hi<script>alert(1)</script> <a href='javascript:x()'>A</a> &amp; B</p>"


@pytest.mark.parametrize(
    ("event_type", "about"),
    [
        ("InboundMessage", {"messageType": "Email"}),
        ("OutboundMessage", {"contentType": "text/html; charset=utf-8"}),
        ("NoteCreate", {}),
    ],
)
def test_html_is_cleaned_where_html_is_meant(event_type: str, about: dict[str, Any]) -> None:
    cleaned = body_text(HTML, event_type, about)
    assert cleaned == '<p>Hi <a rel="noopener noreferrer">A</a> &amp; B</p>'


@pytest.mark.parametrize(
    ("event_type", "about"),
    [
        ("InboundMessage", {"messageType": "SMS"}),
        ("InboundMessage", {"messageType": "Email", "contentType": "text/plain"}),
        ("NoteCreate", {}),
        ("TaskCreate", {}),
    ],
)
def test_plain_text_that_looks_a_little_like_html_stays(
    event_type: str, about: dict[str, Any]
) -> None:
    assert body_text(NAME, event_type, about) == NAME


def test_text_is_kept_as_it_came_where_it_is_not_to_be_cleaned() -> None:
    note = {"type": "NoteCreate", "body": HTML}
    assert kept(note, Text.AS_IS)["words"]["body"] == HTML
    assert kept(note)["words"]["body"] != HTML


def test_unknown_fields_are_kept_to_the_byte_and_known_ones_are_not() -> None:
    body = (
        b'{"type":"ContactCreate","email":"a@b.example","loyalty":{"points":1.0,'
        b'"big":90071992547409931,"name":"O\'Brien \\u0026 Sons <3"}}'
    )
    said = kept_of(body, "ContactCreate", UnknownFields.KEPT, Text.CLEANED)
    assert said == (
        b'{"unknown":{"loyalty":{"points":1.0,"big":90071992547409931,'
        b'"name":"O\'Brien \\u0026 Sons <3"}}}'
    )


def test_what_the_provider_adds_inside_an_appointment_is_kept_too() -> None:
    event = {"type": "AppointmentCreate", "appointment": {"id": "a", "mood": "good", "title": NAME}}
    assert kept(event) == {"words": {"title": NAME}, "unknown": {"appointment.mood": "good"}}


def test_nothing_is_kept_of_what_says_nothing_more_or_is_not_to_be_kept() -> None:
    assert kept({"email": "a@b.example", "locationId": "L"}) == {}
    assert kept({"type": "InvoicePaid", "news": 1}) == {}
    body = b'{"type":"ContactCreate","news":1}'
    assert kept_of(body, "ContactCreate", UnknownFields.DROPPED, Text.AS_IS) == b""


@given(body=st.binary(max_size=100) | FIELDS.map(lambda fields: json.dumps(fields).encode()))
def test_no_body_is_too_strange_to_be_looked_through(body: bytes) -> None:
    for event_type in ("ContactCreate", "AppointmentCreate", "NoteCreate"):
        said = kept_of(body, event_type, UnknownFields.KEPT, Text.CLEANED)
        assert not said or set(json.loads(said)) <= {"words", "unknown"}


@pytest.mark.parametrize("family", Family)
def test_the_envelope_is_known_in_every_family(family: Family) -> None:
    assert {"type", "appId", "versionId", "timestamp", "webhookId"} <= known_fields(family)
