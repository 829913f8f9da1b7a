"""The score of an audit in words, with what stands against it."""

from ghlctl.model.finding import AuditSummary, Outcome
from ghlctl.report import numbers

_CONTROLS = "controls"


def score_words(summary: AuditSummary) -> str:
    """The score, and its interval where what is undecided could move it: "100 (62.5 to 100)"."""
    said = numbers.score(summary.score)
    low, high = numbers.score(summary.score_low), numbers.score(summary.score_high)
    return said if low == high else f"{said} ({low} to {high})"


def no_score_because(summary: AuditSummary) -> str:
    """Why there is no score, by what the controls came to."""
    controls = [each for each in summary.checks if each.topic == _CONTROLS]
    if any(each.outcome is Outcome.ERROR for each in controls):
        return "its controls failed"
    if any(each.outcome is Outcome.NOT_TESTED for each in controls[:1]):
        return "no genuine delivery could be sent"
    return "no check could be decided"
