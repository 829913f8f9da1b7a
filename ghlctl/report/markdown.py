"""The document as GitHub's Markdown, small enough for a step summary."""

import re
from collections.abc import Iterable, Sequence

from ghlctl.model.estimate import CompareSummary
from ghlctl.model.finding import Finding
from ghlctl.report import (
    audit_tables,
    breakdown,
    comparison_tables,
    evidence,
    numbers,
    tables,
    threshold_tables,
)
from ghlctl.report.cautions import Doubts, all_doubts
from ghlctl.report.document import AuditView, Document, short_names
from ghlctl.report.method import run_table, sentences
from ghlctl.report.scores import accepted_words, no_score_because
from ghlctl.report.table import Table
from ghlctl.report.verdict import headline
from ghlctl.report.visible import one_line

LIMIT_BYTES = 1_000_000
_SUMMARY_BYTES = 1024 * 1024  # a step's summary is refused above it
_NOTICE = "The rest is left out: the page would be too large."

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~>-])")
_SIGNS = {"passed": "✅", "failed": "❌", "not decided": "❔", "measured": "📏"}


def render(document: Document) -> str:
    """The document; evidence goes first where the whole would be too large."""
    return render_within(document, LIMIT_BYTES)


def render_within(document: Document, limit: int) -> str:
    """The document in at most `limit` bytes; a notice ends one that was cut."""
    named = short_names(document)
    whole = _page(named, with_evidence=True)
    if _bytes(whole) > limit:
        whole = _page(named, with_evidence=False)
    return whole if _bytes(whole) <= limit else _shortened(whole, limit)


def room_in_summary(there: int) -> int:
    """Bytes that a step's summary may still take, where it holds `there` already."""
    return max(0, min(LIMIT_BYTES, _SUMMARY_BYTES - there))


def escaped(text: str, limit: int = 600) -> str:
    """Text on one line of which Markdown and HTML take nothing for markup."""
    plain = _SPECIAL.sub(r"\\\1", one_line(text, limit))
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace("://", "&#58;//")


def fenced(text: str) -> str:
    """A code block whose fence is longer than any run of backticks inside."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def table(content: Table) -> str:
    """A caption and a table; nothing where there are no rows."""
    if not content.rows:
        return ""
    rule = ["---" if place < content.words else "---:" for place in range(len(content.columns))]
    lines = [_line(map(escaped, content.columns)), _line(rule)]
    lines += [_line(map(escaped, row)) for row in content.rows]
    note = f"\n\n{escaped(content.note)}" if content.note else ""
    return f"**{escaped(content.caption)}**\n\n" + "\n".join(lines) + note


def _page(document: Document, *, with_evidence: bool) -> str:
    parts = (
        _title(document),
        table(tables.key_table(document)),
        _cautions(all_doubts(document)),
        *(table(each) for each in threshold_tables.threshold_tables(document)),
        *(_comparison(document.comparison) if document.comparison else ()),
        *(_folded(table(tables.latency_table(load))) for load in document.loads),
        table(tables.effects_table(document.loads)),
        table(tables.errors_table(document.loads)),
        table(breakdown.retries_table(document.loads)),
        *(_folded(table(breakdown.location_table(load)), "Locations") for load in document.loads),
        *(_audit(audit, with_evidence=with_evidence) for audit in document.audits),
        _folded(_method(document), "Environment and method"),
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _title(document: Document) -> str:
    said = headline(document)
    reasons = "\n".join(f"- {escaped(reason)}" for reason in said.reasons)
    sign = _SIGNS[said.standing.value]
    return (
        f"## {escaped(document.title)}\n\n"
        f"{sign} **{said.standing.value}**: {escaped(said.sentence)}\n\n{reasons}"
    ).rstrip()


def _comparison(summary: CompareSummary) -> tuple[str, ...]:
    return (
        table(comparison_tables.comparison_table(summary)),
        _folded(table(comparison_tables.detail_table(summary)), "Behind the verdicts"),
        _folded(table(comparison_tables.noise_table(summary)), "Noise floor, from the control"),
    )


def _cautions(groups: Sequence[Doubts]) -> str:
    lines = [
        f"> - {escaped(group.about)}: {escaped(caution.text)} ({escaped(caution.code)})"
        + (f". What to do: {escaped(caution.hint)}" if caution.hint else "")
        for group in groups
        for caution in group.cautions
    ]
    return "\n".join(["> **Read these numbers with caution**", ">", *lines]) if lines else ""


def _audit(audit: AuditView, *, with_evidence: bool) -> str:
    summary = audit.summary
    score = f"{numbers.score(summary.score)} of 100"
    if summary.score is None:
        score = f"no score, because {no_score_because(summary)}"
    ends = f"{numbers.score(summary.score_low)} to {numbers.score(summary.score_high)}"
    caps = [
        f"- capped at {numbers.score(cap.limit)}: {escaped(cap.reason)}" for cap in summary.caps
    ]
    parts = (
        f"### Audit of {escaped(audit.label)}: {score}, grade {escaped(summary.grade) or 'none'}",
        f"Interval {ends}, coverage {numbers.percent(summary.coverage)}.",
        "\n".join([*caps, *(f"- {escaped(said)}" for said in accepted_words(summary))]),
        table(audit_tables.validations_table(summary)) if summary.validations else "",
        table(audit_tables.categories_table(summary)) if summary.categories else "",
        table(audit_tables.checks_table(summary)),
        *(
            _finding(each, with_evidence=with_evidence)
            for each in summary.checks
            if evidence.explained(each)
        ),
    )
    return "\n\n".join(part for part in parts if part)


def _finding(finding: Finding, *, with_evidence: bool) -> str:
    said = (
        ("Reason", finding.reason),
        ("Why it matters", finding.why),
        ("Remedy", finding.remedy),
        ("References", ", ".join(finding.references)),
    )
    body = [f"{name}: {escaped(text)}" for name, text in said if text]
    if with_evidence:
        for exchange in finding.evidence[: evidence.SHOWN_EXCHANGES]:
            body += [escaped(evidence.brief(exchange)), fenced(evidence.request_text(exchange))]
            body += [fenced(evidence.reply_text(exchange)), fenced(evidence.effects_text(exchange))]
    elif finding.evidence:
        body.append("The evidence is left out here: the page would be too large.")
    heading = f"{audit_tables.outcome_words(finding.outcome)}: {finding.title} ({finding.id})"
    return _folded("\n\n".join(body), heading)


def _folded(content: str, heading: str = "Times in full") -> str:
    if not content:
        return ""
    summary = escaped(heading).replace("\\", "")
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"


def _method(document: Document) -> str:
    listed = "\n".join(f"- {escaped(sentence, 2_000)}" for sentence in sentences(document))
    return "\n\n".join(part for part in (table(run_table(document)), listed) if part)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell or ' ' for cell in cells)} |"


def _bytes(text: str) -> int:
    return len(text.encode())


def _shortened(text: str, limit: int) -> str:
    """Whole lines while they fit; what was left out is said, if there is room for that."""
    ending = f"\n{_NOTICE}\n"
    if _bytes(ending) > limit:
        return ""
    kept, size = [], _bytes(ending)
    for line in text.splitlines():
        size += _bytes(line) + 1
        if size > limit:
            break
        kept.append(f"{line}\n")
    return "".join(kept) + ending
