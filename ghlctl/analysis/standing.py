"""Whether a load run may be trusted at all, before any of its numbers is read."""

from enum import StrEnum

from ghlctl.model.estimate import Mode
from ghlctl.model.run import RunState
from ghlctl.model.summary import LoadSummary

MISCOUNTS = frozenset({"counts-disagree", "samples-missing"})
"""Codes of the engine's cautions after which no number of a run may be used."""


class RunStanding(StrEnum):
    """Only MEASURED carries a verdict; the others show numbers that decide nothing."""

    MEASURED = "measured"
    ABORTED = "aborted"
    NOTHING_SENT = "nothing-sent"
    FELL_BEHIND = "fell-behind"
    MISCOUNTED = "miscounted"

    @property
    def code(self) -> str:
        """Of the caution, and in the note of every metric, that a comparison gives for it."""
        return f"run-{self}"

    @property
    def reason(self) -> str:
        """Why the run decides nothing, as half a sentence; "" for MEASURED."""
        match self:
            case RunStanding.MEASURED:
                return ""
            case RunStanding.ABORTED:
                return "the run ended before its plan did"
            case RunStanding.NOTHING_SENT:
                return "nothing was sent after the warm-up"
            case RunStanding.FELL_BEHIND:
                return "the load generator fell behind its schedule"
            case RunStanding.MISCOUNTED:
                return "the load generator's parts do not agree on what was sent"


def standing_of(summary: LoadSummary) -> RunStanding:
    """The gravest that applies; a run still marked as running was killed."""
    if summary.state in (RunState.ABORTED, RunState.RUNNING):
        return RunStanding.ABORTED
    if summary.sent == 0:
        return RunStanding.NOTHING_SENT
    if any(caution.code in MISCOUNTS for caution in summary.cautions):
        return RunStanding.MISCOUNTED
    if not summary.generator.keeping_up:
        return RunStanding.FELL_BEHIND
    return RunStanding.MEASURED


def standing_in(mode: Mode, summary: LoadSummary) -> RunStanding:
    """The same of an arm of a comparison in this mode.

    Where both arms are measured in the middle of one storm, a late generator blurs their ratio and
    bends it to no side; arrivals that were never sent still say nothing.
    """
    standing = standing_of(summary)
    late_alone = standing is RunStanding.FELL_BEHIND and not summary.dropped
    return RunStanding.MEASURED if late_alone and mode is not Mode.SEQUENTIAL else standing
