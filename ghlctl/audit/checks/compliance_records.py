"""Whether the log tells of each accepted event what an audit trail must tell."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.checks.privacy_logs import not_its_log
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import (
    Check,
    Need,
    Needle,
    Script,
    Send,
    Verdict,
    observe,
    search_logs,
    send_all,
    wait,
)
from ghlctl.audit.steps import LogFound
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.transport.attempt import acknowledged

_LATE_S = 0.5
_LOOKS = 3

_ZONED = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d)"
    r"|\d{4}[01]\d[0-3]\dT[0-2]\d[0-5]\d[0-5]\dZ"
    r"|\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"
    r"|\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|UTC|[+-]\d{4})"
    r"|(?<![\w.-])1\d{9}(?:\.\d+)?(?![\w-])|(?<![\w.-])1\d{12}(?:\d{3}|\d{6})?(?![\w-])"
)
_OUTCOME = re.compile(
    r"[\"']?\b(?:outcome|status|result|decision|disposition|verdict|state|action)[\"']?\s*[:=]\s*"
    r"[\"']?\w"
    r"|\b(?:accepted|processed|handled|done|success\w*|succeeded|ok|stored|saved|queued|enqueued|"
    r"acted|applied|completed?|finished|scored|synced|updated|delivered|acknowledged|forwarded|"
    r"20[0-4])\b",
    re.IGNORECASE,
)
_ACTOR = re.compile(
    r"[\"']?\b(?:actor|app|app_?id|user|principal|client\w*|source|sender|provider|scheme|"
    r"key_?id|kid|ip|remote\w*|peer|by)[\"']?\s*[:=]\s*[\"']?\w"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^0-9a-z]+")


def incomplete_record(kit: Kit) -> Script:
    """What the log says of accepted events, all lines with the delivery's id taken together.

    The catalogue warns of logs that are no JSON. A line of text with all of it can be read as
    well, so only what is missing counts here; who acted is worth a warning alone.
    """
    genuine = [kit.genuine() for _ in range(REPEATS)]
    marks = tuple(one.canary for one in genuine)
    answers = yield from send_all(
        Send(one.delivery, "genuine delivery", (one.canary,)) for one in genuine
    )
    if not all(map(acknowledged, answers)):
        reason = "genuine deliveries were not accepted, so there was nothing to record"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, marks)
    yield from observe(*marks, expected=True)
    needles = [Needle(one.delivery_id, one.delivery_id.encode()) for one in marks]
    lacking: list[tuple[str, ...]] = []
    for look in range(_LOOKS):
        found = yield from search_logs(needles, *marks[-1].texts)
        if not found.seen:
            return not_its_log(*marks)
        lacking = [_lacking(one, _lines(found, one.canary), kit) for one in genuine]
        if not any(lacking):
            break
        if look < _LOOKS - 1:
            yield from wait(_LATE_S)
    return _recorded(lacking, marks)


def _recorded(lacking: Sequence[tuple[str, ...]], marks: tuple[Canary, ...]) -> Verdict:
    always = [part for part in lacking[0] if all(part in one for one in lacking)]
    if always:
        outcome = Outcome.WARN if always == [_WHO] else Outcome.FAIL
        count = len(lacking)
        reason = (
            f"its records of accepted events lack {', '.join(always)}, {count} of {count} times"
        )
        return Verdict(outcome, Confidence.HIGH, reason, marks)
    if any(lacking):
        reason = "some of its records of accepted events are incomplete, but not all"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, marks)
    reason = "its log tells of an accepted event when, which, of what type, whose, and the outcome"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, marks)


_WHO = "who acted (an app, a sender, a key)"


def _lines(found: LogFound, canary: Canary) -> list[str]:
    own = [hit.content for hit in found.hits if hit.needle == canary.delivery_id]
    return [content.decode("utf-8", "replace") for content in own]


def _lacking(genuine: Genuine, lines: Sequence[str], kit: Kit) -> tuple[str, ...]:
    """What none of the lines tells, in words; the event's own times do not count as the log's."""
    if not lines:
        return ("the delivery's id",)
    payload = genuine.event.payload
    text = "\n".join(lines)
    for own in _times_of(payload):
        text = text.replace(own, "")
    plain = _WORDS.sub("", text.lower())
    kinds = {kit.event_type, str(payload.get("type") or kit.event_type)}
    tenant, app = _tenant(payload), str(payload.get("appId") or "")
    told = {
        "a time with its zone": _ZONED.search(text) is not None,
        "the event's type": any(_WORDS.sub("", one.lower()) in plain for one in kinds),
        "whose event it is (the location)": not tenant or tenant in text,
        "an outcome": _OUTCOME.search(text) is not None,
        _WHO: (bool(app) and app in text) or _ACTOR.search(text) is not None,
    }
    return tuple(part for part, there in told.items() if not there)


def _times_of(payload: Mapping[str, Any]) -> Iterable[str]:
    for value in payload.values():
        if isinstance(value, str) and _ZONED.fullmatch(value):
            yield value


def _tenant(payload: Mapping[str, Any]) -> str:
    location = payload.get("location")
    inner = location.get("id") if isinstance(location, dict) else ""
    told = payload.get("locationId") or payload.get("altId") or payload.get("companyId") or inner
    return told if isinstance(told, str) else ""


INCOMPLETE_RECORD = Check(
    About(
        id="PRV-06",
        name="incomplete-record",
        topic=Topic.COMPLIANCE,
        title="Records what it accepted: when, which, whose, and how it ended",
        severity=Severity.MEDIUM,
        asks="accepted events; then all lines of the log with the delivery's id",
        correct="a time with its zone, the id, the type, the location, an outcome, and who acted",
        why="without them nobody can tell later what was done with a person's details, or when",
        remedy="write one record for each event, with these fields, in UTC",
        references=(
            "CWE-778",
            "CWE-223",
            "ASVS v5.0.0-16.2.1",
            "ASVS v5.0.0-16.2.2",
            "ASVS v5.0.0-16.3.3",
            "API8:2023",
            "GDPR 5(2)",
        ),
    ),
    incomplete_record,
    frozenset({Need.KEY, Need.LOG}),
)

CHECKS = (INCOMPLETE_RECORD,)
