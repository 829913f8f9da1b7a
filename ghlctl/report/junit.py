"""Thresholds and checks as JUnit cases; what was not decided is skipped with its reason."""

from xml.etree import ElementTree as ET

from ghlctl.analysis.standing import standing_of
from ghlctl.model.estimate import CompareSummary, Verdict
from ghlctl.model.finding import Finding, Outcome
from ghlctl.model.run import RunState
from ghlctl.model.suppression import Suppression
from ghlctl.model.threshold import GateResult, Level, ThresholdResult
from ghlctl.model.visible import visible
from ghlctl.report import evidence, numbers, threshold_tables
from ghlctl.report.document import AuditView, Document, LoadView, short_names
from ghlctl.report.scores import no_score_because
from ghlctl.report.visible import one_line


def render(document: Document) -> str:
    """One suite per load and per audit; XML with its declaration."""
    named = short_names(document)
    root = ET.Element("testsuites", name=named.title)
    if named.gate is not None:
        _gate_suite(root, named.gate.result)
    for load in named.loads:
        _load_suite(root, load, with_thresholds=named.gate is None)
    for audit in named.audits:
        _audit_suite(root, audit)
    for suite in root:
        _count(suite)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _gate_suite(root: ET.Element, gate: GateResult) -> None:
    suite = ET.SubElement(root, "testsuite", name="gate")
    case = _case(suite, "gate", "the runs may be trusted")
    for caution in gate.cautions:
        _say(case, "error", caution.text)
    for result in gate.thresholds:
        _threshold(suite, result)
    for compared in gate.comparisons:
        _comparison(suite, compared)


def _comparison(suite: ET.Element, compared: CompareSummary) -> None:
    case = _case(suite, "comparison", f"{compared.candidate} against {compared.baseline}")
    if compared.verdict is Verdict.WORSE:
        _say(case, "failure", "worse than the baseline")
    elif compared.verdict is Verdict.UNCLEAR:
        _say(case, "skipped", "unclear: a difference was neither shown nor excluded")


def _load_suite(root: ET.Element, load: LoadView, *, with_thresholds: bool) -> None:
    suite = ET.SubElement(root, "testsuite", name=f"thresholds of {load.label}")
    case = _case(suite, "run", "the run is complete")
    if load.run.state is not RunState.COMPLETE:
        _say(case, "error", f"{load.run.state}: only what was measured so far")
    elif reason := standing_of(load.summary).reason:
        _say(case, "error", f"nothing is decided, as {reason}")
    for result in load.summary.thresholds if with_thresholds else ():
        _threshold(suite, result)


def _threshold(suite: ET.Element, result: ThresholdResult) -> None:
    case = _case(suite, "threshold", result.expression)
    value, bound = threshold_tables.measured_words(result)
    n = numbers.count(result.n)
    said = f"measured {value}, bound {bound}, {threshold_tables.margin_words(result)}, n {n}"
    if result.passed is None and result.unclear:
        _say(case, "skipped", f"unclear: {said}")
    elif result.passed is None:
        _say(case, "skipped", f"not measured: {result.note or 'the number could not be had'}")
    elif result.passed:
        ET.SubElement(case, "system-out").text = visible(said)
    elif result.level is Level.ERROR:
        _say(case, "failure", said)
    else:
        _say(case, "skipped", f"missed, {threshold_tables.LEVEL_WORDS[result.level]}: {said}")


def _audit_suite(root: ET.Element, audit: AuditView) -> None:
    suite = ET.SubElement(root, "testsuite", name=f"audit of {audit.label}")
    case = _case(suite, "audit", "the audit reached a score")
    if audit.summary.score is None:
        _say(case, "error", f"no score, because {no_score_because(audit.summary)}")
    accepted = {each.id: each for each in audit.summary.suppressions}
    for each in audit.summary.expired_suppressions:
        expired = _case(suite, "suppression", f"the suppression of {each.id} holds")
        _say(expired, "failure", f"it expired on {each.expires}, owner {each.owner}")
    for finding in audit.summary.checks:
        _finding(suite, finding, accepted=accepted.get(finding.id))


def _finding(suite: ET.Element, finding: Finding, *, accepted: Suppression | None) -> None:
    case = _case(suite, finding.topic, f"{finding.id}: {finding.title}")
    words = finding.outcome.value.replace("_", " ")
    match finding.outcome:
        case Outcome.PASS:
            pass
        case Outcome.FAIL | Outcome.WARN if accepted is not None:
            said = f"accepted until {accepted.expires} by {accepted.owner}: {accepted.statement}"
            _say(case, "skipped", f"{words}, {said}")
        case Outcome.FAIL:
            _say(case, "failure", finding.reason, _details(finding), kind=finding.severity)
        case Outcome.ERROR:
            _say(case, "error", finding.reason, _details(finding), kind=words)
        case _:
            _say(case, "skipped", f"{words}: {finding.reason}")


def _details(finding: Finding) -> str:
    exchanges = "\n\n".join(
        f"{one_line(each.purpose)}\n{evidence.request_text(each)}\n\n{evidence.reply_text(each)}\n\n"
        f"{evidence.effects_text(each)}"
        for each in finding.evidence[: evidence.SHOWN_EXCHANGES]
    )
    return f"remedy: {finding.remedy}\n\n{exchanges}"


def _case(suite: ET.Element, topic: str, name: str) -> ET.Element:
    owner = f"{suite.get('name')}.{one_line(topic)}"
    return ET.SubElement(suite, "testcase", classname=owner, name=one_line(name))


def _say(case: ET.Element, tag: str, message: str, text: str = "", kind: str = "") -> None:
    said = ET.SubElement(case, tag, message=one_line(message))
    if kind:
        said.set("type", kind)
    if text:
        said.text = visible(text)


def _count(suite: ET.Element) -> None:
    suite.set("tests", str(len(suite)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
