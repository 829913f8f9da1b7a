"""Scores by hand: every rule with the smallest set of findings that shows it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.audit.about import Topic
from ghlctl.audit.grading import CATEGORIES, Grade, absent_categories, grade
from ghlctl.model.finding import Confidence, Finding, Outcome, Severity, Standing


def finding(
    topic: Topic = Topic.SIGNATURE,
    outcome: Outcome = Outcome.PASS,
    severity: Severity = Severity.HIGH,
    name: str = "X-01",
) -> Finding:
    return Finding(name, topic.value, "title", outcome, severity, Confidence.CONFIRMED, "reason")


def graded(*findings: Finding) -> Grade:
    return grade(findings, controlled=True)


def test_all_passes_are_a_hundred_and_the_best_letter() -> None:
    result = graded(finding(), finding(Topic.REPLAY))
    assert (result.score, result.low, result.high, result.coverage) == (100.0, 100.0, 100.0, 1.0)
    assert result.letter == "A+"
    assert result.caps == ()


def test_after_a_failed_control_there_is_no_score() -> None:
    result = grade([finding()], controlled=False)
    assert (result.score, result.low, result.high, result.letter) == (None, None, None, "")
    assert result.coverage == 0.0


def test_nothing_decided_is_no_score() -> None:
    assert graded(finding(outcome=Outcome.INCONCLUSIVE)).score is None
    assert graded().score is None
    assert graded(finding(outcome=Outcome.NOT_APPLICABLE)).score is None


def test_a_warning_earns_half() -> None:
    result = graded(finding(), finding(outcome=Outcome.WARN))
    assert result.score == 75.0
    assert result.caps == ()


@pytest.mark.parametrize(
    ("topic", "severity", "limit"),
    [
        (Topic.INPUT, Severity.CRITICAL, 39.0),
        (Topic.SIGNATURE, Severity.HIGH, 69.0),
        (Topic.REPLAY, Severity.HIGH, 69.0),
        (Topic.TENANCY, Severity.HIGH, 69.0),
        (Topic.KEYS, Severity.HIGH, 69.0),
        (Topic.RESILIENCE, Severity.HIGH, 84.0),
        (Topic.INPUT, Severity.MEDIUM, 94.0),
    ],
)
def test_one_failure_among_a_thousand_passes_caps_the_score(
    topic: Topic, severity: Severity, limit: float
) -> None:
    passes = [
        finding(topic, severity=Severity.CRITICAL) for each in CATEGORIES for topic in each.topics
    ] * 100
    result = graded(*passes, finding(topic, Outcome.FAIL, severity, "BAD-01"))
    assert result.score == limit
    assert result.low == limit
    assert result.high == limit
    assert [cap.limit for cap in result.caps] == [limit]
    assert "BAD-01" in result.caps[0].reason


def test_a_low_failure_caps_nothing_but_the_plus() -> None:
    passes = [finding(severity=Severity.CRITICAL)] * 99
    result = graded(*passes, finding(outcome=Outcome.FAIL, severity=Severity.LOW))
    assert result.caps == ()
    assert result.score == pytest.approx(100 * 990 / 992.5)
    assert result.letter == "A"


def test_the_interval_counts_the_undecided_as_failed_and_as_passed() -> None:
    result = graded(
        finding(),
        finding(),
        finding(outcome=Outcome.FAIL, severity=Severity.LOW),
        finding(outcome=Outcome.INCONCLUSIVE, severity=Severity.HIGH),
    )
    assert result.score == pytest.approx(100 * 15 / 17.5)
    assert result.low == pytest.approx(100 * 15 / 25)
    assert result.high == pytest.approx(100 * 22.5 / 25)
    assert result.coverage == pytest.approx(17.5 / 25)
    assert result.letter == ""


@pytest.mark.parametrize("outcome", [Outcome.INCONCLUSIVE, Outcome.NOT_TESTED, Outcome.ERROR])
def test_what_was_not_decided_lowers_coverage(outcome: Outcome) -> None:
    result = graded(finding(), finding(outcome=outcome))
    assert result.coverage == 0.5
    assert (result.low, result.high) == (50.0, 100.0)


@pytest.mark.parametrize(
    "outcome", [Outcome.NOT_APPLICABLE, Outcome.INFORMATIVE, Outcome.MANUAL, Outcome.SKIP]
)
def test_what_does_not_apply_weighs_nothing(outcome: Outcome) -> None:
    result = graded(finding(), finding(outcome=outcome, severity=Severity.CRITICAL))
    assert (result.score, result.coverage) == (100.0, 1.0)


def test_one_more_check_in_a_topic_does_not_shift_the_balance_between_topics() -> None:
    failed = finding(Topic.INPUT, Outcome.FAIL, Severity.LOW)
    few = graded(finding(), failed)
    many = graded(*[finding()] * 50, failed)
    assert few.score == many.score == pytest.approx(100 * 30 / 45)


def test_categories_without_findings_are_named() -> None:
    absent = absent_categories([finding(), finding(Topic.REPLAY)])
    assert "privacy" in absent
    assert "signature" not in absent
    assert "timing" not in absent


def test_a_leak_in_time_costs_five_points_and_nothing_there_earns_any() -> None:
    leak = finding(Topic.TIMING, Outcome.FAIL, Severity.LOW)
    assert graded(finding(), leak).score == 95.0
    assert graded(finding(), finding(Topic.TIMING)).score == 100.0


def standing(found: list[Finding], name: str) -> Standing:
    result = graded(*found)
    everything = (*result.categories, *result.validations)
    return next(one.standing for one in everything if one.name == name)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([finding()], Standing.PASS),
        ([finding(), finding(outcome=Outcome.FAIL)], Standing.FAIL),
        ([finding(), finding(outcome=Outcome.INCONCLUSIVE)], Standing.INCOMPLETE),
        ([finding(), finding(outcome=Outcome.WARN)], Standing.WARN),
        ([finding(outcome=Outcome.NOT_TESTED)], Standing.NOT_TESTED),
        ([finding(outcome=Outcome.NOT_APPLICABLE)], Standing.NOT_APPLICABLE),
        ([finding(outcome=Outcome.SKIP)], Standing.NOT_TESTED),
        ([], Standing.NOT_TESTED),
    ],
)
def test_a_validation_passes_only_when_it_was_looked_at(
    found: list[Finding], expected: Standing
) -> None:
    assert standing(found, "signature") == expected
    assert standing(found, "webhook_signature") == expected


def test_passes_that_nobody_saw_confirmed_are_a_warning() -> None:
    unseen = Finding(
        "X-01",
        Topic.SIGNATURE.value,
        "title",
        Outcome.PASS,
        Severity.HIGH,
        Confidence.MEDIUM,
        "reason",
    )
    assert standing([unseen], "signature") is Standing.WARN


@pytest.mark.parametrize(
    ("passes", "letter"), [(100, "A+"), (96, "A"), (90, "B"), (75, "C"), (50, "D"), (30, "F")]
)
def test_letters_follow_the_score(passes: int, letter: str) -> None:
    good = [finding(severity=Severity.LOW)] * passes
    bad = [finding(outcome=Outcome.FAIL, severity=Severity.LOW)] * (100 - passes)
    assert graded(*good, *bad).letter == letter


findings = st.lists(
    st.builds(
        finding,
        st.sampled_from(list(Topic)),
        st.sampled_from(list(Outcome)),
        st.sampled_from(list(Severity)),
    ),
    max_size=40,
)


@given(findings)
def test_the_score_lies_in_its_interval(found: list[Finding]) -> None:
    result = graded(*found)
    if result.score is not None and result.low is not None and result.high is not None:
        assert 0.0 <= result.low <= result.score + 1e-9
        assert result.score <= result.high + 1e-9
        assert result.high <= 100.0
    assert 0.0 <= result.coverage <= 1.0
    assert sum(result.counts.values()) == len(found)


@given(findings)
def test_turning_a_failure_into_a_pass_never_lowers_the_score(found: list[Finding]) -> None:
    worse = graded(*found, finding(outcome=Outcome.FAIL))
    better = graded(*found, finding(outcome=Outcome.PASS))
    assert worse.score is not None
    assert better.score is not None
    assert better.score >= worse.score


@given(findings, st.randoms())
def test_the_order_of_findings_does_not_matter(found: list[Finding], random: object) -> None:
    assert graded(*found).score == pytest.approx(graded(*found[::-1]).score)
