"""Whether a genuinely signed body of the wrong shape is refused or ignored, and breaks nothing."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import REPEATS, batched, hangs
from ghlctl.audit.script import Check, Need, Part, Script, Send, Verdict, observe, send, send_all
from ghlctl.model.delivery import Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.model.sample import ErrorKind
from ghlctl.model.visible import visible
from ghlctl.transport.attempt import Answer, acknowledged

_FIELDS = (
    "type",
    "locationId",
    "id",
    "contactId",
    "email",
    "timestamp",
    "webhookId",
    "tags",
    "customFields",
)
_BROKEN_KINDS = (ErrorKind.RESET, ErrorKind.CLOSED, ErrorKind.PROTOCOL)
_SERVER_ERROR = range(500, 600)
_BUSY = 429
# What interpreters write when a value that is no text is made part of a text.
_STRAY_PATH = re.compile(
    r"(?:^|[/=])(?:None|null|undefined|NaN)(?:[/?#&]|$)|\{['\"]|\[['\"]|\[object Object\]"
)
_STRAY_BODY = "[object Object]"
_NOTHING = re.compile(r"(?:^|[/=])(?:None|null)(?:[/?#&]|$)")
_MOST_SUSPECTS = 12


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A field and the kind of value that does not belong there."""

    field: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Tried:
    wrong: _Wrong
    value: object
    canary: Canary
    answer: Answer
    stray: str = ""

    @property
    def broke(self) -> bool:
        """The receiver broke over it: a server error, a dropped connection, a stray text."""
        return bool(self.stray or self.symptom)

    @property
    def symptom(self) -> str:
        match self.answer:
            case Reply(status=status):
                return f"answered {status}" if status in _SERVER_ERROR else ""
            case _ if self.answer.kind in _BROKEN_KINDS:
                return self.answer.text
            case _:
                return ""


def wrong_types(kit: Kit) -> Script:
    """Every field that receivers read, as each JSON type that it should not have."""
    payload = kit.genuine().event.payload
    tried, strays = yield from _round(kit, tuple(_wrongs(payload)))
    broken = [one for one in tried if one.broke]
    again: list[_Tried] = []
    if broken:
        again, _ = yield from _round(kit, [one.wrong for one in broken] * (REPEATS - 1))
    again = [one for one in again if one.broke]
    caught: list[_Tried] = []
    if not _confirmed(broken, again):  # each suspect costs a window of its own
        caught, found = yield from _caught(kit, _suspects(tried, strays))
        again += [one for one in found if one.broke]
    return _broke([*broken, *caught], again) if again else _held(kit, tried, broken)


def _wrongs(payload: Mapping[str, Any]) -> Iterator[_Wrong]:
    for name in _FIELDS:
        if name in payload:
            own = _kind(payload[name])
            yield from (_Wrong(name, kind) for kind in _KINDS if kind != own)


_KINDS = ("text", "number", "null", "array", "object")


def _kind(value: object) -> str:
    match value:
        case str():
            return "text"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return "other"


def _value(wrong: _Wrong, genuine: Genuine, kit: Kit) -> object:
    """A value of the wrong kind that keeps the canary where it can hold one."""
    own = genuine.event.payload[wrong.field]
    match wrong.kind:
        case "text":
            return "text"
        case "number":
            return kit.random.randrange(10**6, 10**9)
        case "null":
            return None
        case "array":
            return [own]
        case _:
            return {"value": own}


def _round(
    kit: Kit, wrongs: Sequence[_Wrong]
) -> Part[tuple[list[_Tried], tuple[LedgerEntry, ...]]]:
    """Each once, some at a time, and what reached the upstream meanwhile without any mark."""
    tried: list[_Tried] = []
    for some in batched(wrongs):
        genuine = [kit.genuine() for _ in some]
        values = [_value(w, one, kit) for w, one in zip(some, genuine, strict=True)]
        sends = list(map(_sent, [kit] * len(some), some, values, genuine))
        answers = yield from send_all(sends)
        tried += map(_Tried, some, values, (one.canary for one in genuine), answers)
        if sum(map(hangs, answers)) > 1:
            break
    seen = yield from observe(*(one.canary for one in tried))
    judged = [replace(one, stray=_stray(seen.of([one.canary]), one.value)) for one in tried]
    return judged, seen.strays


def _caught(kit: Kit, suspects: Sequence[_Tried]) -> Part[tuple[list[_Tried], list[_Tried]]]:
    """Those suspects that do it again when asked alone, and every time that they did."""
    caught = yield from _singly(kit, [one.wrong for one in suspects])
    found = list(caught)
    for _ in range(REPEATS - 2):
        found += yield from _singly(kit, [one.wrong for one in caught])
    return caught, found


def _singly(kit: Kit, wrongs: Sequence[_Wrong]) -> Part[list[_Tried]]:
    """One after the other, so that a request upstream without a mark is the only one's doing."""
    tried: list[_Tried] = []
    for wrong in wrongs:
        genuine = kit.genuine()
        value = _value(wrong, genuine, kit)
        one = _sent(kit, wrong, value, genuine)
        answer = yield from send(one.delivery, one.purpose, genuine.canary, alone=True)
        seen = yield from observe(genuine.canary, alone=True)
        stray = _stray(seen.lines or (), value)
        tried.append(_Tried(wrong, value, genuine.canary, answer, stray))
    return [one for one in tried if one.stray]


def _sent(kit: Kit, wrong: _Wrong, value: object, genuine: Genuine) -> Send:
    payload = {**genuine.event.payload, wrong.field: value}
    delivery = kit.with_payload(genuine, payload)
    return Send(delivery, f"{wrong.field} as {wrong.kind}", (genuine.canary,))


def _suspects(tried: Sequence[_Tried], strays: Sequence[LedgerEntry]) -> list[_Tried]:
    """Which of those that left no trace could have caused a request without a mark."""
    suspects = [
        replace(one, stray=stray)
        for one in tried
        if not one.broke and (stray := _stray([s for s in strays if _fits(one, s)], one.value))
    ]
    return suspects[:_MOST_SUSPECTS]


def _fits(one: _Tried, line: LedgerEntry) -> bool:
    """Only a null is ever written as None or null."""
    return one.value is None or not _NOTHING.search(unquote(line.path))


def _stray(lines: Iterable[LedgerEntry], value: object) -> str:
    """The first upstream request that carries a value of the wrong type as if it were text."""
    for line in lines:
        path = unquote(line.path)
        if _STRAY_PATH.search(path) or _STRAY_BODY in line.body or _is_part(value, path):
            return f"upstream got {line.method} {visible(path)}"
    return ""


def _is_part(value: object, path: str) -> bool:
    """Whether a number makes a whole part of the path."""
    parts = re.split(r"[/?&=#]", path)
    return isinstance(value, int) and not {str(value), str(value).lower()}.isdisjoint(parts)


def _broke(first: Sequence[_Tried], again: Sequence[_Tried]) -> Verdict:
    """`first`: what broke once; `again`: which of its repetitions broke too."""
    confirmed = _confirmed(first, again)
    shown = sorted(confirmed or first, key=lambda one: not one.stray)
    kept = {one.wrong for one in shown}
    proof = tuple(one.canary for one in (*first, *again) if one.wrong in kept)
    cases = ", ".join(f"{one.wrong.field} as {one.wrong.kind}" for one in shown)
    what = shown[0].stray or shown[0].symptom
    if not confirmed:
        reason = f"{what}, for {cases}, but not every time that it was repeated"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    confidence = Confidence.CONFIRMED if shown[0].stray else Confidence.HIGH
    reason = f"{what}, {REPEATS} of {REPEATS} times, for {cases}"
    return Verdict(Outcome.FAIL, confidence, reason, proof)


def _confirmed(first: Sequence[_Tried], again: Sequence[_Tried]) -> list[_Tried]:
    times = Counter(one.wrong for one in again)
    return [one for one in first if times[one.wrong] == REPEATS - 1]


def _held(kit: Kit, tried: Sequence[_Tried], once: Sequence[_Tried]) -> Verdict:
    silent = [one for one in tried if not isinstance(one.answer, Reply) and not one.broke]
    busy = [one for one in tried if isinstance(one.answer, Reply) and one.answer.status == _BUSY]
    if silent or busy:
        one = (silent + busy)[0]
        what = "still answered 429" if isinstance(one.answer, Reply) else one.answer.text
        reason = f"{one.wrong.field} as {one.wrong.kind}: {what}"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, (one.canary,))
    accepted = sum(acknowledged(one.answer) for one in tried)
    reason = f"{len(tried)} bodies with one wrong type: none broke it, {accepted} acknowledged"
    if once:
        reason += f"; {once[0].stray or once[0].symptom} once, which did not come again"
    if accepted and not kit.oracle:
        reason += "; without an upstream nobody sees what became of those"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason)
    confidence = Confidence.CONFIRMED if kit.oracle else Confidence.MEDIUM
    return Verdict(Outcome.PASS, confidence, reason, accounted=True)


WRONG_TYPES = Check(
    About(
        id="INP-09",
        name="wrong-types",
        topic=Topic.INPUT,
        title="Survives fields of the wrong type",
        severity=Severity.MEDIUM,
        asks="genuinely signed events in which one field has another JSON type",
        correct="a 4xx reply, or a 2xx that ignores it; never a 5xx; nothing like "
        "[object Object] or None upstream",
        why="a signature says who sent it, not that it is well formed; an unhandled type ends "
        "in a retry storm or in wrong records",
        remedy="validate the body against a schema right after the signature",
        references=(
            "CWE-843",
            "CWE-1287",
            "ASVS v5.0.0-15.3.5",
            "ASVS v5.0.0-2.2.1",
            "API10:2023",
        ),
    ),
    wrong_types,
    frozenset({Need.KEY}),
)

CHECKS = (WRONG_TYPES,)
