"""Whether what is known of deliveries survives failures, restarts and deliveries out of order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.receiver import HookName
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import (
    Check,
    Need,
    Observation,
    Part,
    Script,
    Send,
    Verdict,
    Watched,
    fail_upstream,
    hook,
    observe,
    send,
    send_all,
)
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.transport.attempt import Answer, acknowledged

_BROKEN = 500
_BUSY = 429
_PATIENCE = 15  # looks, each a window apart, at what a receiver does in the background
_ATTEMPTS = 3  # of the provider, after the first
_AGE_S = 60.0  # of the older of two events: inside every window
_NAMES = ("lastName", "firstName", "name", "title", "companyName")


def lost_upstream(kit: Kit) -> Script:
    """The first call upstream about a delivery fails; the provider sends again what was refused.

    A receiver that acknowledged has promised to go on by itself: it is given some windows' time.
    """
    tries: list[_Failed] = []
    while len(tries) < REPEATS and all(one.lost for one in tries):
        one = yield from _failing(kit)
        tries.append(one)
    proof = tuple(one.canary for one in tries)
    if all(one.lost for one in tries):
        reason = f"lost {len(tries)} of {len(tries)} times after the upstream failed once: "
        return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason + tries[-1].story, proof)
    if tries[-1].effects and tries[-1].hit:
        return Verdict(Outcome.PASS, Confidence.CONFIRMED, tries[-1].story, proof)
    return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, tries[-1].story, proof)


@dataclass(frozen=True, slots=True)
class _Failed:
    """`hit`: the upstream did fail a call about it. `settled`: there is no reason to wait on."""

    canary: Canary
    effects: int
    hit: bool
    settled: bool
    story: str

    @property
    def lost(self) -> bool:
        return self.hit and self.settled and not self.effects


def _failing(kit: Kit) -> Part[_Failed]:
    genuine = kit.genuine()
    mark = genuine.canary
    yield from fail_upstream(mark, status=_BROKEN, times=1)
    answer = yield from send(genuine.delivery, "while the upstream fails", mark)
    seen = yield from _watched(kit, mark, acknowledged(answer))
    hit = any(line.status >= _BROKEN for line in seen.of([mark]))
    attempts = 0
    while not _effects(kit, seen, mark) and not acknowledged(answer) and attempts < _ATTEMPTS:
        attempts += 1
        retry = kit.delivered(genuine.event, mark, _signed_at(kit, genuine, attempts))
        answer = yield from send(retry, "the provider's next attempt", mark)
        seen = yield from _watched(kit, mark, acknowledged(answer))
        hit = hit or any(line.status >= _BROKEN for line in seen.of([mark]))
    effects = _effects(kit, seen, mark)
    return _Failed(mark, effects, hit, _settled(answer), _story(answer, effects, attempts, hit=hit))


def _watched(kit: Kit, mark: Canary, accepted: bool) -> Part[Observation]:
    """What was done, waiting longer for a receiver that has said that it will."""
    seen = yield from observe(mark, expected=accepted)
    for _ in range(_PATIENCE if accepted else 0):
        if _effects(kit, seen, mark):
            break
        seen = yield from observe(mark)
    return seen


def _effects(kit: Kit, seen: Observation, mark: Canary) -> int:
    applied = [line for line in seen.of([mark]) if line.status < _BROKEN]
    return kit.footprint.effects(applied)


def _signed_at(kit: Kit, genuine: Genuine, attempt: int) -> float:
    """A scheme with a time of its own signs each attempt anew."""
    return kit.now() + attempt if kit.scheme.timestamped else genuine.at


def _settled(answer: Answer) -> bool:
    """An attempt that was acknowledged, or refused for good; the provider gives up."""
    return isinstance(answer, Reply) and answer.status < _BROKEN and answer.status != _BUSY


def _story(answer: Answer, effects: int, attempts: int, *, hit: bool) -> str:
    said = f"answered {answer.status}" if isinstance(answer, Reply) else answer.text
    when = f"after {attempts} more attempts" if attempts else "at the first attempt"
    if not hit:
        return "no call upstream carried the delivery's marks first, so none could be failed"
    if effects:
        how = f"of the provider's, {attempts}" if attempts else "by itself"
        return f"a failed call upstream was made up for {how}"
    return f"{said} {when}, and nothing was done"


def replayed_after_restart(kit: Kit) -> Script:
    """Accepted deliveries once more after the receiver was started anew."""
    genuine = [kit.genuine() for _ in range(REPEATS)]
    marks = [one.canary for one in genuine]
    first = yield from send_all(Send(one.delivery, "genuine", (one.canary,)) for one in genuine)
    yield from observe(*marks, expected=True)
    before = yield from observe(*marks, settle=False)
    ran = yield from hook(HookName.RESTART)
    if ran.failure:
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, ran.failure)
    second = yield from send_all(
        Send(one.delivery, "once more after a restart", (one.canary,)) for one in genuine
    )
    after = yield from observe(*marks)
    usable = [
        mark
        for mark, one, other in zip(marks, first, second, strict=True)
        if acknowledged(one) and isinstance(other, Reply) and _effects(kit, before, mark)
    ]
    doubled = [mark for mark in usable if _effects(kit, after, mark) > _effects(kit, before, mark)]
    return _judged_restart(kit, after, usable, doubled)


def _judged_restart(
    kit: Kit, after: Observation, usable: Sequence[Canary], doubled: Sequence[Canary]
) -> Verdict:
    if len(usable) < REPEATS:
        reason = "not every delivery was acted on before the restart and answered after it"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, tuple(usable))
    if len(doubled) == len(usable):
        count = len(usable)
        reason = f"acted again, {count} of {count} times, on a delivery replayed after a restart"
        return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason, tuple(doubled))
    if doubled:
        reason = "acted again on a delivery replayed after a restart, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, tuple(doubled))
    quiet = tuple(Watched(mark, _effects(kit, after, mark)) for mark in usable)
    reason = "what was seen before a restart is still known after it"
    return Verdict(Outcome.PASS, Confidence.CONFIRMED, reason, tuple(usable), quiet)


def out_of_order(kit: Kit) -> Script:
    """A newer event about a contact, and then an older one that was late on its way.

    Both differ in a name alone. A receiver that never writes that name upstream has nothing there
    that could be overwritten, which is noted. The catalogue also asks for a creation after a
    deletion: the platform itself sends updates of what was deleted, so that is not asked.
    """
    pairs = [_pair(kit) for _ in range(REPEATS)]
    if not all(one.field for one in pairs):
        reason = f"events of type {kit.event_type} carry no name that could be overwritten"
        return Verdict(Outcome.INFORMATIVE, Confidence.HIGH, reason)
    newer = [Send(one.newer, "the newer event", (one.mark,)) for one in pairs]
    yield from send_all(newer)
    marks = [one.mark for one in pairs]
    before = yield from observe(*marks, expected=True)
    if not any(_writes(before, one.mark, one.new) for one in pairs):
        reason = "what it writes upstream does not hold the event's own fields"
        return Verdict(Outcome.INFORMATIVE, Confidence.HIGH, reason, tuple(marks))
    yield from send_all(Send(one.older, "the older event, late", (one.mark,)) for one in pairs)
    after = yield from observe(*marks)
    stale = [one for one in pairs if _writes(after, one.mark, one.old)]
    if len(stale) == len(pairs):
        count = len(pairs)
        reason = f"overwrote what a newer event had said, {count} of {count} times"
        return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason, tuple(marks))
    if stale:
        reason = "overwrote what a newer event had said, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, tuple(marks))
    reason = "an older event that came late did not overwrite a newer one"
    return Verdict(Outcome.PASS, Confidence.CONFIRMED, reason, tuple(marks))


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two events about one contact; `mark` finds both, `new` and `old` are what they say."""

    mark: Canary
    field: str
    new: str
    old: str
    newer: Delivery
    older: Delivery


def _pair(kit: Kit) -> _Pair:
    older = kit.genuine(age_s=_AGE_S)
    sibling = replace(older.canary, delivery_id=kit.genuine().canary.delivery_id)
    newer = kit.genuine(canary=sibling)
    payload = dict(older.event.payload)
    field = next((name for name in _NAMES if isinstance(payload.get(name), str)), "")
    new, old = (f"Order{kit.random.getrandbits(48):012x}" for _ in range(2))
    fresh = dict(newer.event.payload)
    told = {name: fresh[name] for name in ("timestamp", "webhookId") if name in fresh}
    return _Pair(
        older.canary,
        field,
        new,
        old,
        kit.with_payload(newer, payload | told | _named(field, new, fresh)),
        kit.with_payload(_sent_now(kit, older), payload | _named(field, old, payload)),
    )


def _named(field: str, name: str, payload: dict[str, Any]) -> dict[str, Any]:
    """`dateUpdated` tells the order too, where receivers look for it."""
    when = payload.get("timestamp")
    return {field: name} | ({"dateUpdated": when} if isinstance(when, str) else {})


def _sent_now(kit: Kit, genuine: Genuine) -> Genuine:
    """What is late is the event, not its signature."""
    return replace(genuine, at=kit.now())


def _writes(seen: Observation, mark: Canary, text: str) -> bool:
    return any(text in line.body and line.applied for line in seen.of([mark]))


LOST_UPSTREAM = Check(
    About(
        id="RPL-11",
        name="lost-upstream",
        topic=Topic.REPLAY,
        title="Finishes a delivery although the upstream failed at first",
        severity=Severity.HIGH,
        asks="an event whose first call upstream is answered 500, and the provider's next attempts "
        "where it is refused",
        correct="acted on in the end: by the receiver itself, or at the next attempt",
        why="a delivery noted as done before it is done is lost: its retry counts as a duplicate",
        remedy="note a delivery as done when it is done, or store it and work it off with retries",
        references=("CWE-841", "CWE-754", "ASVS v5.0.0-2.3.3", "ASVS v5.0.0-16.5.2"),
    ),
    lost_upstream,
    frozenset({Need.KEY, Need.FAULTS}),
)

OUT_OF_ORDER = Check(
    About(
        id="RPL-12",
        name="out-of-order",
        topic=Topic.REPLAY,
        title="Does not overwrite newer facts with older ones",
        severity=Severity.MEDIUM,
        asks="a newer event about a contact, then one that is a minute older",
        correct="what the newer one said stays",
        why="deliveries overtake each other: an old one that comes last would undo a change",
        remedy="compare the event's own time or version with what is stored before writing",
        references=("CWE-841", "CWE-372", "ASVS v5.0.0-2.2.3", "API6:2023"),
    ),
    out_of_order,
    frozenset({Need.KEY, Need.UPSTREAM}),
)

FORGETFUL_RESTART = Check(
    About(
        id="RPL-13",
        name="forgets-at-restart",
        topic=Topic.REPLAY,
        title="Knows after a restart what it has seen before",
        severity=Severity.HIGH,
        asks="accepted deliveries once more after the receiver was restarted",
        correct="any reply; nothing done a second time",
        why="a memory inside the process is lost with every release, and with it the bar to "
        "replays",
        remedy="keep delivery ids in a store that outlives the process and that all workers share",
        references=("CWE-294", "ASVS v5.0.0-2.3.2", "API2:2023", "CVE-2026-32053"),
    ),
    replayed_after_restart,
    frozenset({Need.KEY, Need.ORACLE, Need.RESTART}),
)

CHECKS = (LOST_UPSTREAM, OUT_OF_ORDER, FORGETFUL_RESTART)
