import json
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from ghlctl.model.estimate import Verdict
from ghlctl.model.finding import Outcome
from ghlctl.model.threshold import Level
from ghlctl.report import codequality, html, junit, markdown, text
from ghlctl.report.document import Document, audit_of, compared
from ghlctl.report.figures import key_figures, unit_of
from ghlctl.report.tables import key_table
from ghlctl.report.verdict import Standing, headline


def with_verdict(document: Document, verdict: Verdict) -> Document:
    assert document.comparison
    return replace(
        document, comparison=msgspec.structs.replace(document.comparison, verdict=verdict)
    )


def with_last_threshold(document: Document, level: Level, *, passed: bool | None) -> Document:
    *rest, view = document.loads
    *kept, last = view.summary.thresholds
    changed = msgspec.structs.replace(last, level=level, passed=passed)
    summary = msgspec.structs.replace(view.summary, thresholds=(*kept, changed), passed=False)
    return replace(document, loads=(*rest, replace(view, summary=summary)))


def test_the_candidate_decides_and_a_failing_baseline_does_not(document: Document) -> None:
    assert not document.loads[0].summary.passed
    assert not document.audits[0].summary.passed
    assert headline(document).standing is Standing.PASSED


def test_a_better_candidate_that_meets_its_thresholds_passes(document: Document) -> None:
    said = headline(document)
    assert said.standing is Standing.PASSED
    assert said.sentence == ("optimized answers in 150 ms on average, baseline in 850 ms (−82 %)")


def test_a_worse_candidate_fails_even_with_all_thresholds_met(document: Document) -> None:
    assert headline(with_verdict(document, Verdict.WORSE)).standing is Standing.FAILED


def test_an_unclear_comparison_is_never_a_pass(document: Document) -> None:
    assert headline(with_verdict(document, Verdict.UNCLEAR)).standing is Standing.UNDECIDED


def test_a_deciding_threshold_without_a_number_is_never_a_pass(document: Document) -> None:
    said = headline(with_last_threshold(document, Level.ERROR, passed=None))
    assert said.standing is Standing.UNDECIDED
    assert "optimized: 1 of 5 thresholds not measured" in said.reasons


def test_a_missed_threshold_weighs_more_than_an_unknown_one(document: Document) -> None:
    assert (
        headline(with_last_threshold(document, Level.ERROR, passed=False)).standing
        is Standing.FAILED
    )


def test_a_missed_warning_decides_nothing_and_is_named(document: Document) -> None:
    said = headline(with_last_threshold(document, Level.WARN, passed=False))
    assert said.standing is Standing.PASSED
    assert "optimized: 1 warning threshold missed or not measured" in said.reasons


def test_an_aborted_run_is_not_decided(bare: Document) -> None:
    said = headline(bare)
    assert said.standing is Standing.UNDECIDED
    assert "cut short: aborted, only what was measured so far" in said.reasons


def with_late_generator(document: Document) -> Document:
    *rest, view = document.loads
    late = msgspec.structs.replace(view.summary.generator, keeping_up=False)
    summary = msgspec.structs.replace(view.summary, generator=late, passed=False)
    return replace(document, loads=(*rest, replace(view, summary=summary)))


def test_a_run_whose_generator_fell_behind_is_never_a_pass(document: Document) -> None:
    late = with_late_generator(document)
    reason = "nothing is decided, as the load generator fell behind its schedule"
    said = headline(late)
    assert said.standing is Standing.UNDECIDED
    assert f"optimized: {reason}" in said.reasons
    assert f'<error message="{reason}"' in junit.render(late)
    issues = json.loads(codequality.render(late))
    assert f"optimized: {reason}" in {each["description"] for each in issues}


def test_a_run_that_sent_nothing_claims_no_share_of_errors(document: Document) -> None:
    *_, view = document.loads
    summary = msgspec.structs.replace(view.summary, sent=0, thresholds=(), passed=False)
    said = headline(replace(document, loads=(replace(view, summary=summary),), comparison=None))
    assert said.sentence == "optimized: nothing was sent after the warm-up"
    assert said.standing is Standing.UNDECIDED


def test_an_audit_without_a_score_is_not_decided(audit_only: Document) -> None:
    said = headline(audit_only)
    assert said.standing is Standing.UNDECIDED
    assert "no security score" in said.sentence


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome.ERROR, "its controls failed"),
        (Outcome.NOT_TESTED, "no genuine delivery could be sent"),
        (Outcome.PASS, "no check could be decided"),
    ],
)
@pytest.mark.parametrize("render", [text.render, markdown.render, html.render, junit.render])
def test_every_format_says_the_true_reason_for_no_score(
    audit_only: Document, outcome: Outcome, reason: str, render: Callable[[Document], str]
) -> None:
    (view,) = audit_only.audits
    own, *rest = view.summary.checks
    checks = (msgspec.structs.replace(own, outcome=outcome), *rest)
    summary = msgspec.structs.replace(view.summary, checks=checks)
    shown = render(replace(audit_only, audits=(replace(view, summary=summary),)))
    assert reason in " ".join(shown.split())
    assert outcome is Outcome.ERROR or "controls failed" not in shown


def test_a_score_is_led_by_its_interval_where_checks_are_undecided(document: Document) -> None:
    said = headline(with_audit(document, score=100.0, score_low=62.5, score_high=100.0))
    assert any("security score 100 (62.5 to 100) of 100" in reason for reason in said.reasons)
    alone = replace(document, loads=(), comparison=None)
    assert "security score 96.4 (81 to 97.5) of 100, grade A" in headline(alone).sentence


@pytest.mark.parametrize(("coverage", "grade"), [(0.79, "A"), (0.9, "")])
def test_a_score_over_too_little_is_never_a_pass(
    document: Document, coverage: float, grade: str
) -> None:
    said = headline(with_audit(document, coverage=coverage, grade=grade))
    assert said.standing is Standing.UNDECIDED


def with_audit(document: Document, **changes: object) -> Document:
    *rest, view = document.audits
    summary = msgspec.structs.replace(view.summary, **changes)
    return replace(document, audits=(*rest, replace(view, summary=summary)))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("machine-contended", "the machine was busy"),
        ("generator-not-keeping-up", "the generator fell behind"),
    ],
)
def test_a_withheld_verdict_is_explained_in_words(
    document: Document, code: str, reason: str
) -> None:
    assert document.comparison
    metrics = tuple(
        msgspec.structs.replace(each, verdict=Verdict.UNCLEAR, note=f"no verdict: {code}")
        for each in document.comparison.metrics
    )
    withheld = msgspec.structs.replace(
        document.comparison, metrics=metrics, verdict=Verdict.UNCLEAR
    )
    changed = replace(document, comparison=withheld)
    said = headline(changed)
    assert said.sentence.endswith(f"; no verdict, because {reason}")
    assert f"Comparison: no verdict: {reason}" in said.reasons
    table = key_table(changed)
    assert table.rows[0][-1] == "? −82 %"
    assert table.note == f"? no verdict, because {reason}"
    assert code not in text.render_comparison(withheld)


def test_an_empty_document_claims_nothing() -> None:
    said = headline(Document("Empty", "now"))
    assert said.standing is Standing.MEASURED
    assert said.sentence == "Nothing was measured"


def test_a_change_that_is_not_shown_is_not_stated_as_one(document: Document) -> None:
    assert document.comparison
    metrics = tuple(
        msgspec.structs.replace(each, verdict=Verdict.UNCLEAR)
        for each in document.comparison.metrics
    )
    unclear = msgspec.structs.replace(document.comparison, metrics=metrics)
    sentence = headline(replace(document, comparison=unclear)).sentence
    assert "not shown statistically" in sentence
    assert "%" not in sentence


def test_before_and_after_are_found_by_run_whatever_their_order(document: Document) -> None:
    turned = replace(document, loads=document.loads[::-1])
    pair = compared(turned)
    assert pair
    assert [view.label for view in pair] == ["baseline", "optimized"]


def test_two_runs_of_one_name_are_still_two(document: Document) -> None:
    assert document.comparison
    named = msgspec.structs.replace(document.comparison, baseline="same", candidate="same")
    loads = tuple(replace(load, label="same") for load in document.loads)
    pair = compared(replace(document, loads=loads, comparison=named))
    assert pair == loads


def test_key_figures_take_their_change_from_the_comparison(document: Document) -> None:
    figures = {figure.title: figure for figure in key_figures(document)}
    assert figures["Mean response time"].values == ("850 ms", "150 ms")
    mean, throughput = figures["Mean response time"].compared, figures["Throughput"].compared
    assert mean
    assert throughput
    assert (mean.metric, throughput.metric) == ("response_time mean", "throughput")
    assert figures["Security score"].values == ("39", "96.4")
    assert figures["p95 end-to-end time"].compared is None


def test_a_metric_of_one_event_is_not_taken_for_the_whole(document: Document) -> None:
    assert document.comparison
    metric = msgspec.structs.replace(
        document.comparison.metrics[0], metric="response_time{event=X} mean"
    )
    only = msgspec.structs.replace(document.comparison, metrics=(metric,))
    figures = key_figures(replace(document, comparison=only))
    assert not any(figure.compared for figure in figures)


def test_an_audit_belongs_to_the_load_of_the_same_label_only(document: Document) -> None:
    alone = replace(document, audits=document.audits[1:])
    assert audit_of(alone, alone.loads[0]) is None
    score = next(each for each in key_figures(alone) if each.title == "Security score")
    assert score.values == ("–", "96.4")
    assert score.notes[0] == "not audited"


@pytest.mark.parametrize(
    ("metric", "unit"),
    [
        ("response_time p95", "ms"),
        ("end_to_end mean", "ms"),
        ("error_rate", "ratio"),
        ("throughput", "per_s"),
        ("cpu_ms_per_event", "ms"),
        ("something else", ""),
    ],
)
def test_the_unit_of_a_metric_follows_from_its_name(metric: str, unit: str) -> None:
    assert unit_of(metric) == unit
