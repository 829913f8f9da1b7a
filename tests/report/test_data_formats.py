"""JSON, CSV and JUnit: what scripts read."""

import csv as reader
import io
import json as parser
import math
from dataclasses import replace
from xml.etree import ElementTree as ET

import msgspec
import numpy as np
import pytest

from ghlctl.errors import UsageError
from ghlctl.model.finding import Outcome
from ghlctl.model.sample import NEVER, Samples
from ghlctl.model.threshold import Level
from ghlctl.report import csv, json, junit
from ghlctl.report.catalogue import FORMATS, format_named
from ghlctl.report.document import Document
from ghlctl.report.samples_csv import samples_as_csv


def strict(text: str) -> str:
    raise AssertionError(f"{text} is no JSON")


def test_json_holds_the_whole_document_unrounded(document: Document) -> None:
    whole = parser.loads(json.render(document), parse_constant=strict)
    assert whole["schema_version"] == 1
    assert whole["loads"][0]["summary"]["response_time_ms"]["p95"] == 850.0 * 1.58
    assert whole["loads"][1]["summary"]["pass"] is True
    assert whole["loads"][0]["response_time_curve_ms"][0][0] == 0
    assert whole["loads"][0]["timeline"]["p50_ms"][17] is None
    assert whole["audits"][0]["summary"]["checks"][0]["outcome"] == "fail"
    assert whole["comparison"]["metrics"][0]["verdict"] == "better"


def test_json_knows_no_nan(document: Document) -> None:
    load = document.loads[0]
    curve = ((0.0, math.nan), (50.0, math.inf))
    spoilt = replace(document, loads=(replace(load, curve=curve),))
    whole = parser.loads(json.render(spoilt), parse_constant=strict)
    assert whole["loads"][0]["response_time_curve_ms"] == [[0, None], [50, None]]


def test_json_of_hostile_text_gives_it_back_and_is_ascii(hostile: Document) -> None:
    rendered = json.render(hostile)
    assert rendered.isascii()
    assert parser.loads(rendered)["title"] == hostile.title


def test_json_holds_no_credentials(document: Document) -> None:
    assert "hidden-from-view" not in json.render(document)


def rows(document: Document) -> list[dict[str, str]]:
    table = list(reader.reader(io.StringIO(csv.render(document))))
    assert {len(row) for row in table} == {len(csv.HEADER)}
    return [dict(zip(csv.HEADER, row, strict=True)) for row in table[1:]]


def test_csv_has_a_row_for_every_event_and_percentile(document: Document) -> None:
    found = [
        row
        for row in rows(document)
        if (row["label"], row["event"], row["metric"])
        == ("baseline", "ContactCreate", "response_time")
    ]
    assert [row["statistic"] for row in found] == [
        "mean",
        "p50",
        "p90",
        "p95",
        "p99",
        "p99.9",
        "max",
    ]
    assert float(found[0]["value"]) == 935.0000000000001
    assert found[5]["value"] == ""
    assert {row["unit"] for row in found} == {"ms"}


def test_csv_of_hostile_text_keeps_its_shape_and_no_formula(hostile: Document) -> None:
    for row in rows(hostile):
        assert not row["label"].startswith(("=", "+", "-", "@"))
        assert not row["event"].startswith(("=", "+", "-", "@"))


def test_samples_leave_times_that_never_came_empty() -> None:
    samples = Samples(
        delivery_id=np.array(["a", "=b()"], dtype=object),
        event=np.array(["ContactCreate", "ContactCreate"], dtype=object),
        intended_ns=np.array([0, 40_000_000], dtype=np.int64),
        sent_ns=np.array([1_500_000, NEVER], dtype=np.int64),
        first_byte_ns=np.array([8_000_000, NEVER], dtype=np.int64),
        done_ns=np.array([9_000_000, NEVER], dtype=np.int64),
        status=np.array([200, 0], dtype=np.int64),
        error=np.array(["", "dropped"], dtype=object),
        attempt=np.array([1, 1], dtype=np.int64),
        stage=np.array([0, 0], dtype=np.int64),
        warmup=np.array([True, False]),
    )
    first, second = reader.DictReader(io.StringIO(samples_as_csv(samples)))
    assert (first["intended_ms"], first["sent_ms"], first["done_ms"]) == ("0.0", "1.5", "9.0")
    assert (second["delivery_id"], second["sent_ms"], second["done_ms"]) == ("'=b()", "", "")
    assert (second["error"], second["warmup"]) == ("dropped", "False")
    assert len(samples_as_csv(samples.where(np.array([False, False]))).splitlines()) == 1


def suites(document: Document) -> dict[str, ET.Element]:
    root = ET.fromstring(junit.render(document).encode())  # noqa: S314 - our own output
    for suite in root:
        assert int(suite.get("tests") or 0) == len(suite)
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped",) * 2):
            assert int(suite.get(attribute) or 0) == len(suite.findall(f"testcase/{tag}"))
    return {suite.get("name") or "": suite for suite in root}


def judged(suite: ET.Element, name: str) -> tuple[str, str]:
    case = next(each for each in suite if name in (each.get("name") or ""))
    verdicts = [each for each in case if each.tag in {"failure", "error", "skipped"}]
    return (verdicts[0].tag, verdicts[0].get("message") or "") if verdicts else ("pass", "")


def test_junit_fails_what_failed_and_skips_what_was_not_measured(document: Document) -> None:
    suite = suites(document)["thresholds of baseline"]
    tag, message = judged(suite, "response_time mean")
    assert (tag, message) == ("failure", "measured 850 ms, bound 500 ms, 70 % above, n –")
    tag, message = judged(suite, "TaskCreate")
    assert (tag, message) == ("skipped", "not measured: no TaskCreate was sent")
    assert judged(suite, "effects lost") == ("pass", "")


@pytest.mark.parametrize("outcome", Outcome)
def test_junit_passes_nothing_but_a_pass(document: Document, outcome: Outcome) -> None:
    view = document.audits[1]
    check = msgspec.structs.replace(view.summary.checks[0], outcome=outcome)
    summary = msgspec.structs.replace(view.summary, checks=(check,))
    changed = replace(document, audits=(replace(view, summary=summary),))
    tag, _ = judged(suites(changed)["audit of optimized"], check.id)
    expected = {Outcome.PASS: "pass", Outcome.FAIL: "failure", Outcome.ERROR: "error"}
    assert tag == expected.get(outcome, "skipped")


def test_junit_skips_a_missed_warning_and_says_so(document: Document) -> None:
    load = document.loads[0]
    first = msgspec.structs.replace(load.summary.thresholds[0], level=Level.WARN)
    summary = msgspec.structs.replace(load.summary, thresholds=(first,))
    changed = replace(document, loads=(replace(load, summary=summary),))
    tag, message = judged(suites(changed)["thresholds of baseline"], "response_time mean")
    assert tag == "skipped"
    assert message.startswith("missed, warning only: measured 850 ms")


def test_junit_has_an_error_for_an_aborted_run_and_an_audit_without_a_score(
    bare: Document, audit_only: Document
) -> None:
    tag, message = judged(suites(bare)["thresholds of cut short"], "the run is complete")
    assert (tag, message) == ("error", "aborted: only what was measured so far")
    assert judged(suites(audit_only)["audit of mine"], "reached a score")[0] == "error"


def test_junit_of_hostile_text_is_xml(hostile: Document) -> None:
    assert suites(hostile)


@pytest.mark.parametrize("name", FORMATS)
def test_every_listed_format_renders_every_document(
    name: str, document: Document, bare: Document, audit_only: Document
) -> None:
    render = format_named(name)
    for each in (document, bare, audit_only, Document("Empty", "now")):
        assert render(each).endswith("\n")


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as refused:
        format_named("pdf")
    assert "html" in refused.value.hint
