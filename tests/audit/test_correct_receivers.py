"""Correct receivers of every scheme meet every check and trip nothing."""

from collections.abc import Mapping

import pytest

from ghlctl.model.finding import AuditSummary
from tests.audit.flaws.flaw import Flaw
from tests.audit.flaws.matrix import CORRECT
from tests.audit.street import Street
from tests.audit.trial import all_tried, name_of, tripped


@pytest.fixture(scope="module")
def audits(street: Street, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, AuditSummary]:
    folder = tmp_path_factory.mktemp("logs")
    slowest_first = CORRECT[::-1]
    return all_tried(street, folder, ((flaw, frozenset()) for flaw in slowest_first))


@pytest.mark.parametrize("flaw", CORRECT, ids=name_of)
def test_a_correct_receiver_trips_nothing(flaw: Flaw, audits: Mapping[str, AuditSummary]) -> None:
    summary = audits[name_of(flaw)]
    assert tripped(summary, flaw) == {}
    assert summary.score == summary.score_high == 100.0
    assert summary.grade[:1] == "A"
