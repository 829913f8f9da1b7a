"""Audits as text: outcomes, validations, categories."""

from ghlctl.model.finding import AuditSummary, Confidence, Finding, Outcome, Standing
from ghlctl.report import numbers
from ghlctl.report.table import Table


def counts_table(summary: AuditSummary) -> Table:
    order = {outcome.value: place for place, outcome in enumerate(Outcome)}
    counted = sorted(summary.counts.items(), key=lambda pair: order.get(pair[0], len(order)))
    return Table(
        "Checks by outcome",
        ("outcome", "checks"),
        tuple((outcome_words(name), numbers.count(count)) for name, count in counted if count),
    )


def checks_table(summary: AuditSummary) -> Table:
    return Table(
        "Checks",
        ("outcome", "check", "severity"),
        tuple(
            (_outcome(each, summary), f"{each.id}: {each.title}", severity_words(each))
            for each in summary.checks
        ),
        words=3,
    )


def _outcome(finding: Finding, summary: AuditSummary) -> str:
    """An accepted failure keeps its cross: it was accepted, not mended."""
    accepted = any(each.id == finding.id for each in summary.suppressions)
    return outcome_words(finding.outcome) + (" (accepted)" if accepted else "")


def validations_table(summary: AuditSummary) -> Table:
    """The four validations of the plan, by name."""
    return Table(
        "Validations",
        ("validation", "standing", "because"),
        tuple(
            (each.title, standing_words(each.standing), each.reason) for each in summary.validations
        ),
        words=3,
    )


def categories_table(summary: AuditSummary) -> Table:
    return Table(
        "Categories",
        ("category", "standing", "weight", "score", "coverage"),
        tuple(
            (
                each.title,
                standing_words(each.standing),
                numbers.plain(each.weight),
                numbers.score(each.score),
                numbers.percent(each.coverage),
            )
            for each in summary.categories
        ),
        words=2,
    )


def standing_words(standing: Standing) -> str:
    """PASS and FAIL stand out; everything else says in words what it is."""
    signs = {Standing.PASS: "✓ PASS", Standing.FAIL: "✗ FAIL", Standing.WARN: "! WARN"}
    return signs.get(standing, f"? {standing.value.replace('_', ' ').upper()}")


def severity_words(finding: Finding) -> str:
    sure = finding.confidence
    return f"{finding.severity}, " + (
        sure if sure is Confidence.CONFIRMED else f"{sure} confidence"
    )


def outcome_words(outcome: str) -> str:
    """A sign and words; only pass carries a tick, only fail a cross."""
    signs = {"pass": "✓", "fail": "✗", "warn": "!", "error": "?", "inconclusive": "?"}
    return (
        f"{signs.get(outcome, '?' if outcome == 'not_tested' else '·')} {outcome.replace('_', ' ')}"
    )
