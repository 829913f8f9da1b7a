"""What the ghl provider sends, held against the platform's own event pages."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ghlctl.errors import UsageError
from ghlctl.model.delivery import Event
from ghlctl.providers.catalogue import provider_named
from ghlctl.providers.deliver import encode
from ghlctl.providers.ghl.custom_fields import BEDROOMS, BUDGET, CITY, PROPERTY_TYPE, PROPERTY_TYPES
from ghlctl.providers.ghl.places import PLACES
from ghlctl.providers.provider import EventSource
from ghlctl.reference.app import EVENT_ROUTES

GHL = provider_named("ghl")
FACTS = json.loads((Path(__file__).parent / "highlevel_fields.json").read_text())
AT = 1_790_000_000.25
ID = re.compile(r"[0-9A-Za-z]{20}")
PHONE = re.compile(r"\+1[2-9]\d\d55501\d\d")
EMAIL = re.compile(r"[a-z0-9]+\.[a-z0-9]+@example\.(com|net)")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

DOC_ERRORS = {"AppointmentCreate", "OutboundMessage", "one_time"}
"""Types that documented examples of other events carry by mistake, and a price's own field."""

VARIED = ("customFields[].value", "permissions.", "properties[].", "trial.", "whitelabelDetails.")
every_type = pytest.mark.parametrize("event_type", GHL.event_types)


def small_source(seed: int = 7) -> EventSource:
    return GHL.source(seed, contacts=60, locations=5)


def events(source: EventSource, event_type: str, count: int, start: float = AT) -> list[Event]:
    return [
        source.event(event_type, at=start + n / 8, delivery_id=f"delivery-{n}")
        for n in range(count)
    ]


def json_type(value: Any) -> str:
    kinds = {
        bool: "boolean",
        int: "number",
        float: "number",
        str: "string",
        list: "array",
        dict: "object",
        type(None): "null",
    }
    return kinds[type(value)]


def types_of(value: Any, prefix: str = "") -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for key, inner in value.items():
        found.setdefault(prefix + key, set()).add(json_type(inner))
        parts = inner if isinstance(inner, list) else [inner]
        deeper = f"{prefix}{key}[]." if isinstance(inner, list) else f"{prefix}{key}."
        for part in parts:
            if isinstance(part, dict):
                for name, kinds in types_of(part, deeper).items():
                    found.setdefault(name, set()).update(kinds)
    return found


def test_all_77_events_are_provided() -> None:
    assert set(GHL.event_types) == set(FACTS["events"])
    assert len(GHL.event_types) == 77
    assert sum(fact["cc0"] for fact in FACTS["events"].values()) == 58


@every_type
def test_a_body_has_documented_fields_only_beside_the_envelope(event_type: str) -> None:
    allowed = set(FACTS["events"][event_type]["fields"]) | set(FACTS["envelope"]) | {"type"}
    for event in events(small_source(), event_type, 60):
        assert set(event.payload) <= allowed
        assert event.type == event_type


@every_type
def test_the_wire_type_is_the_documented_one(event_type: str) -> None:
    documented = set(FACTS["events"][event_type]["wire_types"]) - (DOC_ERRORS - {event_type})
    sent = {event.payload["type"] for event in events(small_source(), event_type, 40)}
    if event_type in {"PriceUpdate", "PriceDelete"}:
        assert sent == {"one_time", "recurring"}
    else:
        assert sent == (documented or {event_type})


@every_type
def test_every_documented_example_field_is_sent_by_some_delivery(event_type: str) -> None:
    sent = {name for event in events(small_source(), event_type, 200) for name in event.payload}
    unused = {"conversationProviderId"}  # set only by custom conversation providers
    documented = {
        name for name in FACTS["events"][event_type]["example_types"] if "." not in name
    } - unused
    assert documented <= sent


@every_type
def test_values_have_the_json_types_of_the_documented_examples(event_type: str) -> None:
    documented = FACTS["events"][event_type]["example_types"]
    for event in events(small_source(), event_type, 60):
        for name, kinds in types_of(event.payload).items():
            if (
                name in documented
                and name != "customFields[].value"
                and documented[name] != ["null"]
            ):
                assert kinds <= set(documented[name]), name
            elif "." in name and FACTS["events"][event_type]["cc0"]:
                assert name.startswith(VARIED), name


@every_type
def test_the_description_names_exactly_the_documented_fields(event_type: str) -> None:
    description = GHL.describe(event_type)
    top = {field.name for field in description.fields if "." not in field.name}
    assert top == set(FACTS["events"][event_type]["fields"]) | set(FACTS["envelope"])
    assert set(description.tenancy) == top & {"locationId", "altId", "companyId"}
    assert len({field.name for field in description.fields}) == len(description.fields)
    assert description.summary.startswith("sent when a")


@every_type
def test_the_description_names_every_nested_field_that_is_sent(event_type: str) -> None:
    named = {field.name for field in GHL.describe(event_type).fields} | {"type"}
    for event in events(small_source(), event_type, 30):
        assert set(types_of(event.payload)) <= named


@every_type
def test_the_envelope_is_flat_and_carries_the_delivery(event_type: str) -> None:
    (event,) = events(small_source(), event_type, 1)
    assert event.occurred_at == AT
    assert event.payload["webhookId"] == "delivery-0"
    assert event.payload["timestamp"] == "2026-09-21T14:13:20.250Z"
    assert re.fullmatch(r"[0-9a-f]{24}", event.payload["appId"])
    assert re.fullmatch(r"[0-9a-f]{24}", event.payload["versionId"])
    assert not {"data", "payload", "contact"} & set(event.payload)


@every_type
def test_a_fresh_source_gives_the_same_events_and_another_seed_others(event_type: str) -> None:
    first = events(small_source(), event_type, 20)
    assert first == events(small_source(), event_type, 20)
    assert first != events(small_source(8), event_type, 20)


@every_type
def test_no_two_deliveries_are_alike(event_type: str) -> None:
    assert len({encode(event) for event in events(small_source(), event_type, 400)}) == 400


@pytest.mark.parametrize("event_type", [name for name in GHL.event_types if "Create" in name])
def test_no_two_creations_are_alike_even_at_one_instant_under_one_id(event_type: str) -> None:
    source = small_source()
    made = [source.event(event_type, at=AT, delivery_id="x") for _ in range(400)]
    assert len({encode(event) for event in made}) == 400


@every_type
def test_later_events_do_not_change_earlier_ones(event_type: str) -> None:
    source = small_source()
    before = events(source, event_type, 20)
    bodies = [encode(event) for event in before]
    for other in GHL.event_types:
        events(source, other, 20)
    assert [encode(event) for event in before] == bodies


def test_contacts_carry_what_a_receiver_scores_and_matches_by() -> None:
    for event in events(small_source(), "ContactCreate", 200):
        payload = event.payload
        assert ID.fullmatch(payload["id"])
        assert ID.fullmatch(payload["locationId"])
        assert PHONE.fullmatch(payload["phone"])
        assert EMAIL.fullmatch(payload["email"])
        assert payload["tags"]
        assert payload["source"]
        assert payload["country"] == "US"
        assert INSTANT.fullmatch(payload["dateAdded"])
        wishes = {field["id"]: field["value"] for field in payload["customFields"]}
        assert set(wishes) == {BUDGET, BEDROOMS, PROPERTY_TYPE, CITY}
        assert 5000 <= wishes[BUDGET] < 10_000_000
        assert 1 <= wishes[BEDROOMS] <= 6
        assert wishes[PROPERTY_TYPE] in PROPERTY_TYPES
        assert wishes[CITY] in {place.city for place in PLACES}


def test_addresses_and_numbers_reach_nobody_real() -> None:
    source = small_source()
    for event_type in GHL.event_types:
        for event in events(source, event_type, 20):
            body = encode(event).decode()
            for found in re.findall(r"@([a-z0-9.-]+)", body):
                assert found in {"example.com", "example.net"}
            for found in re.findall(r"https?://([^/\"]+)", body):
                assert found.endswith("example.com")


def test_created_contacts_are_new_and_of_distinct_addresses() -> None:
    created = events(small_source(), "ContactCreate", 300)
    assert len({event.payload["id"] for event in created}) == 300
    assert len({event.payload["email"] for event in created}) == 300


def test_a_deleted_contact_never_returns() -> None:
    source = small_source()
    gone = {event.payload["id"] for event in events(source, "ContactDelete", 200)}
    later = {event.payload["id"] for event in events(source, "ContactUpdate", 500)}
    assert len(gone) == 200
    assert not gone & later


def test_contacts_return_and_some_far_more_often_than_others() -> None:
    source = GHL.source(3, contacts=400, locations=8)
    seen = [event.payload["contactId"] for event in events(source, "NoteCreate", 1000)]
    counts = sorted((seen.count(one) for one in set(seen)), reverse=True)
    assert sum(counts[:20]) > 700
    assert len(counts) > 100


def test_all_locations_are_used_and_a_contact_stays_in_its_own() -> None:
    source = GHL.source(3, contacts=200, locations=7)
    home: dict[str, str] = {}
    for event_type, name in (("ContactUpdate", "id"), ("NoteCreate", "contactId")):
        for event in events(source, event_type, 600):
            contact, location = event.payload[name], event.payload["locationId"]
            assert home.setdefault(contact, location) == location
    assert len(set(home.values())) == 7


def test_a_contact_was_added_before_anything_happened_to_it() -> None:
    source = small_source()
    added: dict[str, str] = {}
    for hour, event_type in enumerate(("ContactUpdate", "ContactCreate", "ContactTagUpdate")):
        for event in events(source, event_type, 200, AT + 3600 * hour):
            assert event.payload["dateAdded"] <= event.payload["timestamp"]
            day = added.setdefault(event.payload["id"], event.payload["dateAdded"])
            assert day == event.payload["dateAdded"]
    for hour, event_type in enumerate(("TaskComplete", "OpportunityUpdate", "NoteDelete")):
        for event in events(source, event_type, 200, AT + 3600 * (3 + hour)):
            contact = event.payload["contactId"]
            assert added.get(contact, "") <= event.payload["dateAdded"]
            assert event.payload["dateAdded"] <= event.payload["timestamp"]


@pytest.mark.parametrize(
    ("event_type", "name"),
    [
        ("OpportunityStageUpdate", "pipelineStageId"),
        ("OpportunityStatusUpdate", "status"),
        ("OpportunityAssignedToUpdate", "assignedTo"),
        ("OpportunityMonetaryValueUpdate", "monetaryValue"),
        ("ContactTagUpdate", "tags"),
        ("ContactDndUpdate", "dnd"),
        ("NoteUpdate", "body"),
    ],
)
def test_an_update_changes_what_it_is_about(event_type: str, name: str) -> None:
    last: dict[str, Any] = {}
    source = GHL.source(5, contacts=10, locations=1)
    for event in events(source, event_type, 200):
        assert last.get(event.payload["id"]) != event.payload[name]
        last[event.payload["id"]] = event.payload[name]


def test_an_update_concerns_the_record_that_was_created() -> None:
    source = GHL.source(5, contacts=1, locations=1)
    (created,) = events(source, "OpportunityCreate", 1)
    (moved,) = events(source, "OpportunityStageUpdate", 1)
    (deleted,) = events(source, "OpportunityDelete", 1)
    assert created.payload["id"] == moved.payload["id"] == deleted.payload["id"]
    assert moved.payload["pipelineStageId"] == deleted.payload["pipelineStageId"]
    (another,) = events(source, "OpportunityUpdate", 1)
    assert another.payload["id"] != created.payload["id"]


def test_appointments_nest_and_end_after_they_start() -> None:
    for event in events(small_source(), "AppointmentUpdate", 100):
        appointment = event.payload["appointment"]
        assert appointment["startTime"] < appointment["endTime"]
        assert ID.fullmatch(appointment["contactId"])
        assert "contactId" not in event.payload


def test_the_four_routes_carry_provided_types() -> None:
    assert set(EVENT_ROUTES.values()) <= set(GHL.event_types)
    assert len(EVENT_ROUTES) == 4


def test_custom_field_ids_have_the_platform_s_form() -> None:
    ids = (BUDGET, BEDROOMS, PROPERTY_TYPE, CITY)
    assert all(ID.fullmatch(one) for one in ids)
    assert len(set(ids)) == 4


def test_an_unknown_event_type_is_refused_with_the_nearest_name() -> None:
    source = small_source()
    for ask in (
        lambda: source.event("ContactCreat", at=AT, delivery_id="x"),
        lambda: GHL.describe("contactcreate"),
    ):
        with pytest.raises(UsageError) as refused:
            ask()
        assert "ContactCreate" in refused.value.hint


def test_an_unknown_provider_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError) as refused:
        provider_named("gh1")
    assert refused.value.message == "unknown provider 'gh1'"
    assert refused.value.hint == "did you mean 'ghl'?"


@pytest.mark.parametrize(("contacts", "locations"), [(0, 1), (1, 0), (-1, 1), (10**7, 1)])
def test_an_impossible_population_is_refused(contacts: int, locations: int) -> None:
    with pytest.raises(UsageError):
        GHL.source(1, contacts=contacts, locations=locations)


def test_one_contact_in_one_location_is_enough_for_every_event() -> None:
    source = GHL.source(1, contacts=1, locations=1)
    for event_type in GHL.event_types:
        assert events(source, event_type, 5)


def test_making_a_source_leaves_global_randomness_alone() -> None:
    import random  # noqa: PLC0415 - the module itself is what is looked at

    from faker import Faker  # noqa: PLC0415 - as above

    before = random.getstate()
    GHL.source(1, contacts=50, locations=2)
    assert random.getstate() == before
    Faker.seed(11)
    one = Faker().name()
    Faker.seed(11)
    GHL.source(2, contacts=50, locations=2)
    assert Faker().name() == one


def test_the_documented_variant_leaves_out_a_type_that_no_example_shows() -> None:
    stated, documented = provider_named("ghl"), provider_named("ghl-documented")
    for name, fact in FACTS["events"].items():
        shown = documented.source(1, contacts=5, locations=1)
        sure = stated.source(1, contacts=5, locations=1)
        assert "type" in events(sure, name, 1)[0].payload
        (event,) = events(shown, name, 1)
        if fact["cc0"]:
            assert ("type" in event.payload) == ("type" in fact["example_types"])


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("AppInstall", "INSTALL"),
        ("AppUninstall", "UNINSTALL"),
        ("AppUpdate", "UPDATE"),
        ("PlanChange", "PLAN_CHANGE"),
        ("AppPaymentStatus", "APP_PAYMENT_STATUS"),
        ("ExternalAuthConnected", "EXTERNAL_AUTH_CONNECTED"),
        ("ConversationUnreadWebhook", "ConversationUnreadUpdate"),
        ("SaaSPlanCreate", "SaasPlanCreate"),
        ("AppointmentUpdate", "AppointmentUpdate"),
    ],
)
def test_the_wire_s_own_names_are_sent_and_described(name: str, wire: str) -> None:
    (event,) = events(small_source(), name, 1)
    assert event.payload["type"] == wire == GHL.describe(name).wire_type


def test_an_invoice_that_is_paid_owes_nothing_and_is_the_one_that_was_sent() -> None:
    source = GHL.source(5, contacts=1, locations=1)
    (made,) = events(source, "InvoiceCreate", 1)
    (part,) = events(source, "InvoicePartiallyPaid", 1)
    (paid,) = events(source, "InvoicePaid", 1)
    for one in (made, part, paid):
        assert one.payload["amountPaid"] + one.payload["amountDue"] == one.payload["total"]
        assert one.payload["_id"] == made.payload["_id"]
        assert one.payload["altType"] == "location"
    assert paid.payload["amountDue"] == 0
    assert 0 < part.payload["amountPaid"] < part.payload["total"]


def test_what_a_knowledge_base_is_taught_belongs_to_the_base_that_was_made() -> None:
    source = GHL.source(5, contacts=1, locations=1)
    (made,) = events(source, "KnowledgeBaseCreate", 1)
    (taught,) = events(source, "KnowledgeBaseFaqChange", 1)
    assert taught.payload["knowledgeBaseId"] == made.payload["id"]
    assert taught.payload["assetType"] == "faq"


def test_every_event_says_whose_it_is() -> None:
    unowned = [name for name in GHL.event_types if not GHL.describe(name).tenancy]
    assert unowned == ["SaaSPlanCreate"]


def test_what_is_not_confirmed_is_said() -> None:
    assert "not confirmed" in GHL.describe("UserUpdate").note
    assert "not confirmed" in GHL.describe("InvoicePaid").note
    assert "not confirmed" not in GHL.describe("ContactCreate").note
