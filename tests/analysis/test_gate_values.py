"""Thresholds over audits, health, comparisons and parts of a load."""

from typing import Any

import msgspec
import pytest

from ghlctl.analysis.thresholds import evaluate, gate
from ghlctl.model.estimate import CompareSummary, Comparison, Verdict
from ghlctl.model.finding import AuditSummary, Confidence, Finding, Outcome, Severity
from ghlctl.model.health import HealthCheck, HealthSummary
from ghlctl.model.suppression import AcceptedBecause, Suppression
from ghlctl.model.threshold import GateStanding, Level, Threshold, ThresholdResult


def one(expression: str, *summaries: Any) -> ThresholdResult:
    (result,) = evaluate([Threshold(expression)], *summaries)
    return result


def finding(id_: str, outcome: Outcome, severity: Severity = Severity.HIGH) -> Finding:
    topic = id_.partition("-")[0].lower()
    return Finding(id_, topic, id_, outcome, severity, Confidence.HIGH, "seen")


def audit(*findings: Finding, score: float | None = 80.0, **more: Any) -> AuditSummary:
    return AuditSummary(
        schema_version=1,
        run="audit-a",
        receiver="http://127.0.0.1:8700/webhooks/ghl",
        score=score,
        score_low=score,
        score_high=score,
        coverage=0.875,
        grade="B",
        caps=(),
        counts={},
        checks=findings,
        cautions=(),
        passed=True,
        **more,
    )


CLEAN = audit(
    finding("SIG-01", Outcome.PASS, Severity.CRITICAL),
    finding("SIG-02", Outcome.FAIL),
    finding("RPL-01", Outcome.WARN, Severity.LOW),
)


@pytest.mark.parametrize(
    ("expression", "value", "passed"),
    [
        ("audit fail == 0", 1, False),
        ("audit{severity=high} fail <= 1", 1, True),
        ("audit{severity=critical} fail == 0", 0, True),
        ("audit{topic=rpl} fail == 0", 0, True),
        ("audit{severity=high,topic=sig} fail != 1", 1, False),
        ("audit warn < 2", 1, True),
        ("audit coverage >= 87.5%", 0.875, True),
        ("audit coverage > 90%", 0.875, False),
        ("audit suppressed == 0", 0, True),
        ("audit score_with_accepted_risks >= 80", 80, True),
    ],
)
def test_an_audit_is_counted_by_outcome_severity_and_topic(
    expression: str, value: float, passed: bool
) -> None:
    result = one(expression, CLEAN)
    assert result.value == pytest.approx(value)
    assert result.passed is passed
    assert result.n


@pytest.mark.parametrize("open_", [Outcome.INCONCLUSIVE, Outcome.NOT_TESTED, Outcome.ERROR])
def test_no_failure_among_checks_that_were_not_decided_is_no_pass(open_: Outcome) -> None:
    summary = audit(finding("SIG-01", Outcome.PASS), finding("SIG-02", open_))
    result = one("audit fail == 0", summary)
    assert (result.passed, result.unclear) == (None, False)
    assert "1 of 2 checks undecided" in result.note
    assert one("audit fail <= 1", summary).passed is True
    assert one("audit fail > 1", summary).passed is False
    assert one("audit fail < 1", summary).passed is None
    assert gate([result]).standing is GateStanding.NOT_MEASURED


def test_a_failure_is_one_whatever_else_is_undecided() -> None:
    summary = audit(finding("SIG-01", Outcome.FAIL), finding("SIG-02", Outcome.INCONCLUSIVE))
    assert one("audit fail == 0", summary).passed is False


def test_checks_that_were_not_asked_pass_nothing() -> None:
    assert (
        "no check with severity=low"
        in one("audit{severity=low} fail == 0", audit(finding("SIG-01", Outcome.PASS))).note
    )
    assert one("audit fail == 0", audit()).passed is None
    assert one("audit fail == 0", audit(finding("SIG-01", Outcome.PASS), score=None)).passed is None


def test_accepted_failures_are_not_counted_and_the_score_stays() -> None:
    accepted = Suppression("SIG-02", AcceptedBecause.FIX_PLANNED, "soon", "me", "2027-01-01")
    summary = msgspec.structs.replace(
        CLEAN, suppressions=(accepted,), score_with_accepted_risks=99.0
    )
    result = one("audit fail == 0", summary)
    assert (result.passed, result.note) == (True, "1 accepted")
    assert one("audit suppressed == 0", summary).passed is False
    assert one("audit score > 95", summary).passed is False
    assert one("audit score_with_accepted_risks > 95", summary).passed is True


def test_health_is_counted_by_outcome() -> None:
    checks = (HealthCheck("a", Outcome.PASS, ""), HealthCheck("b", Outcome.FAIL, ""))
    health = HealthSummary(1, checks, passed=False)
    assert one("health fail == 0", health).passed is False
    assert one("health pass == 1", health).passed is True
    assert one("health fail == 0", HealthSummary(1, (), passed=True)).passed is None
    assert "no health" in one("health fail == 0", CLEAN).note


def metric(
    low: float | None, high: float | None, verdict: Verdict = Verdict.UNCLEAR, **more: Any
) -> Comparison:
    middle = None if low is None or high is None else (low + high) / 2
    given: dict[str, Any] = {"metric": "response_time p95", "baseline": 100.0} | more
    return Comparison(
        candidate=100.0,
        change=middle,
        low=low,
        high=high,
        detectable=None,
        verdict=verdict,
        **given,
    )


def compared(*metrics: Comparison, method: str = "duet", verdict: Verdict | None = None) -> Any:
    first = metrics[0].verdict if metrics else Verdict.UNCLEAR
    return CompareSummary(1, "run-a", "run-b", method, metrics, verdict or first)


UP_TO_TEN = "response_time p95 vs baseline < +10%"


@pytest.mark.parametrize(
    ("low", "high", "passed", "unclear"),
    [
        (-0.02, 0.08, True, False),
        (-0.02, 0.10, None, True),
        (0.02, 0.30, None, True),
        (0.10, 0.30, False, False),
        (-0.5, -0.4, True, False),
    ],
)
def test_the_whole_interval_of_a_change_has_to_keep_the_bound(
    low: float, high: float, passed: bool | None, unclear: bool
) -> None:
    result = one(UP_TO_TEN, compared(metric(low, high)))
    assert (result.passed, result.unclear) == (passed, unclear)


def test_the_point_of_a_change_decides_nothing() -> None:
    wide = compared(metric(-0.30, 0.30))
    assert one(UP_TO_TEN, wide).value == pytest.approx(0)
    assert one(UP_TO_TEN, wide).passed is None


def test_the_laxer_of_percentage_and_allowance_counts() -> None:
    summary = compared(metric(0.05, 0.18))
    assert one(UP_TO_TEN, summary).passed is None
    assert one(UP_TO_TEN + " or +20ms", summary).passed is True
    assert one(UP_TO_TEN + " or +1ms", summary).bound == pytest.approx(0.1)
    slow = compared(metric(0.05, 0.18, baseline=1000.0))
    assert one(UP_TO_TEN + " or +20ms", slow).passed is None
    rate = compared(metric(-0.04, -0.01, metric="throughput"))
    assert one("throughput vs baseline > -5%", rate).passed is True
    assert one("throughput vs baseline > -3%", rate).passed is None
    assert one("throughput vs baseline > -3% or -10/s", rate).passed is True


def test_drift_between_runs_widens_the_interval() -> None:
    same = compared(metric(-0.02, 0.02), method="sequential: drift not controlled")
    assert one(UP_TO_TEN, same).passed is None
    assert "widened by 15% drift" in one(UP_TO_TEN, same).note
    assert one("response_time p95 vs baseline < +30%", same).passed is True
    nine = compared(metric(0.105, 0.14), method="sequential: drift not controlled")
    assert one(UP_TO_TEN, nine).passed is None
    worse = compared(metric(0.4, 0.5), method="sequential: drift not controlled")
    assert one(UP_TO_TEN, worse).passed is False


@pytest.mark.parametrize(
    "comparison",
    [
        metric(None, None),
        metric(float("nan"), 0.05),
        metric(0.0, float("inf")),
        metric(-0.01, 0.01, note="no verdict: run-aborted"),
        metric(-0.01, 0.01, note="10/s planned, 25/s planned: throughput follows the load"),
    ],
)
def test_a_change_without_a_trusted_interval_is_not_measured(comparison: Comparison) -> None:
    result = one(UP_TO_TEN, compared(comparison))
    assert (result.passed, result.unclear, result.value) == (None, False, None)
    for expression in ("verdict{metric=response_time p95} != worse", "verdicts worse == 0"):
        assert one(expression, compared(comparison)).passed is None
    assert one("verdict != worse", compared(comparison)).passed is None


def test_a_change_of_error_rate_is_in_points() -> None:
    summary = compared(metric(-0.002, 0.004, metric="error_rate", relative=False))
    result = one("error_rate vs baseline < +0.5%", summary)
    assert (result.passed, result.unit) == (True, "points")
    assert one("error_rate vs baseline < +0.3%", summary).passed is None


def test_nothing_is_relative_to_nothing() -> None:
    assert "--against" in one(UP_TO_TEN).note
    assert one(UP_TO_TEN, compared()).note == "response_time p95 was not compared"


@pytest.mark.parametrize(
    ("verdict", "expression", "passed"),
    [
        (Verdict.WORSE, "verdict{metric=response_time p95} != worse", False),
        (Verdict.BETTER, "verdict{metric=response_time p95} != worse", True),
        (Verdict.SAME, 'verdict{metric="response_time p95"} == same', True),
        (Verdict.UNCLEAR, "verdict{metric=response_time p95} != worse", None),
        (Verdict.UNCLEAR, "verdict{metric=response_time p95} == better", False),
        (Verdict.UNCLEAR, "verdict == unclear", True),
        (Verdict.SAME, "verdict != worse", True),
        (Verdict.WORSE, "verdicts worse == 0", False),
        (Verdict.SAME, "verdicts worse == 0", True),
        (Verdict.UNCLEAR, "verdicts worse == 0", None),
        (Verdict.UNCLEAR, "verdicts unclear <= 1", True),
    ],
)
def test_verdicts_are_held_against_words_and_counts(
    verdict: Verdict, expression: str, passed: bool | None
) -> None:
    result = one(expression, compared(metric(-0.1, 0.1, verdict)))
    assert result.passed is passed
    assert result.unclear is (passed is None)


def test_a_metric_that_was_not_compared_is_named() -> None:
    result = one("verdict{metric=lateness p95} != worse", compared(metric(0, 0.1)))
    assert result.note == "lateness p95 was not compared, only response_time p95"


def test_losses_decide_without_an_interval() -> None:
    lost = compared(metric(None, None), verdict=Verdict.WORSE)
    assert one("verdict != worse", lost).passed is False


def results(*passed: bool | None, unclear: bool = False) -> list[ThresholdResult]:
    return [
        ThresholdResult("x", 1.0, 1.0, passed=each, unclear=unclear and each is None)
        for each in passed
    ]


@pytest.mark.parametrize(
    ("given", "standing"),
    [
        (results(True, True), GateStanding.PASSED),
        (results(True, False, None), GateStanding.FAILED),
        (results(True, None), GateStanding.NOT_MEASURED),
        (results(True, None, unclear=True), GateStanding.UNCLEAR),
        (results(None) + results(None, unclear=True), GateStanding.NOT_MEASURED),
    ],
)
def test_a_failure_outweighs_what_is_unknown(
    given: list[ThresholdResult], standing: GateStanding
) -> None:
    result = gate(given)
    assert result.standing is standing
    assert result.passed is (standing is GateStanding.PASSED)


def test_warnings_decide_nothing() -> None:
    warned = evaluate([Threshold("audit fail == 0", level=Level.WARN)], CLEAN)
    assert gate(warned).passed
