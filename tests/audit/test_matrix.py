"""Every flaw trips its check and no other; correct receivers trip nothing."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from ghlctl.audit.receiver import Means
from ghlctl.model.finding import AuditSummary, Confidence, Outcome
from tests.audit.book import upstream_app
from tests.audit.conftest import Audit, Serve
from tests.audit.flaws.flaw import Flaw
from tests.audit.flaws.matrix import CORRECT, FLAWS
from tests.audit.street import Street

SETTLED = (
    Outcome.PASS,
    Outcome.NOT_APPLICABLE,
    Outcome.INFORMATIVE,
    Outcome.NOT_TESTED,  # what needs hooks or a second key has tests of its own
)
Audits = dict[tuple[str, str], AuditSummary]


def name_of(flaw: Flaw) -> str:
    return f"{flaw.name}-{flaw.scheme}"


@pytest.fixture(scope="session")
def audits(
    street: Street, serve: Serve, audit: Audit, tmp_path_factory: pytest.TempPathFactory
) -> Audits:
    """All receivers are audited side by side, because most of an audit is waiting."""

    def one(flaw: Flaw) -> AuditSummary:
        own = street.app(upstream_app())  # nobody can tell whose an effect is that has no mark
        log = folder / f"{name_of(flaw)}.log"
        log.touch()
        url = serve(flaw.scheme, lambda steps: flaw.make(replace(steps, log=log)), own)
        means = Means(logs=(log,), intrusive=True)
        return audit(url, flaw.scheme, upstream_url=own, means=means)

    folder = tmp_path_factory.mktemp("logs")

    everyone = CORRECT[::-1] + FLAWS  # the slowest first
    with ThreadPoolExecutor(max_workers=4) as pool:
        summaries = list(pool.map(one, everyone))
    return {(f.name, f.scheme): s for f, s in zip(everyone, summaries, strict=True)}


def tripped(summary: AuditSummary) -> dict[str, Outcome]:
    return {one.id: one.outcome for one in summary.checks if one.outcome not in SETTLED}


@pytest.mark.parametrize("flaw", FLAWS, ids=name_of)
def test_a_flaw_trips_its_check_and_no_other(flaw: Flaw, audits: Audits) -> None:
    assert tripped(audits[flaw.name, flaw.scheme]) == dict(flaw.trips)


@pytest.mark.parametrize("flaw", FLAWS, ids=name_of)
def test_a_flaw_that_trips_several_checks_says_why(flaw: Flaw, audits: Audits) -> None:
    assert bool(flaw.because) == (len(flaw.trips) > 1)


@pytest.mark.parametrize("flaw", CORRECT, ids=name_of)
def test_a_correct_receiver_trips_nothing(flaw: Flaw, audits: Audits) -> None:
    summary = audits[flaw.name, flaw.scheme]
    assert tripped(summary) == {}
    assert summary.score == summary.score_high == 100.0
    assert summary.grade[:1] == "A"


@pytest.mark.parametrize("flaw", FLAWS, ids=name_of)
def test_a_failure_shows_what_the_receiver_did(flaw: Flaw, audits: Audits) -> None:
    for one in audits[flaw.name, flaw.scheme].checks:
        if one.outcome is Outcome.FAIL and one.confidence is Confidence.CONFIRMED:
            assert any(exchange.effects for exchange in one.evidence)
            assert re.search(r"\b(\d+) of \1\b", one.reason)
