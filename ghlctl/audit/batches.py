"""Which checks are asked side by side, before one look at whether the receiver still lives."""

from collections.abc import Sequence
from itertools import groupby

from ghlctl.audit.about import Topic
from ghlctl.audit.script import Check

_TOGETHER: tuple[frozenset[Topic], ...] = (
    frozenset({Topic.REPLAY, Topic.TENANCY}),
    frozenset({Topic.INPUT, Topic.ERRORS, Topic.NETWORK}),
    frozenset({Topic.PRIVACY, Topic.COMPLIANCE}),
)
"""Topics whose checks do not disturb each other: they share the windows in which nothing happens.

What input leaves behind without a mark is nobody's, so it is kept from those who count effects.
"""


def batches(checks: Sequence[Check]) -> list[list[Check]]:
    """Checks of one company together, and after them each that disturbs by itself."""
    first: dict[frozenset[Topic], int] = {}
    for place, check in enumerate(checks):
        first.setdefault(company(check.about.topic), place)
    ordered = sorted(checks, key=lambda c: (first[company(c.about.topic)], c.apart))
    found: list[list[Check]] = []
    for (_, apart), some in groupby(ordered, key=lambda c: (company(c.about.topic), c.apart)):
        batch = list(some)
        found += [[check] for check in batch] if apart else [batch]
    return found


def company(topic: Topic) -> frozenset[Topic]:
    return next((some for some in _TOGETHER if topic in some), frozenset({topic}))
