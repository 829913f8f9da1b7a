"""All checks, topic by topic, in the order in which they are asked.

A topic's module names its own checks, so that a new one touches nothing here.
"""

from ghlctl.audit.about import About, Topic
from ghlctl.audit.checks import (
    compliance,
    errors,
    input,  # noqa: A004 - the topic's name
    keys,
    network,
    privacy,
    rate_limits,
    replay,
    resilience,
    signature,
    tenancy,
    timing,
)
from ghlctl.audit.controls import CLOCK, FIRST_CONTROL, LATER_CONTROL
from ghlctl.audit.grading import VALIDATIONS
from ghlctl.audit.script import Check
from ghlctl.errors import UsageError
from ghlctl.model.suggestion import suggestion

CHECKS: tuple[Check, ...] = (
    *signature.CHECKS,
    *replay.CHECKS,
    *tenancy.CHECKS,
    *input.CHECKS,
    *errors.CHECKS,
    *network.CHECKS,
    *privacy.CHECKS,
    *compliance.CHECKS,
    *resilience.CHECKS,
    *rate_limits.CHECKS,
    *keys.CHECKS,
    *timing.CHECKS,
)

CONTROLS: tuple[About, ...] = (FIRST_CONTROL, LATER_CONTROL, CLOCK)

EVERYTHING = "ghl_integration"
"""The scope that stands for all topics."""


def about_all() -> tuple[About, ...]:
    """What every control and check says of itself, in order."""
    return CONTROLS + tuple(check.about for check in CHECKS)


def about(check_id: str) -> About:
    """By id or name; raise UsageError for one that no check has."""
    known = {key: one for one in about_all() for key in (one.id, one.name)}
    for key in (check_id.upper(), check_id.lower()):
        if key in known:
            return known[key]
    raise UsageError(f"unknown check {check_id!r}", suggestion(check_id, known, "checks"))


def check_of(one: About) -> Check | None:
    """The check that says this of itself; None for a control."""
    return next((check for check in CHECKS if check.about is one), None)


def in_scope(scope: frozenset[str] | None) -> tuple[Check, ...]:
    """Checks by topic, validation, id or name; None, empty or ghl_integration: all.

    Controls are always asked. Raise UsageError for a word that names nothing.
    """
    if not scope or EVERYTHING in scope:
        return CHECKS
    topics: set[str] = set()
    ids: set[str] = set()
    for word in sorted(scope):
        validation = next((one for one in VALIDATIONS if one.name == word), None)
        if validation is not None:
            topics |= {topic.value for topic in validation.topics}
        elif word in set(Topic):
            topics.add(word)
        else:
            ids.add(_check_named(word).id)
    return tuple(check for check in CHECKS if check.about.topic in topics or check.about.id in ids)


def _check_named(word: str) -> About:
    try:
        return about(word)
    except UsageError:
        names = {topic.value for topic in Topic} | {one.id for one in about_all()}
        names |= {EVERYTHING} | {one.name for one in VALIDATIONS}
        raise UsageError(
            f"unknown scope {word!r}", suggestion(word, sorted(names), "scopes")
        ) from None
