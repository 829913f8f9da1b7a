"""Changes that fire several events, about one contact, in an order that may be disturbed."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.errors import UsageError
from ghlctl.model.delivery import Event
from ghlctl.providers.catalogue import provider_named
from ghlctl.providers.ghl.event_types import EVENT_TYPES
from ghlctl.providers.ghl.sequences import SEQUENCES, order_of_arrival, sequence_named
from ghlctl.providers.provider import StorySource

AT = 1_790_000_000.0


def story(name: str, seed: int = 3) -> list[Event]:
    source = provider_named("ghl").source(seed, contacts=40, locations=3)
    assert isinstance(source, StorySource)
    types = sequence_named(name)
    return source.story(types, at=AT, delivery_ids=[f"d-{n}" for n in range(len(types))])


def contact_of(event: Event) -> str:
    payload = event.payload
    nested = payload.get("appointment") or payload.get("contactDetails") or payload
    if event.type.startswith("Contact") or "contactDetails" in payload:
        return str(nested["id"])
    return str(nested["contactId"])


@pytest.mark.parametrize("name", [name for name in SEQUENCES if name != "app-life"])
def test_all_events_of_a_sequence_concern_one_contact(name: str) -> None:
    told = story(name)
    assert len({contact_of(event) for event in told}) == 1
    assert [event.type for event in told] == list(SEQUENCES[name])
    assert [event.payload["timestamp"] for event in told] == sorted(
        event.payload["timestamp"] for event in told
    )


def test_every_event_of_every_sequence_is_provided() -> None:
    assert {name for types in SEQUENCES.values() for name in types} <= set(EVENT_TYPES)


def test_a_stage_that_moves_fires_two_events_about_one_opportunity() -> None:
    moved, updated = story("stage-moved")
    assert moved.payload["id"] == updated.payload["id"]
    assert moved.payload["pipelineStageId"] == updated.payload["pipelineStageId"]


def test_the_straggler_after_a_deletion_concerns_what_was_deleted() -> None:
    told = story("opportunity-life")
    assert len({event.payload["id"] for event in told}) == 1
    assert [event.type for event in told][-2:] == ["OpportunityDelete", "OpportunityUpdate"]


def test_what_was_deleted_in_a_story_is_gone_after_it() -> None:
    source = provider_named("ghl").source(3, contacts=1, locations=1)
    assert isinstance(source, StorySource)
    told = source.story(["OpportunityCreate", "OpportunityDelete"], at=AT, delivery_ids=["a", "b"])
    later = source.event("OpportunityUpdate", at=AT + 9, delivery_id="c")
    assert later.payload["id"] != told[0].payload["id"]


@given(st.integers(0, 40), st.integers(0, 2**32), st.floats(0, 1))
def test_an_order_of_arrival_loses_and_doubles_nothing(n: int, seed: int, share: float) -> None:
    assert sorted(order_of_arrival(n, Random(seed), out_of_order=share)) == list(range(n))


def test_nothing_is_swapped_unless_asked_for_and_everything_if_wholly_asked_for() -> None:
    assert order_of_arrival(5, Random(1)) == (0, 1, 2, 3, 4)
    assert order_of_arrival(5, Random(1), out_of_order=1) == (1, 0, 3, 2, 4)


def test_an_unknown_sequence_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError) as refused:
        sequence_named("stage-move")
    assert "stage-moved" in refused.value.hint
