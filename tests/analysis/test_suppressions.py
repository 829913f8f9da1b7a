from datetime import date
from typing import Any

import msgspec
import pytest

from ghlctl.analysis.suppressions import EXPIRED, UNUSED, accept
from ghlctl.audit.grading import grade
from ghlctl.model.finding import AuditSummary, Confidence, Finding, Outcome, Severity
from ghlctl.model.suppression import AcceptedBecause, Suppression

TODAY = date(2026, 11, 22)
FINDINGS = (
    Finding("SIG-01", "signature", "a", Outcome.PASS, Severity.CRITICAL, Confidence.HIGH, ""),
    Finding("SIG-02", "signature", "b", Outcome.FAIL, Severity.HIGH, Confidence.HIGH, ""),
    Finding("RPL-01", "replay", "c", Outcome.WARN, Severity.LOW, Confidence.HIGH, ""),
)


def audited() -> AuditSummary:
    graded = grade(FINDINGS, controlled=True)
    return AuditSummary(
        schema_version=1,
        run="audit-a",
        receiver="http://127.0.0.1:8700/webhooks/ghl",
        score=graded.score,
        score_low=graded.low,
        score_high=graded.high,
        coverage=graded.coverage,
        grade=graded.letter,
        caps=graded.caps,
        counts=graded.counts,
        checks=FINDINGS,
        cautions=(),
        passed=False,
    )


def suppression(id_: str = "SIG-02", expires: str = "2026-12-31", **more: Any) -> Suppression:
    return Suppression(id_, AcceptedBecause.FIX_PLANNED, "next sprint", "payments", expires, **more)


def accepted(*suppressions: Suppression) -> AuditSummary:
    def lowest(findings: Any) -> float | None:
        return grade(findings, controlled=True).low

    return accept(audited(), suppressions, today=TODAY, regrade=lowest)


def test_an_accepted_finding_stays_and_never_raises_the_score() -> None:
    before, after = audited(), accepted(suppression())
    assert after.checks == before.checks
    assert after.counts == before.counts
    assert (after.score, after.score_low, after.grade) == (
        before.score,
        before.score_low,
        before.grade,
    )
    assert after.passed is False
    assert after.score_with_accepted_risks is not None
    assert after.score_low is not None
    assert after.score_with_accepted_risks > after.score_low


def test_a_suppression_holds_on_its_last_day_and_no_longer() -> None:
    assert accepted(suppression(expires="2026-11-22")).suppressions
    late = accepted(suppression(expires="2026-11-21"))
    assert not late.suppressions
    assert [each.id for each in late.expired_suppressions] == ["SIG-02"]
    assert late.score_with_accepted_risks == late.score_low
    assert [caution.code for caution in late.cautions] == [EXPIRED]


@pytest.mark.parametrize("id_", ["SIG-01", "SIG-99", "sig-02"])
def test_a_suppression_that_fits_no_failure_is_said(id_: str) -> None:
    result = accepted(suppression(id_))
    assert not result.suppressions
    assert [caution.code for caution in result.cautions] == [UNUSED]


@pytest.mark.parametrize(
    ("target", "fits"),
    [("*", True), ("http://127.0.0.1:*/webhooks/*", True), ("https://*", False)],
)
def test_a_suppression_is_for_the_receivers_that_its_target_fits(target: str, fits: bool) -> None:
    result = accepted(suppression(target=target))
    assert bool(result.suppressions) is fits
    assert not result.cautions


def test_accepting_twice_says_everything_once() -> None:
    once = accepted(suppression("SIG-99"), suppression(expires="2026-01-01"))
    again = accept(
        once,
        (suppression("SIG-99"), suppression(expires="2026-01-01")),
        today=TODAY,
        regrade=lambda _: 1.0,
    )
    assert [caution.code for caution in again.cautions] == [EXPIRED, UNUSED]


def test_no_score_stays_no_score() -> None:
    none = msgspec.structs.replace(audited(), score=None, score_low=None, score_high=None)
    result = accept(none, (suppression(),), today=TODAY, regrade=lambda _: 100.0)
    assert result.score_with_accepted_risks is None
