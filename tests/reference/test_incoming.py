import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.reference.incoming import Family, Ignored, Incoming, family_of, parse, unix_time
from ghlctl.reference.profile import Types
from ghlctl.reference.refusal import Refusal, RefusalCode

HEALTHY: dict[str, Any] = {
    "type": "ContactCreate",
    "locationId": "L1",
    "id": "C1",
    "webhookId": "w-1",
    "timestamp": "2026-11-22T10:00:00.000Z",
    "dateAdded": "2026-11-12T10:00:00.000Z",
    "tags": ["vip"],
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def read(types: Types = Types.STRICT, expected: str | None = None, **changes: Any) -> Any:
    return parse(json.dumps(HEALTHY | changes).encode(), types, expected)


@pytest.mark.parametrize("types", Types)
def test_a_healthy_event_reads_alike_strictly_and_leniently(types: Types) -> None:
    incoming = read(types)
    assert incoming == read(Types.STRICT)
    assert (incoming.contact_id, incoming.lead.age_days, incoming.lead.tags) == ("C1", 10, ("vip",))


@given(body=st.binary(max_size=200) | ANYTHING.map(lambda value: json.dumps(value).encode()))
def test_no_body_is_too_strange_to_be_judged(body: bytes) -> None:
    for types in Types:
        assert isinstance(parse(body, types, None), Incoming | Ignored | Refusal)


@given(
    field=st.sampled_from([*HEALTHY, "email", "dnd", "appointment", "contactId"]), value=ANYTHING
)
def test_no_value_of_a_field_is_too_strange_to_be_judged(field: str, value: Any) -> None:
    for types in Types:
        outcome = read(types, **{field: value})
        assert isinstance(outcome, Incoming | Ignored | Refusal)
        if isinstance(outcome, Incoming):
            assert outcome.webhook_id.isascii()
            assert outcome.webhook_id.isprintable()


def test_a_contact_is_found_wherever_the_family_has_it() -> None:
    assert read(type="OpportunityCreate", contactId="C2").contact_id == "C2"
    assert read(type="AppointmentCreate", appointment={"contactId": "C3"}).contact_id == "C3"
    assert read(type="InboundMessage", contactId="C4").contact_id == "C4"


@pytest.mark.parametrize("types", Types)
@pytest.mark.parametrize("event_type", ["ContactDelete", "INSTALL", "InvoicePaid", "SomethingNew"])
def test_events_that_ask_for_nothing_are_ignored(types: Types, event_type: str) -> None:
    assert read(types, type=event_type) == Ignored(event_type, unix_time(HEALTHY["timestamp"]))


def test_null_is_as_good_as_absent() -> None:
    assert read(email=None, tags=None, dnd=None).lead.tags == ()


def test_an_event_on_another_events_route_is_refused_where_types_are_strict() -> None:
    outcome = read(expected="ContactUpdate")
    assert outcome.code is RefusalCode.WRONG_TYPE
    assert isinstance(read(Types.LENIENT, expected="ContactUpdate"), Incoming)


def test_what_is_missing_becomes_text_where_types_are_lenient() -> None:
    incoming = parse(b'{"id": 7}', Types.LENIENT, "ContactCreate")
    assert isinstance(incoming, Incoming)
    assert (incoming.contact_id, incoming.webhook_id, incoming.sent_at) == ("7", "None", None)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-22", "2026-11-22T10:00:00", "9" * 400])
def test_a_time_without_its_offset_is_no_time(text: str) -> None:
    assert unix_time(text) is None


def test_families_go_by_the_first_word() -> None:
    assert family_of("OpportunityStageUpdate") is Family.OPPORTUNITY
    assert family_of("TaskComplete") is Family.RELATED
    assert family_of("LocationUpdate") is None
