"""The catalogue is complete, and says of every check what a reader needs."""

import re

import pytest

from ghlctl.audit.about import Topic
from ghlctl.audit.catalogue import CHECKS, CONTROLS, EVERYTHING, about, about_all, in_scope
from ghlctl.audit.checks import duplicates, replay, resilience, signature
from ghlctl.audit.checks import input as shape
from ghlctl.audit.script import Check
from ghlctl.errors import UsageError
from ghlctl.model.finding import Severity

PREFIXES = {
    Topic.CONTROLS: "CTL",
    Topic.SIGNATURE: "SIG",
    Topic.REPLAY: "RPL",
    Topic.INPUT: "INP",
    Topic.RESILIENCE: "RES",
}
REFERENCE = re.compile(r"CWE-\d+|ASVS v5\.0\.0-\d+\.\d+\.\d+|API(?:10|[1-9]):2023")


def test_every_check_that_is_written_is_in_the_catalogue() -> None:
    modules = (duplicates, shape, replay, resilience, signature)
    written = {v.about.id for m in modules for v in vars(m).values() if isinstance(v, Check)}
    assert written == {check.about.id for check in CHECKS}


def test_ids_are_unique_and_tell_their_topic() -> None:
    ids = [one.id for one in about_all()]
    assert len(ids) == len(set(ids))
    assert all(one.id.startswith(PREFIXES[one.topic] + "-") for one in about_all())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.about.id)
def test_a_check_says_what_it_asks_why_and_what_to_do(check: Check) -> None:
    one = check.about
    assert all((one.title, one.asks, one.correct, one.why, one.remedy, one.references))
    assert all(REFERENCE.fullmatch(reference) for reference in one.references)
    assert one.severity is not Severity.INFO
    assert not one.title.endswith(".")


def test_controls_weigh_nothing() -> None:
    assert all(one.severity is Severity.INFO for one in CONTROLS)


def test_a_scope_is_a_topic_an_id_or_everything() -> None:
    assert in_scope(None) == in_scope(frozenset({EVERYTHING})) == CHECKS
    assert {check.about.id for check in in_scope(frozenset({"resilience", "SIG-01"}))} == {
        "RES-01",
        "SIG-01",
    }


def test_an_unknown_check_is_answered_with_the_closest() -> None:
    assert about("sig-01").id == "SIG-01"
    with pytest.raises(UsageError) as refused:
        about("SIG-1")
    assert "SIG-01" in refused.value.hint
