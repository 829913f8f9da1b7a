"""Requests printed from stencils: each is the request that the general path would have made."""

import hashlib
import hmac
import json
import uuid
from itertools import islice, pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghlctl.load.address import request_bytes
from ghlctl.load.frames import LOCATION_BITS
from ghlctl.load.identity import delivery_ids, identities
from ghlctl.load.plan import LoadPlan
from ghlctl.load.press import KEPT, Press
from ghlctl.load.stencil import SPARE, Stencil, pack_stencil, unpack_stencils
from ghlctl.load.workshop import Order, Workshop, fresh_id, open_workshop, spares
from ghlctl.model.delivery import Event, Headers
from ghlctl.model.trace import traceparent
from ghlctl.providers.catalogue import provider_named
from ghlctl.providers.deliver import deliver
from ghlctl.providers.tenancy import location_of
from ghlctl.scenario.scenario import Burst
from ghlctl.signing.hmac_timestamp import prepare
from ghlctl.signing.prepared import PreparedHmac

SECRET = b"a test secret"
AT = 1_790_000_000.25
TYPES = provider_named("ghl").event_types


def plan_of(headers: Headers = (), scheme: str = "hmac-timestamp") -> LoadPlan:
    return LoadPlan(
        url="http://127.0.0.1:1/hook",
        provider="ghl",
        scheme=scheme,
        key_ref="env:KEY",
        events=dict.fromkeys(TYPES, 1.0),
        stages=(Burst(1),),
        seed=3,
        folder="unused",
        headers=headers,
    )


def workshop_of(headers: Headers = ()) -> Workshop:
    return open_workshop(plan_of(headers), {"KEY": SECRET.decode()}, threads=1)


def stencil_of(workshop: Workshop, event: int, at: float = AT) -> Stencil:
    order = Order(TYPES[event], at, fresh_id())
    stencil = workshop.stencil(order, segment=0, event=event)
    assert stencil is not None
    return stencil


def press_of(*stencils: Stencil) -> Press:
    press = Press(prepare(SECRET), provider_named("ghl").moment, len(TYPES))
    for stencil in stencils:
        press.add(stencil)
    return press


def payload_of(request: bytes) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(request.partition(b"\r\n\r\n")[2])
    return payload


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, len(TYPES) - 1),
    st.integers(1_700_000_000_000, 1_900_000_000_000),
    st.sampled_from([(), (("X-Mine", "100 %"), ("Host", "b.test"))]),
)
def test_a_printed_request_is_what_the_general_path_makes(
    event: int, millisecond: int, headers: Headers
) -> None:
    workshop = workshop_of(headers)
    press = press_of(stencil_of(workshop, event))
    for later in (0, 1, 1500):
        unix_ns = (millisecond + later) * 1_000_000
        made = press.make(event, unix_ns)
        assert made is not None
        name, request = made
        payload = payload_of(request)
        assert payload["webhookId"] == name.decode()
        assert payload["timestamp"] == provider_named("ghl").moment(unix_ns / 1e9)
        again = deliver(
            Event(TYPES[event], unix_ns / 1e9, payload),
            workshop.scheme,
            workshop.key,
            at=unix_ns // 1_000_000 / 1e3,
            delivery_id=name.decode(),
            extra=(*headers, ("traceparent", traceparent(name.decode()))),
        )
        assert request == request_bytes(workshop.address, again)


def test_fresh_events_go_first_in_their_order_and_then_the_latest_again_in_turn() -> None:
    workshop = workshop_of()
    stencils = [stencil_of(workshop, 0) for _ in range(KEPT + 2)]
    contacts = [payload_of(stencil.request)["id"] for stencil in stencils]
    assert len(set(contacts)) == KEPT + 2
    press = press_of(*stencils)
    sent = [press.make(0, int(AT * 1e9)) for _ in range(2 * KEPT + 2)]
    found = [payload_of(made[1])["id"] for made in sent if made is not None]
    assert found == contacts + contacts[2:]
    assert len({made[0] for made in sent if made is not None}) == len(sent)
    assert press.make(1, 0) is None


def test_what_a_segment_did_not_use_is_forgotten_and_spares_are_not() -> None:
    workshop = workshop_of()
    press = press_of(stencil_of(workshop, 0), *spares(workshop, plan_of(), AT))
    press.forget_fresh()
    assert press.stock == 0
    assert all(press.make(event, int(AT * 1e9)) is not None for event in range(len(TYPES)))


@pytest.mark.parametrize("name", ["X-Signature", "x-timestamp"])
def test_a_header_that_hides_a_hole_leaves_no_stencil(name: str) -> None:
    order = Order(TYPES[0], AT, fresh_id())
    assert workshop_of(((name, "mine"),)).stencil(order, segment=0, event=0) is None


@given(st.binary(max_size=200), st.binary(max_size=300), st.binary(max_size=300))
def test_a_prepared_signature_is_the_usual_one(key: bytes, start: bytes, rest: bytes) -> None:
    prepared = PreparedHmac(key)
    begun = prepared.begin(start)
    expected = hmac.new(key, start + rest, hashlib.sha256).hexdigest().encode()
    assert prepared.finish(begun, rest) == expected
    assert prepared.finish(begun, rest) == expected  # and finishing used nothing up


@settings(deadline=None)
@given(st.lists(st.integers(0, 6000), max_size=6))
def test_stencils_survive_any_split_of_the_pipe(places: list[int]) -> None:
    workshop = workshop_of()
    sent = [stencil_of(workshop, event) for event in (0, 5, 9)]
    text = b"".join(map(pack_stencil, sent))
    ends = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    came: list[Stencil] = []
    rest = b""
    for begin, end in pairwise(ends):
        fresh, rest = unpack_stencils(rest + text[begin:end])
        came += fresh
    assert (came, rest) == (sent, b"")


def test_delivery_ids_are_random_uuids() -> None:
    names = [*islice(delivery_ids(), 1200)]
    assert len(set(names)) == len(names)
    for name in names:
        read = uuid.UUID(name.decode())
        assert (read.version, read.variant, str(read).encode()) == (4, uuid.RFC_4122, name)


def test_spares_are_other_people_than_the_run_s_own() -> None:
    workshop = workshop_of()
    found = [*spares(workshop, plan_of(), AT)]
    assert {stencil.event for stencil in found} == set(range(len(TYPES)))
    assert {stencil.segment for stencil in found} == {SPARE}
    own = payload_of(stencil_of(workshop, 0).request)["id"]
    assert own not in {payload_of(stencil.request).get("id") for stencil in found}


def test_a_printed_request_is_of_a_location_that_the_tag_names() -> None:
    workshop = workshop_of()
    names = {number: name for name, number in workshop.locations.items()}
    assert len(names) == 40
    press = press_of(*spares(workshop, plan_of(), AT))
    for event in range(len(TYPES)):
        made = press.make(event, int(AT * 1e9))
        assert made is not None
        assert names.get(press.location >> LOCATION_BITS, "") == location_of(payload_of(made[1]))


def test_as_many_locations_as_asked_for_are_sent_about() -> None:
    plan = msgspec.structs.replace(plan_of(), locations=3, events={"ContactCreate": 1.0})
    workshop = open_workshop(plan, {"KEY": SECRET.decode()}, threads=1)
    orders = [Order("ContactCreate", AT, fresh_id()) for _ in range(50)]
    found = {location_of(payload_of(made.request)) for made in workshop.make(orders)}
    apart = {location_of(payload_of(each.request)) for each in spares(workshop, plan, AT)}
    assert found == set(workshop.locations)
    assert len(found) == 3
    assert apart <= found


def test_the_trace_of_a_printed_request_is_its_delivery_s() -> None:
    for name, trace in islice(identities(), 600):
        assert trace.decode() == traceparent(name.decode())


def test_a_traceparent_of_one_s_own_leaves_no_stencil_and_is_sent_alone() -> None:
    own = f"00-{'a' * 32}-{'b' * 16}-00"
    workshop = workshop_of((("Traceparent", own),))
    order = Order(TYPES[0], AT, fresh_id())
    assert workshop.stencil(order, segment=0, event=0) is None
    (made,) = workshop.make([order])
    assert made.request.lower().count(b"traceparent:") == 1
    assert own.encode() in made.request
