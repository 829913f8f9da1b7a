"""Thresholds and checks as JUnit cases; what was not decided is skipped with its reason."""

from xml.etree import ElementTree as ET

from ghlctl.model.finding import Finding, Outcome
from ghlctl.model.run import RunState
from ghlctl.model.threshold import Level, ThresholdResult
from ghlctl.model.visible import visible
from ghlctl.report import evidence, numbers, tables
from ghlctl.report.document import AuditView, Document, LoadView, short_names
from ghlctl.report.scores import no_score_because
from ghlctl.report.visible import one_line


def render(document: Document) -> str:
    """One suite per load and per audit; XML with its declaration."""
    named = short_names(document)
    root = ET.Element("testsuites", name=named.title)
    for load in named.loads:
        _load_suite(root, load)
    for audit in named.audits:
        _audit_suite(root, audit)
    for suite in root:
        _count(suite)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _load_suite(root: ET.Element, load: LoadView) -> None:
    suite = ET.SubElement(root, "testsuite", name=f"thresholds of {load.label}")
    case = _case(suite, "run", "the run is complete")
    if load.run.state is not RunState.COMPLETE:
        _say(case, "error", f"{load.run.state}: only what was measured so far")
    for result in load.summary.thresholds:
        _threshold(suite, result)


def _threshold(suite: ET.Element, result: ThresholdResult) -> None:
    case = _case(suite, "threshold", result.expression)
    value, bound = numbers.apart(result.value, result.bound, result.unit)
    said = f"measured {value}, bound {bound}, {numbers.margin(result.value, result.bound)}"
    if result.passed is None:
        _say(case, "skipped", f"not measured: {result.note or 'the number could not be had'}")
    elif result.passed:
        ET.SubElement(case, "system-out").text = visible(said)
    elif result.level is Level.ERROR:
        _say(case, "failure", said)
    else:
        _say(case, "skipped", f"missed, {tables.LEVEL_WORDS[result.level]}: {said}")


def _audit_suite(root: ET.Element, audit: AuditView) -> None:
    suite = ET.SubElement(root, "testsuite", name=f"audit of {audit.label}")
    case = _case(suite, "audit", "the audit reached a score")
    if audit.summary.score is None:
        _say(case, "error", f"no score, because {no_score_because(audit.summary)}")
    for finding in audit.summary.checks:
        _finding(suite, finding)


def _finding(suite: ET.Element, finding: Finding) -> None:
    case = _case(suite, finding.topic, f"{finding.id}: {finding.title}")
    words = finding.outcome.value.replace("_", " ")
    match finding.outcome:
        case Outcome.PASS:
            pass
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
