import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.analysis.effects import match_effects
from ghlctl.analysis.threshold_words import SUBJECTS
from ghlctl.analysis.thresholds import evaluate, gate, parse_threshold
from ghlctl.errors import UsageError
from ghlctl.model.finding import AuditSummary
from ghlctl.model.threshold import Level, Threshold, ThresholdResult

Build = Callable[..., Any]
CONTRACT = [
    "response_time p95 < 500ms",
    "response_time{event=ContactCreate} p99 < 800ms",
    "error_rate < 1%",
    "throughput > 20/s",
    "effects lost == 0",
    "response_time mean < 500ms",
    "error_rate < 20%",
    "audit score > 95",
]


def audit(low: float | None) -> AuditSummary:
    return AuditSummary(
        schema_version=1,
        run="audit-a",
        receiver="",
        score=99.0,
        score_low=low,
        score_high=100.0,
        coverage=0.9,
        grade="A",
        caps=(),
        counts={},
        checks=(),
        cautions=(),
        passed=True,
    )


@pytest.fixture(scope="module")
def load(samples_of: Build, summary_of: Build, entry: Build, origin: int) -> Any:
    """1000 arrivals in 20 s, 1 to 1000 ms, every hundredth refused, one delivery lost."""
    samples = samples_of(
        [20.0 * i for i in range(1000)],
        [i + 1.0 for i in range(1000)],
        error=["status" if i % 100 == 0 else "" for i in range(1000)],
    )
    entries = [entry(i, 20 * i + 40, key=f"d{i}:u") for i in range(1000) if i != 5]
    return summary_of(samples, matched=match_effects(samples, entries, origin))


def one(expression: str, *summaries: Any) -> ThresholdResult:
    (result,) = evaluate([Threshold(expression)], *summaries)
    return result


@pytest.mark.parametrize("expression", CONTRACT)
def test_every_expression_of_the_contract_is_read(expression: str) -> None:
    assert parse_threshold(expression).expression == expression


@pytest.mark.parametrize(
    ("expression", "value", "bound", "passed"),
    [
        ("response_time p95 < 500ms", 950, (500, "ms"), False),
        ("response_time p95 < 1s", 950, (1000, "ms"), True),
        ("response_time p99.9 <= 999ms", 999, (999, "ms"), True),
        ("response_time p99_9 < 999ms", 999, (999, "ms"), False),
        ("response_time max == 1000000us", 1000, (1000, "ms"), True),
        ("response_time{event=ContactCreate} mean > 500ms", 500.5, (500, "ms"), True),
        ('response_time{event="ContactCreate"} mean!=500.5ms', 500.5, (500.5, "ms"), False),
        ("service_time p50 >= 500ms", 500, (500, "ms"), True),
        ("lateness p99 < 5 ms", 0, (5, "ms"), True),
        ("error_rate < 1%", 0.01, (0.01, "ratio"), False),
        ("error_rate <= 0.01", 0.01, (0.01, "ratio"), True),
        ("error_rate{event=ContactCreate} < 1.1%", 0.01, (0.011, "ratio"), True),
        ("dropped == 0", 0, (0, ""), True),
        ("effects lost == 0", 1, (0, ""), False),
        ("effects duplicated == 0", 0, (0, ""), True),
        ("effects unacknowledged == 10", 10, (10, ""), True),
        ("effects expected == 990", 990, (990, ""), True),
    ],
)
def test_values_are_held_against_bounds(
    load: Any, expression: str, value: float, bound: tuple[float, str], passed: bool
) -> None:
    result = one(expression, load)
    assert result.value == pytest.approx(value)
    assert ((result.bound, result.unit), result.passed) == (bound, passed)


def test_seven_of_a_thousand_are_not_below_seven_tenths_of_a_per_cent(load: Any) -> None:
    seven = msgspec.structs.replace(load, error_rate=7 / 1000)
    assert one("error_rate < 0.7%", seven).passed is False
    assert one("error_rate <= 0.7%", seven).passed is True


@pytest.mark.parametrize(
    ("expression", "column", "hint"),
    [
        ("", 1, "one of response_time"),
        ("respnse_time p95 < 5ms", 1, "did you mean response_time"),
        ("throughput_per_s > 5/s", 1, "did you mean throughput"),
        ("response_time p59 < 5ms", 15, "did you mean p99; one of mean, p50"),
        ("response_time < 5ms", 15, "one of mean, p50"),
        ("effects missing == 0", 9, "one of expected"),
        ("error_rate p95 < 1%", 12, "write error_rate <"),
        ("response_time p95 = 5ms", 19, "did you mean =="),
        ("response_time p95 5ms", 19, "one of < <= > >= == !="),
        ("response_time p95 <", 20, "a time needs ms, s or us"),
        ("response_time p95 < 500", 24, "a time needs ms, s or us"),
        ("response_time p95 < 5%", 22, "a time needs ms, s or us"),
        ("response_time p95 < 5/s", 22, "a time needs ms, s or us"),
        ("response_time p95 < -5ms", 21, "a time needs ms, s or us"),
        ("response_time p95 < NaN", 21, "a time needs ms, s or us"),
        ("error_rate < 5ms", 15, "a share is written in percent"),
        ("error_rate < 1", 14, "did you mean 1%"),
        ("throughput > 20", 16, "a rate is written per second"),
        ("throughput > 20/", 16, "a rate is written per second"),
        ("throughput > 20/min", 16, "a rate is written per second"),
        ("effects lost == 0ms", 18, "a plain number"),
        ("dropped == 0 and effects lost == 0", 14, "a plain number"),
        ("error_rate < 1% x", 17, "one threshold is one comparison"),
        ("service_time{event=X} p95 < 5ms", 13, "what does: response_time, error_rate"),
        ("response_time{place=X} p95 < 5ms", 15, "write {event=ContactCreate}"),
        ("errors{kind=timeot} == 0", 13, "did you mean timeout"),
        ("errors{kind=dropped} == 0", 13, "one of status"),
        ("errors{kind=tls,event=X} == 0", 16, "write one of them"),
        ("audit{severity=high,severity=low} fail == 0", 20, "write one of them"),
        ("audit{severity=hihg} fail == 0", 16, "did you mean high"),
        ("audit{topic=keys} score > 5", 25, "leave the tag out"),
        ("verdict < worse", 11, "write verdict != worse"),
        ("verdict != wrose", 12, "did you mean worse"),
        ("verdict{metrik=x} != worse", 9, "did you mean metric"),
        ("lateness p95 vs baseline < +5%", 14, "what is, without tags"),
        ("response_time{event=X} p95 vs baseline < +5%", 28, "what is, without tags"),
        ("response_time p95 vs basline < +5%", 22, "did you mean baseline"),
        ("response_time p95 vs baseline == +5%", 34, "write < +10% or > -5%"),
        ("response_time p95 vs baseline < +5", 35, "a change is written in percent"),
        ("response_time p95 vs baseline < 5ms", 34, "a change is written in percent"),
        ("response_time p95 vs baseline < +5% or +5%", 42, "a time needs ms"),
        ("response_time p95 vs baseline < +5% or", 39, "a time needs ms"),
        ("error_rate vs baseline < +1% or +1%", 33, "write < +0.5%"),
        ("error_rate vs baseline < +1%, x", 29, "one threshold is one comparison"),
        ("response_time{event=} p95 < 5ms", 21, "write {event=ContactCreate}"),
        ("response_time{event=X p95 < 5ms", 27, "write {event=ContactCreate}"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(
    expression: str, column: int, hint: str
) -> None:
    with pytest.raises(UsageError) as refused:
        parse_threshold(expression)
    assert refused.value.message.endswith(f"at column {column}")
    assert hint in refused.value.hint
    assert "\n" not in refused.value.message


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(UsageError):
        assert math.isfinite(parse_threshold(text).bound)


@given(
    st.sampled_from(sorted(SUBJECTS)),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
    st.decimals(0, 10**6, places=3),
    st.data(),
)
def test_spaces_between_words_do_not_matter(
    name: str, sign: str, number: object, data: st.DataObject
) -> None:
    subject = SUBJECTS[name]
    aggregate = data.draw(st.sampled_from(subject.aggregates)) if subject.aggregates else ""
    kind = subject.units[aggregate].value
    if kind == "verdict":
        sign, number = "!=", "worse"
    unit = {"ms": "ms", "ratio": "%", "/s": "/s", "": "", "verdict": ""}[kind]
    wide = parse_threshold(f" {name}  {aggregate} {sign} {number} {unit} ")
    tight = parse_threshold(f"{name} {aggregate}{sign}{number}{unit}")
    assert (wide.bound, wide.aggregate) == (tight.bound, tight.aggregate)
    assert (wide.operator, wide.unit) == (tight.operator, tight.unit)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("response_time p95 < 1s", "nothing was sent"),
        ("response_time{event=ContactCreate} p95 < 1s", "no ContactCreate was sent"),
        ("error_rate < 1%", "nothing was sent"),
        ("error_rate == 0%", "nothing was sent"),
        ("throughput < 5/s", "nothing was sent"),
        ("dropped == 0", "nothing was sent"),
        ("effects lost == 0", "effects were not measured"),
        ("end_to_end p95 < 1s", "effects were not measured"),
        ("audit score > 1", "nothing was audited"),
    ],
)
def test_a_run_of_nothing_passes_no_threshold(
    samples_of: Build, summary_of: Build, expression: str, why: str
) -> None:
    result = one(expression, summary_of(samples_of([])))
    assert (result.value, result.passed) == (None, None)
    assert why in result.note
    assert not gate([result]).passed


def test_nothing_lost_of_nothing_acknowledged_is_no_pass(
    samples_of: Build, summary_of: Build, origin: int
) -> None:
    samples = samples_of([0, 1], error="connect")
    refused = summary_of(samples, matched=match_effects(samples, [], origin))
    for expression in ("effects lost == 0", "effects duplicated == 0", "effects calls_per_event<9"):
        assert one(expression, refused).passed is None


def test_end_to_end_times_do_not_pass_on_survivors(
    samples_of: Build, summary_of: Build, entry: Build, origin: int, load: Any
) -> None:
    result = one("end_to_end p95 < 600ms", load)
    assert (result.value, result.passed) == (None, None)
    assert result.note == "1 acknowledged delivery had no effect"
    samples = samples_of([20.0 * i for i in range(1000)])
    entries = [entry(i, 20 * i + 40, key=f"d{i}:u") for i in range(1000)]
    whole = summary_of(samples, matched=match_effects(samples, entries, origin))
    found = one("end_to_end p95 < 600ms", whole)
    assert found.value == pytest.approx(40)
    assert found.passed is True
    many = summary_of(samples, matched=match_effects(samples, entries[:500], origin))
    assert one("end_to_end p95 < 1s", many).note == "500 acknowledged deliveries had no effect"


@pytest.mark.parametrize(
    ("expression", "note"),
    [
        ("response_time p95 < 500ms", "no delivery was acknowledged"),
        ("service_time p95 < 500ms", "no delivery was acknowledged"),
        ("response_time{event=ContactCreate} p95 < 500ms", "no ContactCreate was acknowledged"),
    ],
)
def test_fast_refusals_pass_no_bound_on_times(
    samples_of: Build, summary_of: Build, expression: str, note: str
) -> None:
    refused = summary_of(samples_of([20.0 * i for i in range(200)], error="status"))
    result = one(expression, refused)
    assert (result.value, result.passed, result.note) == (None, None, note)
    assert one("lateness p95 < 5ms", refused).passed is True
    assert one("error_rate < 1%", refused).passed is False


def test_an_event_that_was_not_sent_is_named(load: Any) -> None:
    result = one("error_rate{event=TaskCreate} < 1%", load)
    assert result.passed is None
    assert result.note == "no TaskCreate was sent, only ContactCreate"


def test_an_audit_is_judged_by_its_lowest_score() -> None:
    assert one("audit score > 95", audit(90.0)).passed is False
    assert one("audit score > 95", audit(96.0)).passed is True
    assert one("audit score > 95", audit(None)).passed is None


def test_each_threshold_finds_the_summaries_it_can_speak_of(load: Any) -> None:
    bounds = [Threshold("audit score > 95"), Threshold("response_time max < 2s")]
    assert [each.passed for each in evaluate(bounds, load, audit(99.0))] == [True, True]
    assert [each.passed for each in evaluate(bounds, load, None)] == [None, True]
    assert [each.passed for each in evaluate(bounds, load, load, audit(1.0))] == [False, True, True]


def test_a_number_that_is_none_never_passes(load: Any) -> None:
    broken = msgspec.structs.replace(load, throughput_per_s=float("nan"))
    assert one("throughput != 5/s", broken).passed is None


def test_only_errors_decide_and_what_is_off_is_not_asked(load: Any) -> None:
    warn = Threshold("response_time p95 < 1ms", level=Level.WARN)
    off = Threshold("not even read", level=Level.OFF)
    results = evaluate([warn, off], load)
    assert [each.expression for each in results] == [warn.expr]
    assert gate(results).passed
    assert gate([]).passed
