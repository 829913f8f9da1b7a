"""Every flaw trips its check and no other of its topic; a sample of them no other at all."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from ghlctl.audit.about import Topic
from ghlctl.model.finding import AuditSummary, Confidence, Outcome
from tests.audit.flaws.flaw import Flaw
from tests.audit.flaws.matrix import BY_TOPIC, FLAWS, SAMPLE, scope_of
from tests.audit.street import Street
from tests.audit.trial import all_tried, name_of, tripped


@pytest.fixture(scope="module")
def audits(street: Street, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, AuditSummary]:
    folder = tmp_path_factory.mktemp("logs")
    everyone = SAMPLE + tuple(flaw for flaw in FLAWS if flaw not in SAMPLE)  # the slowest first
    return all_tried(street, folder, ((flaw, scope_of(flaw)) for flaw in everyone))


@pytest.mark.parametrize("flaw", FLAWS, ids=name_of)
def test_a_flaw_trips_its_check_and_no_other(
    flaw: Flaw, audits: Mapping[str, AuditSummary]
) -> None:
    assert tripped(audits[name_of(flaw)], flaw) == dict(flaw.trips)


@pytest.mark.parametrize("flaw", FLAWS, ids=name_of)
def test_a_flaw_that_trips_several_checks_says_why(flaw: Flaw) -> None:
    assert bool(flaw.because) == (len(flaw.trips) > 1)


def test_names_of_flaws_are_their_own() -> None:
    assert len({name_of(flaw) for flaw in FLAWS}) == len(FLAWS)


def test_a_flaw_meets_its_own_topic_and_what_it_trips_and_one_of_each_topic_meets_all() -> None:
    for topic, flaws in BY_TOPIC.items():
        scopes = [scope_of(flaw) for flaw in flaws]
        assert scopes.count(frozenset()) == min(1, len(flaws))
        assert all(topic in scope for scope in scopes if scope)
    foreign = replace(BY_TOPIC[Topic.INPUT][-1], trips={"TEN-03": Outcome.FAIL})
    assert scope_of(foreign) == {Topic.TENANCY}


@pytest.mark.parametrize("flaw", FLAWS, ids=name_of)
def test_a_failure_shows_what_the_receiver_did(
    flaw: Flaw, audits: Mapping[str, AuditSummary]
) -> None:
    for one in audits[name_of(flaw)].checks:
        if one.outcome is Outcome.FAIL and one.confidence is Confidence.CONFIRMED:
            assert any(exchange.effects for exchange in one.evidence)
            assert re.search(r"\b(\d+) of \1\b", one.reason)
