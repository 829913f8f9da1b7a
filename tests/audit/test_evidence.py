"""Evidence is inert text and holds no secret; canaries are found wherever receivers put them."""

from random import Random
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.audit.canary import (
    Canary,
    Footprint,
    footprint_of,
    fresh_canary,
    marked,
    searchable,
)
from ghlctl.audit.evidence import SHOWN_BYTES, Censor, Shower, censor_of
from ghlctl.audit.steps import Send
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.sample import ErrorKind
from ghlctl.model.visible import visible
from ghlctl.providers.catalogue import provider_named
from ghlctl.transport.attempt import Failure


def line(method: str = "PUT", path: str = "/", body: str = "", key: str = "") -> LedgerEntry:
    return LedgerEntry(1, 0, method, path, 200, method != "GET", "", key, body)


def shower(censor: Censor) -> Shower:
    return Shower(censor, "http://r/", lambda _delivery, _method, _url, _now: False)


CANARY = fresh_canary(Random(1))


@pytest.mark.parametrize(
    "entry",
    [
        line(path=f"/contacts/{CANARY.contact_id}"),
        line(path=f"/contacts/lookup?email={quote(CANARY.email, safe='')}"),
        line(path="/effects", body=f'{{"id": "{CANARY.delivery_id}"}}'),
        line(path="/effects", key=f"{CANARY.delivery_id}:score"),
        line(path="/effects", body=f"email={quote(CANARY.email)}"),
        line(path="/effects", body=CANARY.email.upper()),
    ],
)
def test_a_canary_is_found_in_any_usual_place(entry: LedgerEntry) -> None:
    assert CANARY.within(searchable(entry))


def test_a_canary_is_not_found_where_another_is() -> None:
    other = fresh_canary(Random(2))
    assert not CANARY.within(searchable(line(path=f"/contacts/{other.contact_id}")))


@pytest.mark.parametrize("event_type", provider_named("ghl").event_types)
def test_every_event_carries_the_canary_and_nothing_of_the_old_contact(event_type: str) -> None:
    source = provider_named("ghl").source(3, contacts=5, locations=2)
    payload = source.event(event_type, at=1.7e9, delivery_id="old").payload
    canary = Canary("new-delivery", "new-contact", "new@example.com")
    changed = marked(payload, canary)
    assert changed["webhookId"] == "new-delivery"
    assert set(changed) == set(payload) | {"webhookId"}
    if "contactId" in payload or "id" in payload:
        assert "new-contact" in repr(changed)
    if payload.get("email"):
        assert str(payload["email"]) not in repr(changed)


def test_reading_is_no_effect_unless_genuine_deliveries_cause_nothing_else() -> None:
    writes = footprint_of([line("GET"), line("PUT")])
    reads = footprint_of([line("GET")])
    assert (writes.acts([line("GET")]), writes.acts([line("PUT")])) == (0, 1)
    assert (reads.acts([line("GET")]), reads.effects([line("GET")])) == (1, 1)


def test_a_failed_attempt_that_was_tried_again_took_effect_once() -> None:
    failed = LedgerEntry(1, 0, "PUT", "/", 503, applied=False)
    both = [failed, line("PUT")]
    assert (Footprint().acts(both), Footprint().effects(both)) == (2, 1)


@given(st.text())
def test_what_is_shown_can_move_no_cursor(text: str) -> None:
    shown = visible(text)
    assert all(char in "\n\t" or char.isprintable() or char.isspace() for char in shown)
    assert "\x1b" not in shown


def test_control_characters_stay_visible_as_signs() -> None:
    assert visible("\x1b[31m\x00\x7f\u202e") == "␛[31m␀␡⟨U+202E⟩"


@given(st.binary(max_size=6000))
def test_a_shown_body_is_bounded(body: bytes) -> None:
    shown = censor_of((), ()).bytes(body)
    assert len(shown) <= 10 * SHOWN_BYTES + 1


def test_keys_and_configured_headers_are_never_shown() -> None:
    pem = b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n"
    censor = censor_of((pem,), (("X-Staging", "token-of-staging"),))
    reply = Reply(
        200,
        (("X-Echo", "token-of-staging"),),
        b'{"key": "MC4CAQAwBQYDK2VwBCIEIA==\\n", "t": "token-of-staging"}',
        0.0,
        0.0,
        0.0,
    )
    sent = Delivery("1", "t", b"{}", (("x-staging", "token-of-staging"), ("X-Sig", "abc")))
    shown = shower(censor).exchange(Send(sent, "why", ()), "http://r/", reply, 0.0)
    assert "token-of-staging" not in repr(shown)
    assert "MC4CAQAwBQYDK2VwBCIEIA" not in repr(shown)
    assert ("X-Sig", "abc") in shown.headers


def test_a_request_without_a_reply_says_why() -> None:
    failure = Failure(ErrorKind.TIMEOUT, "no whole reply within 1 s", 1000.0)
    send = Send(Delivery("1", "t", b"", ()), "why", ())
    shown = shower(censor_of((), ())).exchange(send, "http://r/", failure, 0.0)
    assert (shown.status, shown.error, shown.total_ms) == (0, "no whole reply within 1 s", 1000.0)
