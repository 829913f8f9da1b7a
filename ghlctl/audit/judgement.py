"""What a check's own verdict is worth, given what else happened around it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ghlctl.audit.script import Verdict
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Confidence, Outcome
from ghlctl.model.visible import visible

NO_LIFE = "no genuine delivery was accepted"


@dataclass(frozen=True, slots=True)
class Around:
    """`late`: a canary that was judged quiet has acted since. `alive`: the control after it was.

    `strays` are acts upstream in the meantime that carry none of the audit's marks. `stopped` says
    why the check was not finished.
    """

    alive: bool
    late: bool = False
    strays: tuple[LedgerEntry, ...] = ()
    has_key: bool = True
    stopped: str = ""


def judged(verdict: Verdict | None, around: Around) -> Verdict:
    """The verdict that the finding carries."""
    if verdict is None:
        return Verdict(Outcome.ERROR, Confidence.HIGH, f"not finished: {around.stopped}")
    if around.late:
        reason = "an effect came after the time in which this receiver usually acts"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, verdict.proof)
    if around.strays and verdict.accounted:
        return _unaccounted(verdict, around.strays)
    seen = verdict.outcome in (Outcome.FAIL, Outcome.WARN)
    certain = seen and verdict.confidence is Confidence.CONFIRMED
    if around.alive or certain or verdict.outcome in _CLAIM_NOTHING:
        return verdict
    if not around.has_key:
        reason = f"{verdict.reason}; without a test key nothing shows that it accepts any"
        return replace(verdict, outcome=Outcome.INCONCLUSIVE, reason=reason)
    reason = f"{verdict.reason}; but {NO_LIFE}, so this proves nothing"
    return replace(verdict, outcome=Outcome.ERROR, reason=reason)


_CLAIM_NOTHING = (
    Outcome.NOT_APPLICABLE,
    Outcome.NOT_TESTED,
    Outcome.INFORMATIVE,
    Outcome.MANUAL,
)


def _unaccounted(verdict: Verdict, strays: Sequence[LedgerEntry]) -> Verdict:
    count = "one request" if len(strays) == 1 else f"{len(strays)} requests"
    first = f"{strays[0].method} {strays[0].path}"
    reason = (
        f"{verdict.reason}; but meanwhile the upstream got {count} with none of the audit's "
        f"marks, the first {first}: nobody can tell whose"
    )
    return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, visible(reason), verdict.proof)
