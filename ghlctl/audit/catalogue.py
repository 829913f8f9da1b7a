"""All checks, in the order in which they are asked. A new check is one function and one line."""

from ghlctl.audit.about import About, Topic
from ghlctl.audit.checks.duplicates import REPLAYED, RETRIED
from ghlctl.audit.checks.input import WRONG_TYPES
from ghlctl.audit.checks.replay import LATE_RETRY, STALE_TIMESTAMP
from ghlctl.audit.checks.resilience import OVERSIZED_BODY
from ghlctl.audit.checks.signature import (
    ALTERED_BODY,
    GARBAGE_SIGNATURE,
    NO_SIGNATURE,
    WRONG_KEY,
)
from ghlctl.audit.controls import CLOCK, FIRST_CONTROL, LATER_CONTROL
from ghlctl.audit.script import Check
from ghlctl.errors import UsageError
from ghlctl.model.suggestion import suggestion

CHECKS: tuple[Check, ...] = (
    NO_SIGNATURE,
    GARBAGE_SIGNATURE,
    WRONG_KEY,
    ALTERED_BODY,
    STALE_TIMESTAMP,
    REPLAYED,
    RETRIED,
    LATE_RETRY,
    WRONG_TYPES,
    OVERSIZED_BODY,
)

CONTROLS: tuple[About, ...] = (FIRST_CONTROL, LATER_CONTROL, CLOCK)

EVERYTHING = "ghl_integration"
"""The scope that stands for all topics."""


def about_all() -> tuple[About, ...]:
    """What every control and check says of itself, in order."""
    return CONTROLS + tuple(check.about for check in CHECKS)


def about(check_id: str) -> About:
    """Raise UsageError for an id that no check has."""
    known = {one.id: one for one in about_all()}
    if check_id.upper() not in known:
        raise UsageError(f"unknown check {check_id!r}", suggestion(check_id, known, "checks"))
    return known[check_id.upper()]


def in_scope(scope: frozenset[str] | None) -> tuple[Check, ...]:
    """Checks by topic or id; None, empty or ghl_integration: all. Controls are always asked."""
    if not scope or EVERYTHING in scope:
        return CHECKS
    names = {topic.value for topic in Topic} | {one.id for one in about_all()} | {EVERYTHING}
    for name in sorted(scope):
        if name not in names:
            raise UsageError(f"unknown scope {name!r}", suggestion(name, sorted(names), "scopes"))
    return tuple(check for check in CHECKS if check.about.topic in scope or check.about.id in scope)
