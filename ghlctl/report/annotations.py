"""Workflow commands that GitHub shows beside the code: at most ten a step."""

from collections.abc import Iterator
from itertools import islice

from ghlctl.model.estimate import Verdict
from ghlctl.model.threshold import GateStanding, Level, ThresholdResult
from ghlctl.report import threshold_tables
from ghlctl.report.document import Document
from ghlctl.report.visible import one_line

MOST = 10
"""GitHub drops what a step says beyond ten of a kind."""


def annotations(document: Document) -> tuple[str, ...]:
    """One line per threshold that did not pass, failures first; the last says how many are left."""
    lines = list(_lines(document))
    if len(lines) <= MOST:
        return tuple(lines)
    left = len(lines) - MOST + 1
    more = command("error", f"{left} more are in the summary of this step", {"title": "ghlctl"})
    return (*islice(lines, MOST - 1), more)


def command(kind: str, message: str, properties: dict[str, str]) -> str:
    """`::error file=…,line=…::…` with everything escaped that GitHub would read as its own."""
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {said}::{_text(one_line(message))}"


def _lines(document: Document) -> Iterator[str]:
    if document.gate is None:
        return
    result = document.gate.result
    open_ = [each for each in result.thresholds if each.passed is not True]
    for each in sorted(open_, key=lambda one: (one.level is not Level.ERROR, one.passed is None)):
        place = document.gate.places.get(each.expression)
        where = {"file": place.file, "line": str(place.line)} if place else {}
        yield command(_kind(each), _said(each), {**where, "title": each.expression})
    failed = any(each.passed is False for each in open_)
    for compared in result.comparisons if not failed else ():
        if compared.verdict is Verdict.WORSE and result.standing is GateStanding.FAILED:
            said = f"{compared.candidate} is worse than {compared.baseline}"
            yield command("error", said, {"title": "ghlctl compare"})
    for caution in result.cautions:
        yield command("error", caution.text, {"title": f"ghlctl {caution.code}"})


def _kind(result: ThresholdResult) -> str:
    return "warning" if result.level is not Level.ERROR or result.unclear else "error"


def _said(result: ThresholdResult) -> str:
    value, bound = threshold_tables.measured_words(result)
    words = threshold_tables.judgement(result)[2:]
    note = f" ({result.note})" if result.note else ""
    return f"{words}: measured {value}, bound {bound}{note}"


def _text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _text(one_line(text)).replace(":", "%3A").replace(",", "%2C")
