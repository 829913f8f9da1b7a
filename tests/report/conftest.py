"""A believable before and after: 850 ms against 150 ms, and an audit of both."""

import math
import random
from dataclasses import fields, is_dataclass, replace
from typing import Any

import msgspec
import pytest

from ghlctl.model.caution import Caution
from ghlctl.model.estimate import CompareSummary, Comparison, Verdict
from ghlctl.model.finding import (
    AuditSummary,
    Cap,
    Confidence,
    Exchange,
    Finding,
    Outcome,
    Severity,
)
from ghlctl.model.run import Environment, Run, RunKind, RunState
from ghlctl.model.summary import (
    BlockSummary,
    EffectsSummary,
    EventSummary,
    GeneratorSummary,
    Latency,
    LoadSummary,
    ReceiverCost,
)
from ghlctl.model.threshold import Level, ThresholdResult
from ghlctl.report.document import AuditView, Curve, Document, LoadView, Timeline

PERCENTILES = (*range(100), 99.5, 99.7, 99.9)


@pytest.fixture
def document() -> Document:
    """Two loads, two audits, a comparison, cautions of every kind."""
    return Document(
        title="Demo on the embedded receiver",
        generated_at="2026-11-22 16:40 UTC",
        loads=(load("baseline", 850.0, 10.0), load("optimized", 150.0, 25.0)),
        audits=(AuditView("baseline", audit(flawed=True)), AuditView("optimized", audit())),
        comparison=comparison(),
        notes=("The upstream is simulated with 30 ms round trip and 35 ms service time.",),
    )


def load(label: str, mean_ms: float, rate: float) -> LoadView:
    summary = load_summary(label, mean_ms, rate)
    return LoadView(
        label=label,
        run=run(label),
        summary=summary,
        curve=curve(mean_ms),
        end_to_end_curve=curve(mean_ms * 1.3),
        timeline=timeline(mean_ms, rate),
    )


def run(label: str) -> Run:
    return Run(
        schema_version=1,
        id=f"20261122T164000Z-demo-{label}",
        kind=RunKind.DEMO,
        state=RunState.COMPLETE,
        name="steady",
        scenario={"name": "steady"},
        seed=20261122,
        receiver=f"embedded receiver, profile {label}",
        scheme="ghl",
        environment=Environment(
            system="Linux",
            machine="x86_64",
            cpu="AMD EPYC 7B13",
            cores=2,
            memory_bytes=8 * 1024**3,
            python="3.11.7",
            load_1m=0.84,
        ),
        started_at="2026-11-22T16:40:00Z",
        tool_version="0.1.0",
    )


def latency(mean_ms: float, *, tail: bool = True) -> Latency:
    return Latency(
        mean=mean_ms,
        p50=mean_ms * 0.94,
        p90=mean_ms * 1.32,
        p95=mean_ms * 1.58,
        p99=mean_ms * 2.4,
        p99_9=mean_ms * 3.1 if tail else None,
        max=mean_ms * 3.6,
    )


def load_summary(label: str, mean_ms: float, rate: float) -> LoadSummary:
    slow = mean_ms > 500
    planned = int(rate * 30)
    errors = planned // 47 if slow else 1
    return LoadSummary(
        schema_version=1,
        run=f"20261122T164000Z-demo-{label}",
        kind="demo",
        state="complete",
        scenario="steady",
        receiver=f"embedded receiver, profile {label}",
        planned=planned,
        sent=planned,
        dropped=0,
        errors=errors,
        errors_by_kind={"status": errors - 1, "timeout": 1} if slow else {"status": errors},
        error_rate=errors / planned,
        throughput_per_s=rate * (planned - errors) / planned,
        planned_per_s=rate,
        duration_s=30.0,
        response_time_ms=latency(mean_ms, tail=not slow),
        service_time_ms=latency(mean_ms * 0.99, tail=not slow),
        lateness_ms=latency(0.4, tail=not slow),
        by_event={
            name: EventSummary(
                sent=int(planned * share),
                errors=0,
                error_rate=0.0,
                response_time_ms=latency(mean_ms * factor, tail=False),
            )
            for name, share, factor in (
                ("ContactCreate", 0.4, 1.1),
                ("ContactUpdate", 0.3, 0.9),
                ("OpportunityCreate", 0.15, 1.0),
                ("AppointmentCreate", 0.15, 0.95),
            )
        },
        effects=EffectsSummary(
            expected=planned - errors,
            seen=planned - errors,
            lost=0,
            duplicated=2 if slow else 0,
            unacknowledged=1 if slow else 0,
            end_to_end_ms=latency(mean_ms * 1.3, tail=not slow),
            calls_per_event=4.2 if slow else 1.0,
        ),
        generator=GeneratorSummary(cpu_s=2.41, workers=1, keeping_up=True, run_queue_wait_s=0.2),
        receiver_cost=ReceiverCost(
            cpu_s=9.3 if slow else 8.1,
            cpu_ms_per_event=31.0 if slow else 10.8,
            run_queue_wait_s=0.7,
        ),
        blocks=tuple(
            BlockSummary(
                start_s=5.0 * place,
                duration_s=5.0,
                sent=planned // 6,
                errors=0,
                throughput_per_s=rate,
                response_time_ms=latency(mean_ms),
            )
            for place in range(6)
        ),
        thresholds=thresholds(mean_ms, errors / planned),
        cautions=(
            Caution(
                "contended-machine",
                "other processes took 31 % of the machine's CPU during this run",
                "close them, or read the change rather than the absolute times",
            ),
        )
        if slow
        else (),
        passed=not slow,
    )


def thresholds(mean_ms: float, error_rate: float) -> tuple[ThresholdResult, ...]:
    return (
        ThresholdResult(
            "response_time mean < 500ms", mean_ms, 500.0, passed=mean_ms < 500, unit="ms"
        ),
        ThresholdResult(
            "response_time p95 < 600ms",
            mean_ms * 1.58,
            600.0,
            passed=mean_ms * 1.58 < 600,
            unit="ms",
        ),
        ThresholdResult(
            "error_rate < 1%", error_rate, 0.01, passed=error_rate < 0.01, unit="ratio"
        ),
        ThresholdResult("effects lost == 0", 0.0, 0.0, passed=True),
        ThresholdResult(
            "response_time{event=TaskCreate} p99 < 800ms",
            None,
            800.0,
            passed=None,
            level=Level.WARN,
            unit="ms",
            note="no TaskCreate was sent",
        ),
    )


def curve(mean_ms: float) -> Curve:
    return tuple(
        (p, mean_ms * (0.55 + 0.42 * (p / 100) + 0.32 * -math.log10(1 - p / 100)))
        for p in PERCENTILES
    )


def timeline(mean_ms: float, rate: float) -> Timeline:
    dice = random.Random(7)
    p50 = [mean_ms * dice.uniform(0.85, 1.05) for _ in range(35)]
    missing: dict[int, None] = {17: None}
    errors = tuple(1 if mean_ms > 500 and second % 9 == 4 else 0 for second in range(35))
    return Timeline(
        second=tuple(float(second) for second in range(35)),
        planned=(int(rate),) * 35,
        sent=(int(rate),) * 35,
        acknowledged=tuple(int(rate) - error for error in errors),
        errors=errors,
        p50=tuple(missing.get(second, value) for second, value in enumerate(p50)),
        p95=tuple(
            missing.get(second, value * dice.uniform(1.2, 1.9)) for second, value in enumerate(p50)
        ),
        warmup_s=5.0,
    )


def comparison() -> CompareSummary:
    rows = (
        ("response_time mean", 850.0, 150.0, -0.824, -0.841, -0.803, 0.06, Verdict.BETTER),
        ("response_time p50", 799.0, 141.0, -0.8235, -0.838, -0.807, 0.05, Verdict.BETTER),
        ("response_time p95", 1343.0, 237.0, -0.8235, -0.858, -0.78, 0.11, Verdict.BETTER),
        ("response_time p99", 2040.0, 360.0, -0.8235, -0.93, 0.12, 0.5, Verdict.UNCLEAR),
        ("end_to_end mean", 1105.0, 195.0, -0.8235, -0.84, -0.80, 0.08, Verdict.BETTER),
        ("throughput", 9.8, 24.9, 1.54, 1.49, 1.60, 0.03, Verdict.BETTER),
        ("cpu_ms_per_event", 31.0, 10.8, None, None, None, None, Verdict.UNCLEAR),
    )
    return CompareSummary(
        schema_version=1,
        baseline="20261122T164000Z-demo-baseline",
        candidate="20261122T164000Z-demo-optimized",
        method="sequential runs, paired blocks of 5 s, log ratios, 95 % intervals",
        metrics=(
            *(Comparison(*row) for row in rows),
            Comparison(
                "error_rate",
                0.0204,
                0.0013,
                -0.0191,
                -0.034,
                -0.002,
                0.02,
                Verdict.BETTER,
                relative=False,
            ),
        ),
        verdict=Verdict.BETTER,
        cautions=(
            Caution(
                "sequential",
                "the runs came one after the other, so drift of the machine is not controlled",
                "ghlctl compare --live --mode abba interleaves them",
            ),
        ),
    )


def finding(id_: str, title: str, outcome: Outcome, reason: str, **more: object) -> Finding:
    return Finding(
        id=id_,
        topic=id_.partition(".")[0],
        title=title,
        outcome=outcome,
        severity=Severity.CRITICAL if "signature" in id_ else Severity.HIGH,
        confidence=Confidence.CONFIRMED,
        reason=reason,
        evidence=() if outcome is Outcome.NOT_TESTED else (exchange(outcome),),
        why="Anyone who finds the address can then change contacts in the account.",
        remedy="Verify the signature over the raw bytes of the body before anything reads them.",
        references=("CWE-347", "OWASP ASVS 4.1.5"),
    )


def exchange(outcome: Outcome) -> Exchange:
    accepted = outcome is not Outcome.PASS
    return Exchange(
        purpose="a forgery: the signature belongs to another body",
        method="POST",
        url="http://127.0.0.1:8700/webhooks/ghl",
        headers=(
            ("content-type", "application/json"),
            ("x-ghl-signature", "kD4m1uJZ0bQ9nJv3mUo0eQ=="),
            ("authorization", "Bearer hidden-from-view"),
        ),
        body='{"type":"ContactCreate","locationId":"ve9EPM428h8vShlRW1KT","email":"a@b.invalid"}',
        body_bytes=82,
        status=200 if accepted else 401,
        reply_headers=(("content-type", "application/json"),),
        reply_body='{"ok":true}' if accepted else '{"error":"mismatch"}',
        total_ms=41.7,
        effects=("PUT /contacts/ocQHyuzHvysMo5N5VsXc 200 applied",) if accepted else (),
    )


def audit(*, flawed: bool = False) -> AuditSummary:
    bad = Outcome.FAIL if flawed else Outcome.PASS
    checks = (
        finding(
            "signature.absent", "A delivery without a signature is refused", bad, "acted on it"
        ),
        finding(
            "signature.altered-body",
            "An altered body is refused",
            bad,
            "answered 200 and updated a contact" if flawed else "answered 401, no effect",
        ),
        finding("signature.wrong-key", "A foreign key is refused", Outcome.PASS, "answered 401"),
        finding(
            "replay.same-id", "A replayed id has no second effect", bad, "two effects for one id"
        ),
        finding(
            "replay.stale",
            "A stale timestamp is refused",
            Outcome.INCONCLUSIVE,
            "refused once and accepted twice of three repeats",
        ),
        finding(
            "input.oversized",
            "An oversized body is refused",
            Outcome.NOT_TESTED,
            "the upstream's ledger was not reachable",
        ),
    )
    counts: dict[str, int] = {}
    for each in checks:
        counts[each.outcome.value] = counts.get(each.outcome.value, 0) + 1
    return AuditSummary(
        schema_version=1,
        run=f"20261122T164200Z-audit-{'baseline' if flawed else 'optimized'}",
        receiver="http://127.0.0.1:8700/webhooks/ghl",
        score=39.0 if flawed else 96.4,
        score_low=25.0 if flawed else 81.0,
        score_high=39.0 if flawed else 97.5,
        coverage=0.86,
        grade="F" if flawed else "A",
        caps=(Cap(39.0, "signature.absent failed: any critical failure"),) if flawed else (),
        counts=counts,
        checks=checks,
        cautions=(
            Caution(
                "medium-oracle", "two checks were judged by the reply alone", "give --upstream"
            ),
        ),
        passed=not flawed,
    )


def poisoned(value: Any, payload: str) -> Any:
    """The same value with every free text in it, and every key of a mapping, replaced."""
    if type(value) is str:
        return payload
    if isinstance(value, tuple):
        return tuple(poisoned(each, payload) for each in value)
    if isinstance(value, dict):
        return {f"{payload}{key}": poisoned(each, payload) for key, each in value.items()}
    if isinstance(value, msgspec.Struct):
        texts = {each: poisoned(getattr(value, each), payload) for each in value.__struct_fields__}
        return msgspec.structs.replace(value, **texts)
    if is_dataclass(value) and not isinstance(value, type):
        texts = {each.name: poisoned(getattr(value, each.name), payload) for each in fields(value)}
        return replace(value, **texts)
    return value


PAYLOADS = {
    "script": "<script>alert(1)</script>",
    "quotes": "\"' onload='x' style=\"",
    "cdata": "]]> <!-- --> </style> </title> &lt;",
    "ansi": "\x1b[31mred\x1b]0;title\x07\x9b2J",
    "nul": "a\x00b",
    "bidi": "user\u202egnp.exe\u2066",
    "long": "x" * 100_000,
    "long words": "word " * 20_000,
    "markdown": "| a `b` ``` \n# c [x](http://evil.invalid) <b>\n\n---",
    "formula": "=HYPERLINK(1)",
    "surrogate": "half \ud800 pair",
    "no character": "\ufffe\uffff\U000e0041",
    "template": "{{ 7 * 7 }}{% raw %}",
    "wide": "漢字" * 60,
    "empty": "",
    "newlines": "one\r\ntwo\u2028three\n",
}


@pytest.fixture(params=PAYLOADS)
def hostile(request: pytest.FixtureRequest, document: Document) -> Document:
    """The document with every text in it chosen by an enemy."""
    poisoned_document: Document = poisoned(document, PAYLOADS[request.param])
    return poisoned_document


@pytest.fixture
def bare() -> Document:
    """A load of which almost nothing could be measured."""
    whole = load("cut short", 850.0, 10.0)
    nothing = Latency(None, None, None, None, None, None, None)
    summary = msgspec.structs.replace(
        whole.summary,
        state="aborted",
        planned=0,
        sent=0,
        errors=0,
        errors_by_kind={},
        error_rate=0.0,
        throughput_per_s=0.0,
        response_time_ms=nothing,
        service_time_ms=nothing,
        lateness_ms=nothing,
        by_event={},
        effects=None,
        receiver_cost=None,
        blocks=(),
        thresholds=(
            ThresholdResult("response_time p95 < 1s", None, 1000.0, passed=None, unit="ms"),
        ),
        cautions=(),
        passed=False,
    )
    aborted = msgspec.structs.replace(whole.run, state=RunState.ABORTED)
    view = replace(
        whole, run=aborted, summary=summary, curve=(), end_to_end_curve=None, timeline=None
    )
    return Document(title="Aborted", generated_at="2026-11-22 16:40 UTC", loads=(view,))


@pytest.fixture
def audit_only(document: Document) -> Document:
    """An audit whose controls failed, and no load."""
    view = document.audits[0]
    summary = msgspec.structs.replace(
        view.summary,
        score=None,
        score_low=None,
        score_high=None,
        grade="",
        checks=(control(Outcome.ERROR), *view.summary.checks),
    )
    return replace(document, loads=(), comparison=None, audits=(AuditView("mine", summary),))


def control(outcome: Outcome) -> Finding:
    return Finding(
        id="CTL-01",
        topic="controls",
        title="Accepts genuine deliveries",
        outcome=outcome,
        severity=Severity.INFO,
        confidence=Confidence.HIGH,
        reason="as the controls are",
    )
