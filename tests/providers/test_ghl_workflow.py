"""The unsigned workflow webhook: snake_case, one text for tags, nothing to deduplicate by."""

import pytest

from ghlctl.errors import UsageError
from ghlctl.providers.catalogue import provider_named
from ghlctl.providers.deliver import deliver, encode
from ghlctl.signing.catalogue import scheme_named

WORKFLOW = provider_named("ghl-workflow")
ROOT = [
    "contact_id",
    "first_name",
    "last_name",
    "full_name",
    "email",
    "phone",
    "tags",
    "address1",
    "city",
    "state",
    "country",
    "timezone",
    "date_created",
    "postal_code",
    "company_name",
    "website",
    "contact_source",
    "full_address",
    "contact_type",
    "location",
    "workflow",
    "triggerData",
    "contact",
    "attributionSource",
    "customData",
]


@pytest.mark.parametrize("event_type", WORKFLOW.event_types)
def test_a_body_has_the_documented_root_and_no_envelope(event_type: str) -> None:
    source = WORKFLOW.source(1, contacts=20, locations=2)
    for number in range(30):
        event = source.event(event_type, at=1.79e9, delivery_id=f"d-{number}")
        assert set(ROOT) <= set(event.payload)
        assert not {"type", "webhookId", "timestamp", "appId"} & set(event.payload)
        assert isinstance(event.payload["tags"], str)
        assert f"d-{number}" not in encode(event).decode()


def test_the_platform_s_misspelt_names_are_kept() -> None:
    source = WORKFLOW.source(1, contacts=3, locations=1)
    moved = source.event("OpportunityChanged", at=1.79e9, delivery_id="d").payload
    booked = source.event("AppointmentBooked", at=1.79e9, delivery_id="d").payload
    assert "pipleline_stage" in moved
    assert "appoinmentStatus" in booked["calendar"]


def test_a_delivery_is_unsigned() -> None:
    scheme = scheme_named(WORKFLOW.default_scheme)
    event = WORKFLOW.source(1, contacts=3, locations=1).event(
        "ContactChanged", at=1.79e9, delivery_id="d"
    )
    sent = deliver(event, scheme, b"", at=1.79e9, delivery_id="d")
    assert not [name for name, _ in sent.headers if "signature" in name.lower()]


def test_it_is_described_with_its_weakness_and_refuses_other_names() -> None:
    about = WORKFLOW.describe("ContactChanged")
    assert "unsigned" in about.note
    assert {"tags", "location.id", "customData"} <= {field.name for field in about.fields}
    with pytest.raises(UsageError):
        WORKFLOW.describe("ContactCreate")


def test_a_fresh_source_gives_the_same_bodies() -> None:
    one, other = (WORKFLOW.source(4, contacts=9, locations=2) for _ in range(2))
    for event_type in WORKFLOW.event_types:
        assert one.event(event_type, at=1.79e9, delivery_id="a") == other.event(
            event_type, at=1.79e9, delivery_id="b"
        )
