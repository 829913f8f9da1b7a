"""What the audit log says of one thing that was done with personal details."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum


class Action(StrEnum):
    RECEIVED = "received"
    REFUSED = "refused"
    UPDATED = "updated"  # the contact, upstream
    WITHHELD = "withheld"  # an update that consent or an erasure forbids
    FAILED = "failed"
    ERASED = "erased"
    OVERWRITTEN = "overwritten"  # what deleted rows left in the database's files
    PURGED = "purged"  # what its retention had ended of
    EXPORTED = "exported"
    MENDED = "mended"  # a line that a killed process left torn
    DROPPED = "dropped"  # entries that could not be written, and were too many to keep


MENDED = Action.MENDED


class Purpose(StrEnum):
    SCORING = "lead scoring and property matching"
    SECURITY = "refusing what is not genuine"
    ERASURE = "the person's right to erasure"
    CONSENT = "the person's consent"
    ACCESS = "the person's right of access"
    RETENTION = "keeping nothing longer than needed"
    RECORD = "keeping this record"


@dataclass(frozen=True, slots=True)
class Entry:
    """`people` are pseudonyms by kind, `kinds` the kinds of details concerned.

    `keep_until` is when the receiver deletes those details, in unix seconds.
    """

    action: Action
    purpose: Purpose
    outcome: str = ""
    event: str = ""
    delivery: str = ""
    location: str = ""
    actor: str = ""
    kinds: tuple[str, ...] = ()
    people: dict[str, str] = field(default_factory=dict)
    keep_until: float | None = None
    more: dict[str, object] = field(default_factory=dict)


def fields_of(entry: Entry, at: float) -> dict[str, object]:
    """What is not said of a thing does not stand in its record."""
    fields: dict[str, object] = {
        "at": _time(at),
        "action": entry.action,
        "outcome": entry.outcome,
        "purpose": entry.purpose,
        "actor": entry.actor,
        "event": entry.event,
        "delivery": entry.delivery,
        "location": entry.location,
        **entry.people,
        "details": entry.kinds,
        "keep_until": None if entry.keep_until is None else _time(entry.keep_until),
        **entry.more,
    }
    return {name: value for name, value in fields.items() if value not in ("", None, ())}


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
