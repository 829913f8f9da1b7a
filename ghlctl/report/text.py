"""The document for a terminal: 80 columns, complete without colour."""

from collections.abc import Sequence

from ghlctl.model.estimate import CompareSummary
from ghlctl.model.finding import Finding
from ghlctl.model.threshold import GateResult, Level, ThresholdResult
from ghlctl.report import (
    audit_tables,
    breakdown,
    columns,
    comparison_tables,
    curl,
    evidence,
    numbers,
    tables,
    threshold_tables,
)
from ghlctl.report.cautions import Doubts, all_doubts
from ghlctl.report.document import AuditView, Document, LoadView, short_names
from ghlctl.report.figures import VERDICT_WORDS, detectable, remark
from ghlctl.report.method import sentences
from ghlctl.report.scores import accepted_words, no_score_because
from ghlctl.report.table import Table
from ghlctl.report.verdict import gate_words, headline
from ghlctl.report.visible import one_line

_SHOWN_EFFECTS = 3
SIGNS = {"passed": "✓", "failed": "✗", "not decided": "?", "measured": "·"}


def render(document: Document) -> str:
    """The whole document as text that ends with a newline."""
    named = short_names(document)
    blocks = (
        _title(named),
        _section(tables.key_table(named)),
        _cautions(all_doubts(named)),
        *(
            _thresholds(caption, results)
            for caption, results in threshold_tables.threshold_groups(named)
        ),
        _comparison(named.comparison) if named.comparison else [],
        *(_section(tables.latency_table(load)) for load in named.loads),
        _section(tables.effects_table(named.loads)),
        _section(tables.errors_table(named.loads)),
        _section(breakdown.retries_table(named.loads)),
        *(_section(breakdown.location_table(load)) for load in named.loads),
        *(_audit(audit) for audit in named.audits),
        _method(named),
    )
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def render_summary(document: Document) -> str:
    """What fits one screen: the verdict, the key figures, the doubts and the scores."""
    named = short_names(document)
    scores = [
        line
        for audit in named.audits
        for line in columns.paragraph(f"audit of {audit.label}: {_score(audit)}", rest="  ")
    ]
    blocks = (
        _title(named),
        _section(tables.key_table(named)),
        scores,
        _cautions(all_doubts(named)),
    )
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def render_comparison(summary: CompareSummary) -> str:
    """A comparison alone, with its verdict, method and cautions."""
    words = VERDICT_WORDS[summary.verdict]
    partial = "" if summary.state == "complete" else ", from what was measured before it ended"
    lines = [
        *columns.paragraph(f"{summary.candidate} against {summary.baseline}: {words}{partial}"),
        "",
        *_comparison(summary),
        *_attempts(summary),
        *_cautions((Doubts("the comparison", summary.cautions),)),
    ]
    return "\n".join(lines) + "\n"


def render_gate(result: GateResult) -> str:
    """Thresholds alone: one line each, then what they come to together."""
    blocks = (
        _thresholds("Thresholds", result.thresholds),
        _cautions((Doubts("the runs", (*result.cautions, *result.remarks)),)),
        columns.paragraph(f"gate: {gate_words(result)}"),
    )
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def diagnostic(finding: Finding) -> list[str]:
    """A finding as a compiler would say it: what was sent, what came, why, and what to do."""
    lines = columns.paragraph(
        f"{finding.outcome.value.replace('_', ' ')}[{one_line(finding.id)}]: {finding.title}"
    )
    for place, exchange in enumerate(finding.evidence[: evidence.SHOWN_EXCHANGES]):
        shown = evidence.masked(exchange)
        lines += columns.paragraph(f"{shown.method} {shown.url}", first="  --> ")
        lines += columns.paragraph(evidence.brief(exchange), first="   |  ", rest="   |  ")
        for effect in exchange.effects[: 0 if place > 1 else _SHOWN_EFFECTS]:
            lines += columns.paragraph(f"upstream: {effect}", first="   |  ", rest="   |    ")
    more = len(finding.evidence) - evidence.SHOWN_EXCHANGES
    if more > 0:
        lines.append(f"   |  and {more:,} more exchanges in the run's transcripts")
    for name, text in _explanations(finding):
        lines += columns.paragraph(text, first=f"   = {name}: ", rest="     ")
    if finding.evidence:
        lines += columns.paragraph(
            f"ghlctl audit replay {one_line(finding.id)}", first="   = again: "
        )
        if line := next(filter(None, map(curl.by_hand, finding.evidence)), ""):
            # Not wrapped: a line that is pasted must stay one.
            lines += ["   = by hand, without its oracle:", f"{line}"]
    return lines


def _explanations(finding: Finding) -> tuple[tuple[str, str], ...]:
    said = (
        ("severity", audit_tables.severity_words(finding)),
        ("reason", finding.reason),
        ("why", finding.why),
        ("remedy", finding.remedy),
        ("references", ", ".join(finding.references)),
    )
    return tuple((name, text) for name, text in said if text)


def _title(document: Document) -> list[str]:
    said = headline(document)
    sign = SIGNS[said.standing.value]
    return [
        *columns.paragraph(document.title),
        "",
        *columns.paragraph(f"{sign} {said.standing.value}: {said.sentence}"),
        *(line for reason in said.reasons for line in columns.paragraph(reason, first="  - ")),
    ]


def _section(table: Table) -> list[str]:
    if not table.rows:
        return []
    note = columns.paragraph(table.note, first="  ", rest="    ") if table.note else []
    return [*columns.paragraph(table.caption), *columns.table(table), *note]


def _thresholds(caption: str, results: Sequence[ThresholdResult]) -> list[str]:
    """Two lines each: an expression is one word to a table, and would be broken in its middle."""
    lines = columns.paragraph(caption) if results else []
    several = len({each.run for each in results if each.run}) > 1
    for result in results:
        mark = f"  {threshold_tables.judgement(result)}  "
        lines += columns.paragraph(result.expression, first=mark)
        lines += columns.paragraph(_found(result, several=several), first="      ")
    return lines


def _found(result: ThresholdResult, *, several: bool) -> str:
    value, bound = threshold_tables.measured_words(result)
    parts = (
        f"{value}, bound {bound}",
        "" if result.bound_word else threshold_tables.margin_words(result),
        "" if result.n is None else f"n {numbers.count(result.n)} {result.n_of}".rstrip(),
        "" if result.level is Level.ERROR else threshold_tables.LEVEL_WORDS[result.level],
        result.run if several else "",
    )
    said = ", ".join(part for part in parts if part)
    return f"{said}; {result.note}" if result.note else said


def _cautions(groups: Sequence[Doubts]) -> list[str]:
    lines = []
    for group in groups:
        for caution in group.cautions:
            text = f"{group.about}: {caution.text} [{one_line(caution.code)}]"
            lines += columns.paragraph(text, first="caution: ", rest="  ")
            if caution.hint:
                lines += columns.paragraph(caution.hint, first="  hint: ")
    return lines


def _comparison(summary: CompareSummary) -> list[str]:
    return [
        *_section(comparison_tables.comparison_table(summary)),
        *(line for said, metrics in _remarks(summary) for line in _remark(said, metrics)),
        *_apart(_section(comparison_tables.detail_table(summary))),
        *_apart(_section(comparison_tables.noise_table(summary))),
        *columns.paragraph(summary.method, first="  method: ", rest="    "),
    ]


def _apart(lines: list[str]) -> list[str]:
    return ["", *lines] if lines else []


def _attempts(summary: CompareSummary) -> list[str]:
    if not summary.attempts:
        return []
    return columns.paragraph(
        f"attempt {summary.attempts} at this pair; the run keeps seed, order and samples",
        first="  ",
        rest="    ",
    )


def _remarks(summary: CompareSummary) -> list[tuple[str, list[str]]]:
    """Why there is no verdict, what could have been seen, and of which metrics that is said."""
    found: dict[str, list[str]] = {}
    for compared in summary.metrics:
        words = [each for each in (remark(compared), detectable(compared)) if each]
        if words:
            found.setdefault("; ".join(words), []).append(
                comparison_tables.metric_words(compared.metric)
            )
    return list(found.items())


def _remark(said: str, metrics: list[str]) -> list[str]:
    return columns.paragraph(f"{', '.join(metrics)}: {said}", first="  ", rest="    ")


def _audit(audit: AuditView) -> list[str]:
    summary = audit.summary
    lines = columns.paragraph(f"Audit of {audit.label}")
    lines += columns.paragraph(_score(audit), first="  ")
    for cap in summary.caps:
        lines += columns.paragraph(
            f"capped at {numbers.score(cap.limit)}: {cap.reason}", first="  "
        )
    for said in accepted_words(summary):
        lines += columns.paragraph(said, first="  ", rest="    ")
    lines += _section(audit_tables.validations_table(summary)) if summary.validations else []
    lines += _section(audit_tables.categories_table(summary)) if summary.categories else []
    if summary.known:
        known = f"failed in {summary.baseline} already: {', '.join(summary.known)}"
        lines += columns.paragraph(known, first="  ")
    lines += columns.table(audit_tables.checks_table(summary)) if summary.checks else []
    for finding in summary.checks:
        if evidence.explained(finding):
            lines += ["", *diagnostic(finding)]
    return lines


def _score(audit: AuditView) -> str:
    summary = audit.summary
    if summary.score is None:
        return f"? no score, because {no_score_because(summary)}"
    ends = f"{numbers.score(summary.score_low)} to {numbers.score(summary.score_high)}"
    return (
        f"{'✓ pass' if summary.passed else '✗ fail'}: score {numbers.score(summary.score)} of 100 "
        f"({ends} with what is undecided), grade {summary.grade or numbers.UNKNOWN}, "
        f"coverage {numbers.percent(summary.coverage)}"
    )


def _method(document: Document) -> list[str]:
    lines = [line for load in document.loads for line in _run(load)]
    for sentence in sentences(document):
        lines += columns.paragraph(sentence, first="  - ")
    return ["Method", *lines] if lines else []


def _run(load: LoadView) -> list[str]:
    run, machine = load.run, load.run.environment
    cores = "core" if machine.cores == 1 else "cores"
    text = (
        f"{load.label}: run {run.id}, {run.state}, seed {run.seed}, {machine.system} on "
        f"{machine.cpu}, {machine.cores} {cores}, load average {numbers.plain(machine.load_1m)}"
    )
    return columns.paragraph(text, first="  - ")
