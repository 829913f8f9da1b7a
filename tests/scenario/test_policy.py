from datetime import date
from typing import Any

import pytest

from ghlctl.analysis.thresholds import parse_threshold
from ghlctl.errors import UsageError
from ghlctl.model.threshold import Level, Place
from ghlctl.scenario.policy import PRESETS, places_in, preset, read_policy
from ghlctl.scenario.suppressions import read_suppressions

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_read_and_every_threshold_in_them(name: str) -> None:
    policy = preset(name)
    assert policy.name == name
    for each in policy.thresholds:
        parse_threshold(each.expr)
    assert all(place.file == "" for place in policy.places)


def test_the_plan_holds_what_the_plan_says() -> None:
    assert [each.expr for each in preset("plan").thresholds] == [
        "response_time mean < 500ms",
        "response_time p95 < 600ms",
        "error_rate < 1%",
        "throughput > 20/s",
        "audit score > 95",
    ]


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(UsageError) as refused:
        preset("lax")
    assert "plan, strict, smoke" in refused.value.hint


POLICY = """\
name: mine
thresholds:
  - "error_rate < 1%"

  - {expr: "audit score > 90", level: warn}
"""


def test_thresholds_know_their_lines() -> None:
    policy = read_policy(POLICY, "gate.yaml")
    assert policy.places == (Place("gate.yaml", 3), Place("gate.yaml", 5))
    assert policy.thresholds[1].level is Level.WARN
    assert places_in(POLICY, "gate.yaml")["audit score > 90"] == Place("gate.yaml", 5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: a\nthresholds: []", "gate.yaml:2: thresholds: a policy without thresholds"),
        ("name: a", "thresholds is missing"),
        ("name: a\nthreshold: [x]", "unknown key"),
        ("name: a\nthresholds:\n  - {expr: x, levl: warn}", "gate.yaml:3"),
        ("name: a\nthresholds:\n  - {expr: x, level: loud}", "gate.yaml:3"),
        ("name: a\nthresholds:\n  - {expr: x, after: soon}", "gate.yaml:3"),
        ("", "gate.yaml is empty"),
        ("- a", "a mapping is expected"),
    ],
)
def test_a_policy_that_cannot_be_read_says_where(text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_policy(text, "gate.yaml")
    assert said in refused.value.message


ENTRY: dict[str, Any] = {
    "id": "RPL-05",
    "reason": "fix-planned",
    "statement": "the unique constraint comes with the next migration",
    "owner": "payments team",
    "expires": "2027-01-31",
}


def suppressions(**changes: Any) -> str:
    kept = {key: value for key, value in (ENTRY | changes).items() if value is not None}
    lines = [f"{key}: {value}" for key, value in kept.items()]
    return "suppressions:\n  - " + "\n    ".join(lines) + "\n"


def test_a_suppression_is_read_with_all_that_it_says() -> None:
    (read,) = read_suppressions(suppressions(), "accepted.yaml", today=TODAY)
    assert (read.id, read.owner, read.expires, read.target) == (
        "RPL-05",
        "payments team",
        "2027-01-31",
        "*",
    )


def test_an_expired_suppression_is_read_so_that_it_can_fail() -> None:
    (read,) = read_suppressions(suppressions(expires="2020-01-01"), "a.yaml", today=TODAY)
    assert read.expires == "2020-01-01"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reason": None}, "reason is missing"),
        ({"owner": None}, "owner is missing"),
        ({"expires": None}, "expires is missing"),
        ({"statement": None}, "statement is missing"),
        ({"statement": '" "'}, "needs a statement"),
        ({"owner": '""'}, "a suppression's owner"),
        ({"reason": "because"}, "unknown value"),
        ({"expires": "soon"}, "this is no date"),
        ({"expires": "2027-13-01"}, "this is no date"),
        ({"expires": "2027-05-22"}, "180 days at most"),
        ({"until": "2027-01-01"}, "unknown key"),
    ],
)
def test_a_suppression_without_reason_owner_or_near_end_is_refused(
    changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError) as refused:
        read_suppressions(suppressions(**changes), "accepted.yaml", today=TODAY)
    assert said in refused.value.message
    assert refused.value.message.startswith("accepted.yaml:")


def test_half_a_year_is_the_longest() -> None:
    assert read_suppressions(suppressions(expires="2027-05-21"), "a.yaml", today=TODAY)
