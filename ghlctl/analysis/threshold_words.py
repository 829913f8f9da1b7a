"""What a threshold can speak of: every subject with its values, units and tags."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ghlctl.model.estimate import Verdict
from ghlctl.model.finding import Outcome, Severity
from ghlctl.model.sample import ErrorKind


class Unit(StrEnum):
    """What values and bounds are kept in, however they were written."""

    MS = "ms"
    RATIO = "ratio"
    PER_S = "/s"
    NONE = ""
    CHANGE = "change"
    POINTS = "points"
    VERDICT = "verdict"


class Tag(StrEnum):
    EVENT = "event"
    LOCATION = "location"
    KIND = "kind"
    SEVERITY = "severity"
    TOPIC = "topic"
    METRIC = "metric"


WHOLE_AUDIT = ("score", "score_with_accepted_risks", "coverage", "suppressed")
"""Values of an audit that no tag divides."""

_NO_ERROR_OF_SENT = (ErrorKind.NONE, ErrorKind.DROPPED)  # what was never sent is no error

CLOSED_TAGS: Mapping[Tag, tuple[str, ...]] = {
    Tag.KIND: tuple(kind for kind in ErrorKind if kind not in _NO_ERROR_OF_SENT),
    Tag.SEVERITY: tuple(Severity),
}
"""Tags of which every value is known: a misspelt one would count nothing, and pass."""

TAG_EXAMPLES: Mapping[Tag, str] = {
    Tag.EVENT: "ContactCreate",
    Tag.LOCATION: "ve9EPM428h8vShlRW1KT",
    Tag.KIND: "timeout",
    Tag.SEVERITY: "critical",
    Tag.TOPIC: "signature",
    Tag.METRIC: "response_time p95",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """Something measured: the unit of each of its values ("" where it is one number), its tags.

    `compared`: comparisons know it, so it can be held against a baseline. `joint`: its tags may
    stand together.
    """

    units: Mapping[str, Unit]
    tags: tuple[Tag, ...] = ()
    compared: bool = False
    joint: bool = False

    @property
    def aggregates(self) -> tuple[str, ...]:
        """Names of its values; () for a plain number."""
        return tuple(name for name in self.units if name)


_LATENCY = dict.fromkeys(("mean", "p50", "p90", "p95", "p99", "p99.9", "max"), Unit.MS)
_EFFECTS = ("expected", "seen", "lost", "duplicated", "unacknowledged", "calls_per_event")
_BY_TARGET = (Tag.EVENT, Tag.LOCATION)
_OUTCOMES: dict[str, Unit] = {outcome.value: Unit.NONE for outcome in Outcome}

SUBJECTS: Mapping[str, Subject] = {
    "response_time": Subject(_LATENCY, _BY_TARGET, compared=True),
    "service_time": Subject(_LATENCY, compared=True),
    "lateness": Subject(_LATENCY),
    "end_to_end": Subject(_LATENCY, compared=True),
    "error_rate": Subject({"": Unit.RATIO}, _BY_TARGET, compared=True),
    "errors": Subject({"": Unit.NONE}, (Tag.KIND, *_BY_TARGET)),
    "throughput": Subject({"": Unit.PER_S}, compared=True),
    "planned": Subject({"": Unit.NONE}),
    "sent": Subject({"": Unit.NONE}, _BY_TARGET),
    "dropped": Subject({"": Unit.NONE}),
    "cpu_ms_per_event": Subject({"": Unit.MS}, compared=True),
    "effects": Subject(dict.fromkeys(_EFFECTS, Unit.NONE)),
    "audit": Subject(
        {
            "score": Unit.NONE,
            "score_with_accepted_risks": Unit.NONE,
            "coverage": Unit.RATIO,
            "suppressed": Unit.NONE,
            **_OUTCOMES,
        },
        (Tag.SEVERITY, Tag.TOPIC),
        joint=True,
    ),
    "health": Subject(_OUTCOMES),
    "verdict": Subject({"": Unit.VERDICT}, (Tag.METRIC,)),
    "verdicts": Subject({verdict.value: Unit.NONE for verdict in Verdict}),
}
