from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.analysis.attribution import resource_id
from ghlctl.analysis.effects import end_to_end_of, match_effects

Build = Callable[..., Any]


def test_a_key_names_its_delivery_and_operation(
    samples_of: Build, entry: Build, origin: int
) -> None:
    samples = samples_of([0, 100])
    entries = [entry(1, 40, key="d0:contact.update"), entry(2, 160, key="d1:contact.update")]
    matched = match_effects(samples, entries, origin)
    assert matched.summary.expected == matched.summary.seen == 2
    assert (matched.summary.lost, matched.summary.duplicated) == (0, 0)
    assert matched.effects[0].operation == "contact.update"
    assert matched.end_to_end_ms == pytest.approx({"d0": 40, "d1": 60})
    assert matched.summary.end_to_end_ms.mean == pytest.approx(50)


@pytest.mark.parametrize(
    "where",
    [
        {"path": "/contacts/x?delivery=4f1c-77"},
        {"path": "/contacts/4f1c%2D77/notes"},
        {"body": '{"customField":{"source":"4f1c-77"}}'},
        {"body": "seen ghl-4f1c-77-v2, applied"},
        {"key": "4f1c-77"},
        {"key": "unknown:thing", "body": "4f1c-77"},
    ],
)
def test_without_a_key_an_id_is_found_wherever_it_stands(
    samples_of: Build, entry: Build, origin: int, where: dict[str, str]
) -> None:
    samples = samples_of([0], delivery_id=["4f1c-77"])
    matched = match_effects(samples, [entry(1, 5, **where)], origin)
    assert matched.summary.seen == 1
    assert matched.unmarked == 1


def test_an_id_within_a_longer_word_is_no_match(
    samples_of: Build, entry: Build, origin: int
) -> None:
    matched = match_effects(samples_of([0]), [entry(1, 5, body="d0x xd0 d01")], origin)
    assert (matched.summary.seen, matched.summary.lost, matched.unattributed) == (0, 1, 1)


def test_a_key_may_hold_ids_and_operations_with_colons(
    samples_of: Build, entry: Build, origin: int
) -> None:
    samples = samples_of([0], delivery_id=["evt:1"])
    matched = match_effects(samples, [entry(1, 5, key="evt:1:tag:add")], origin)
    assert matched.effects[0].delivery_id == "evt:1"
    assert matched.effects[0].operation == "tag:add"


def test_one_upstream_call_may_be_the_effect_of_many_deliveries(
    samples_of: Build, entry: Build, origin: int
) -> None:
    matched = match_effects(samples_of([0, 1, 2]), [entry(1, 9, body='["d0","d1","d2"]')], origin)
    assert matched.summary.seen == 3


def test_reads_refusals_and_faults_are_calls_but_no_effects(
    samples_of: Build, entry: Build, origin: int
) -> None:
    entries = [
        entry(1, 5, key="d0:update", applied=False, status=503),
        entry(2, 6, key="d0:read", applied=False, method="GET"),
        entry(3, 7, key="d0:update"),
    ]
    matched = match_effects(samples_of([0, 1]), entries, origin)
    assert (matched.summary.seen, matched.summary.lost, matched.summary.duplicated) == (1, 1, 0)
    assert matched.summary.calls_per_event == 1.5


def test_an_operation_applied_twice_is_one_duplicated_delivery(
    samples_of: Build, entry: Build, origin: int
) -> None:
    thrice = [entry(i, 5, key="d0:update") for i in range(3)]
    other = [entry(4, 6, key="d1:update"), entry(5, 7, key="d1:note")]
    assert match_effects(samples_of([0, 1]), [*thrice, *other], origin).summary.duplicated == 1


def test_without_a_key_only_an_exact_repeat_is_a_duplicate(
    samples_of: Build, entry: Build, origin: int
) -> None:
    fields = [entry(i, 5, path="/contacts/d0", body=body) for i, body in enumerate("ab")]
    assert match_effects(samples_of([0]), fields, origin).summary.duplicated == 0
    assert match_effects(samples_of([0]), [*fields, fields[0]], origin).summary.duplicated == 1


def test_an_effect_of_what_was_never_acknowledged_is_unacknowledged_and_not_expected(
    samples_of: Build, entry: Build, origin: int
) -> None:
    samples = samples_of([0, 1], error=["timeout", ""], status=[0, 200])
    matched = match_effects(samples, [entry(1, 5, key="d0:update")], origin)
    summary = matched.summary
    assert (summary.expected, summary.seen, summary.lost, summary.unacknowledged) == (1, 0, 1, 1)


def test_any_acknowledged_attempt_makes_a_delivery_expected_and_the_first_starts_its_clock(
    samples_of: Build, entry: Build, origin: int
) -> None:
    samples = samples_of([0, 500], delivery_id="d0", error=["status", ""], attempt=[1, 2])
    matched = match_effects(samples, [entry(1, 700, key="d0:update")], origin)
    assert (matched.summary.expected, matched.summary.unacknowledged) == (1, 0)
    assert matched.end_to_end_ms == pytest.approx({"d0": 700})


def test_the_last_effect_ends_a_delivery(samples_of: Build, entry: Build, origin: int) -> None:
    entries = [entry(1, 90, key="d0:b"), entry(2, 30, key="d0:a")]
    assert match_effects(samples_of([10]), entries, origin).end_to_end_ms == {"d0": 80}


def test_the_warm_up_can_lose_deliveries_but_is_not_timed(
    samples_of: Build, entry: Build, origin: int
) -> None:
    samples = samples_of([0, 1, 2], warmup=[True, True, False])
    entries = [entry(1, 5, key="d1:u"), entry(2, 5, key="d2:u")]
    matched = match_effects(samples, entries, origin)
    assert (matched.summary.expected, matched.summary.lost) == (3, 1)
    assert list(matched.end_to_end_ms) == ["d2"]


def test_an_effect_before_its_cause_is_shown_as_it_is(
    samples_of: Build, entry: Build, origin: int
) -> None:
    matched = match_effects(samples_of([100]), [entry(1, 60, key="d0:u")], origin)
    assert matched.end_to_end_ms == pytest.approx({"d0": -40})


def test_an_unknown_origin_gives_counts_and_no_times(samples_of: Build, entry: Build) -> None:
    matched = match_effects(samples_of([0]), [entry(1, 5, key="d0:u")], 0)
    assert matched.summary.seen == 1
    assert matched.summary.end_to_end_ms.max is None


def test_dropped_arrivals_without_an_id_are_no_delivery(
    samples_of: Build, entry: Build, origin: int
) -> None:
    samples = samples_of([0, 1, 2], [-1, -1, 5], delivery_id=["", "", "d2"])
    assert match_effects(samples, [], origin).summary.expected == 1


def test_nothing_sent_and_nothing_seen_is_an_answer(samples_of: Build, origin: int) -> None:
    matched = match_effects(samples_of([]), [], origin)
    assert matched.summary.expected == matched.summary.lost == 0
    assert matched.summary.calls_per_event is None


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("ab"), st.booleans()), max_size=30))
def test_every_expected_delivery_is_seen_or_lost(
    samples_of: Build, entry: Build, origin: int, calls: list[tuple[int, str, bool]]
) -> None:
    samples = samples_of([0, 1, 2, 3], error=["", "", "status", ""])
    entries = [
        entry(i, 5, key=f"d{number}:{operation}", applied=applied)
        for i, (number, operation, applied) in enumerate(calls)
    ]
    matched = match_effects(samples, entries, origin)
    summary = matched.summary
    assert summary.seen + summary.lost == summary.expected == 3
    assert summary.unacknowledged <= 1
    assert len(matched.effects) + matched.unattributed == sum(applied for _, _, applied in calls)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/contacts/ocQHyuzHvysMo5N5VsXc/notes?x=1", "ocQHyuzHvysMo5N5VsXc"),
        ("/contacts/", ""),
        ("/v2/opportunities/upsert", ""),
    ],
)
def test_a_resource_is_what_looks_like_an_id(path: str, found: str) -> None:
    assert resource_id(path) == found


def test_stored_effects_give_the_same_end_to_end_times(
    samples_of: Build, entry: Build, origin: int
) -> None:
    samples = samples_of([0, 10, 20])
    entries = [entry(i, 10 * i + 30, key=f"d{i}:u") for i in range(3)]
    matched = match_effects(samples, entries, origin)
    again = end_to_end_of(samples.where(samples.delivery_id != "d1"), matched.effects, origin)
    assert again.delivery_id.tolist() == ["d0", "d2"]
    assert again.ms.tolist() == [30, 30]


def test_a_type_of_event_that_never_had_an_effect_is_named(
    samples_of: Build, entry: Build, origin: int
) -> None:
    samples = samples_of([0, 100, 200], event=["NoteCreate", "ContactDelete", "NoteCreate"])
    matched = match_effects(samples, [entry(1, 40, key="d0:note")], origin)
    assert matched.silent == ("ContactDelete",)
    assert matched.summary.lost == 2
