"""Accepted risks laid over an audit: what they change, and what they never change."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase

import msgspec

from ghlctl.model.caution import Caution
from ghlctl.model.finding import AuditSummary, Finding, Outcome
from ghlctl.model.suppression import Suppression

EXPIRED = "suppression-expired"
UNUSED = "suppression-unused"
_SUPPRESSIBLE = (Outcome.FAIL, Outcome.WARN)

Regrade = Callable[[Sequence[Finding]], float | None]
"""The lowest score that findings allow; None where there is no score."""


def accept(
    audit: AuditSummary, suppressions: Sequence[Suppression], *, today: date, regrade: Regrade
) -> AuditSummary:
    """The same findings and scores, with what was accepted beside them.

    Only a failed or warning finding can be accepted, and only until its day has passed. `pass`
    stays what it was: a suppression never turns it.
    """
    here = [each for each in suppressions if fnmatchcase(audit.receiver, each.target)]
    expired = tuple(each for each in here if has_expired(each, today))
    found = {finding.id for finding in audit.checks if finding.outcome in _SUPPRESSIBLE}
    used = tuple(each for each in here if each not in expired and each.id in found)
    kept = [each for each in audit.cautions if each.code not in (EXPIRED, UNUSED)]
    return msgspec.structs.replace(
        audit,
        suppressions=used,
        expired_suppressions=expired,
        score_with_accepted_risks=_score(audit, used, regrade),
        cautions=(*kept, *_expired(expired), *_unused(here, {*used, *expired})),
    )


def has_expired(suppression: Suppression, today: date) -> bool:
    """A suppression holds on its last day, and no longer."""
    return date.fromisoformat(suppression.expires) < today


def _score(audit: AuditSummary, used: Sequence[Suppression], regrade: Regrade) -> float | None:
    if audit.score is None:
        return None
    accepted = {each.id for each in used}
    left = [
        msgspec.structs.replace(each, outcome=Outcome.NOT_APPLICABLE)
        if each.id in accepted
        else each
        for each in audit.checks
    ]
    return regrade(left)


def _expired(expired: Sequence[Suppression]) -> Iterator[Caution]:
    for each in expired:
        text = f"the suppression of {each.id} by {each.owner} expired on {each.expires}"
        yield Caution(EXPIRED, text, "mend what the check found, or accept it anew with a reason")


def _unused(suppressions: Sequence[Suppression], used: set[Suppression]) -> Iterator[Caution]:
    for each in suppressions:
        if each not in used:
            text = f"the suppression of {each.id} for {each.target} fits no failed check here"
            yield Caution(UNUSED, text, "remove it, or look at its id and target")
