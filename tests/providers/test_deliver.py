"""From an event to the bytes and headers of a delivery."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.errors import KeyMaterialError
from ghlctl.model.delivery import Event
from ghlctl.providers.catalogue import PROVIDERS, provider_named
from ghlctl.providers.deliver import deliver, encode
from ghlctl.signing.catalogue import SCHEMES
from ghlctl.signing.scheme import Request
from ghlctl.signing.target import target_of

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), json_values, max_size=6))
def test_a_body_is_the_json_of_its_payload(payload: dict[str, Any]) -> None:
    body = encode(Event("ContactCreate", 0.0, payload))
    assert json.loads(body.decode()) == payload
    compact = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    assert len(body) <= len(compact)


def test_a_body_is_compact_and_keeps_letters_beyond_ascii() -> None:
    body = encode(Event("NoteCreate", 0.0, {"type": "NoteCreate", "body": "café – 1/2"}))
    assert body == '{"type":"NoteCreate","body":"café – 1/2"}'.encode()


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda scheme: scheme.name)
def test_a_delivery_verifies_under_its_scheme(scheme: Any) -> None:
    pair = scheme.generate()
    source = provider_named("ghl").source(1, contacts=5, locations=1)
    event = source.event("ContactCreate", at=1_790_000_000.0, delivery_id="d-1")
    request = Request("POST", target_of(scheme, "https://example.com/hook", encode(event)))
    delivery = deliver(
        event,
        scheme,
        scheme.read_signing_key(pair.private),
        at=1_790_000_000.0,
        delivery_id="d-1",
        request=request,
    )
    key = scheme.read_verifying_key(pair.public)
    refused = scheme.verify(
        delivery.body, delivery.headers, key, now=1_790_000_001.0, tolerance=5.0, request=request
    )
    assert refused is None
    assert delivery.id == "d-1"
    assert delivery.event_type == "ContactCreate"
    assert delivery.header("content-type") == "application/json"
    assert delivery.body == encode(event)


def test_a_header_said_by_the_user_replaces_the_sender_s_own_and_no_signature() -> None:
    scheme = SCHEMES["hmac-timestamp"]
    event = Event("ContactCreate", 0.0, {"type": "ContactCreate"})
    delivery = deliver(
        event,
        scheme,
        b"secret",
        at=5.0,
        delivery_id="d",
        extra=(("user-agent", "mine"), ("X-Signature", "forged"), ("X-Team", "a")),
    )
    names = [name.lower() for name, _ in delivery.headers]
    assert names.count("user-agent") == 1
    assert delivery.header("User-Agent") == "mine"
    assert delivery.header("X-Signature") != "forged"
    assert delivery.header("X-Team") == "a"


def test_a_key_of_another_scheme_is_refused() -> None:
    event = Event("ContactCreate", 0.0, {})
    with pytest.raises(KeyMaterialError):
        deliver(event, SCHEMES["ghl"], b"secret", at=0.0, delivery_id="d")


def test_every_provider_s_default_scheme_is_in_the_catalogue_of_schemes() -> None:
    assert {provider.default_scheme for provider in PROVIDERS.values()} <= set(SCHEMES)
    assert all(name == provider.name for name, provider in PROVIDERS.items())
