"""The score of an audit in words, with what stands against it."""

from ghlctl.model.finding import AuditSummary, Outcome
from ghlctl.report import numbers

_CONTROLS = "controls"


def score_words(summary: AuditSummary) -> str:
    """The score, and its interval where what is undecided could move it: "100 (62.5 to 100)"."""
    said = numbers.score(summary.score)
    low, high = numbers.score(summary.score_low), numbers.score(summary.score_high)
    return said if low == high else f"{said} ({low} to {high})"


def accepted_words(summary: AuditSummary) -> tuple[str, ...]:
    """Risks that somebody accepted, those that ran out, and the score that leaves them out."""
    if not summary.suppressions and not summary.expired_suppressions:
        return ()
    reached = numbers.score(summary.score_with_accepted_risks)
    return (
        f"score with accepted risks: {reached}, at its lowest",
        *(
            f"accepted: {each.id} until {each.expires} by {each.owner}"
            f" ({each.reason.value}): {each.statement}"
            for each in summary.suppressions
        ),
        *(
            f"expired: the suppression of {each.id} by {each.owner} on {each.expires}"
            for each in summary.expired_suppressions
        ),
    )


def no_score_because(summary: AuditSummary) -> str:
    """Why there is no score, by what the controls came to."""
    controls = [each for each in summary.checks if each.topic == _CONTROLS]
    if any(each.outcome is Outcome.ERROR for each in controls):
        return "its controls failed"
    if any(each.outcome is Outcome.NOT_TESTED for each in controls[:1]):
        return "no genuine delivery could be sent"
    return "no check could be decided"
