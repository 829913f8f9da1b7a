"""Whether keys can be replaced without loss, withdrawn at once, and never be absent.

The order matters: the second key must be a stranger's before `rotate` makes it trusted, and
`revoke` is made good by `rotate`, so that the controls with the first key go on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.receiver import HookName
from ghlctl.audit.refusal import REPEATS, Forged, Forgery, must_refuse
from ghlctl.audit.script import (
    Check,
    Need,
    Part,
    Script,
    Send,
    Verdict,
    Watched,
    hook,
    observe,
    send_all,
)
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.model.sample import ErrorKind
from ghlctl.transport.attempt import Answer, acknowledged

_BUSY = 429
_BROKEN = 500
_EMPTY = b""
_Make = Callable[[Kit], Genuine]


def foreign_environment(kit: Kit) -> Script:
    """Deliveries signed with the second key, which the receiver has not been told of."""

    def make(kit: Kit) -> Forged:
        genuine = _by_second(kit)
        return Forged(genuine.delivery, (genuine.canary,))

    return must_refuse(kit, [Forgery("signed with a key of another environment", make)])


def rotation_gap(kit: Kit) -> Script:
    """While both keys are to be trusted: deliveries by the new one, and by the old one."""
    ran = yield from hook(HookName.ROTATE)
    if ran.failure:
        return _not_asked(ran.failure)
    new = yield from _asked(kit, [_by_second(kit) for _ in range(REPEATS)], "by the new key")
    old = yield from _asked(kit, [kit.genuine() for _ in range(REPEATS)], "by the old key")
    proof = tuple(one.canary for one in (*new, *old))
    for asked, name, outcome in ((new, "new", Outcome.FAIL), (old, "old", Outcome.WARN)):
        if all(one.refused for one in asked):
            count = len(asked)
            reason = f"the {name} key is refused, {count} of {count} times, while both should hold"
            return Verdict(outcome, Confidence.HIGH, reason, proof)
    if not all(one.taken for one in (*new, *old)):
        reason = "some deliveries by the two keys were not acted on, but not all of one key"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    sure = Confidence.CONFIRMED if kit.oracle else Confidence.MEDIUM
    return Verdict(Outcome.PASS, sure, "old and new key hold side by side", proof)


def revoked_key(kit: Kit) -> Script:
    """After the first key was withdrawn: deliveries by it, and by the second one as a control."""
    ran = yield from hook(HookName.REVOKE)
    if ran.failure:
        return _not_asked(ran.failure)
    old = yield from _asked(kit, [kit.genuine() for _ in range(REPEATS)], "by the withdrawn key")
    new = yield from _asked(kit, [_by_second(kit)], "by the key that stays")
    back = yield from hook(HookName.ROTATE)
    proof = tuple(one.canary for one in old)
    if all(one.acted for one in old):
        count = len(old)
        reason = f"acted, {count} of {count} times, on a delivery signed with a withdrawn key"
        return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason, proof)
    if any(one.acted for one in old):
        reason = "acted on a delivery signed with a withdrawn key, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    if not all(one.refused or kit.oracle for one in old) or not new[0].taken:
        reason = "the key that stays is not accepted either, so a refusal proves nothing"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    if back.failure:
        return _not_asked(back.failure)
    sure = Confidence.CONFIRMED if kit.oracle else Confidence.MEDIUM
    quiet = tuple(Watched(one.canary) for one in old)
    return Verdict(
        Outcome.PASS, sure, "the withdrawn key is refused, the other holds", proof, quiet
    )


def open_without_key(kit: Kit) -> Script:
    """A receiver that was started without its key: it must not come up, or refuse everything.

    A delivery that the key itself signed tells whether the key is really gone.
    """
    yield from hook(HookName.RESTART_WITHOUT_KEY)
    with_key = yield from _asked(kit, [kit.genuine()], "by the key that should be gone")
    forged = [make(kit) for make in _keyless(kit) for _ in range(REPEATS)]
    asked = yield from _asked(kit, forged, "while the receiver has no key")
    back = yield from hook(HookName.RESTART)
    acted = [one for one in asked if one.acted]
    proof = tuple(one.canary for one in acted or asked)
    if len(acted) >= REPEATS:
        count = len(acted)
        reason = f"started without a key, it acted on {count} of {len(asked)} forgeries"
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason, proof)
    if acted:
        reason = "started without a key, it acted on a forgery, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    if back.failure:
        return _not_asked(back.failure)
    if with_key[0].taken:
        reason = "it still accepts what its key has signed, so it was not started without one"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    down = all(_is_down(one.answer) for one in asked)
    quiet = tuple(Watched(one.canary) for one in asked)
    reason = "does not start without a key" if down else "refuses everything without a key"
    sure = Confidence.CONFIRMED if kit.oracle else Confidence.MEDIUM
    if not (kit.oracle or down or all(one.refused for one in asked)):
        reason = "acknowledged forgeries, and nobody sees whether it acted"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    return Verdict(Outcome.PASS, sure, reason, proof, quiet)


@dataclass(frozen=True, slots=True)
class _Asked:
    """`acted`: something was seen; without an oracle nothing ever is."""

    canary: Canary
    answer: Answer
    acted: bool
    oracle: bool

    @property
    def taken(self) -> bool:
        return acknowledged(self.answer) and (self.acted or not self.oracle)

    @property
    def refused(self) -> bool:
        """By a reply that says no to this delivery, not for want of time or strength."""
        if self.acted or not isinstance(self.answer, Reply):
            return False
        status = self.answer.status
        return (self.oracle or not acknowledged(self.answer)) and not (
            status == _BUSY or status >= _BROKEN
        )


def _asked(kit: Kit, genuine: Sequence[Genuine], purpose: str) -> Part[list[_Asked]]:
    answers = yield from send_all(Send(one.delivery, purpose, (one.canary,)) for one in genuine)
    marks = [one.canary for one in genuine]
    taken = [mark for mark, answer in zip(marks, answers, strict=True) if acknowledged(answer)]
    seen = yield from observe(*taken, *(mark for mark in marks if mark not in taken))
    if len([mark for mark in taken if kit.footprint.acts(seen.of([mark]))]) < len(taken):
        yield from observe(*taken, expected=True)
        seen = yield from observe(*marks, settle=False)
    return [
        _Asked(mark, answer, kit.footprint.acts(seen.of([mark])) > 0, kit.oracle)
        for mark, answer in zip(marks, answers, strict=True)
    ]


def _by_second(kit: Kit) -> Genuine:
    return replace(kit, key=kit.second_key or kit.stranger).genuine()


def _keyless(kit: Kit) -> tuple[_Make, ...]:
    if isinstance(kit.stranger, bytes) and kit.scheme.headers:
        return (_unsigned, _with_empty_key)
    return (_unsigned, _by_stranger)


def _unsigned(kit: Kit) -> Genuine:
    genuine = kit.genuine()
    return replace(genuine, delivery=kit.unsigned(genuine))


def _by_stranger(kit: Kit) -> Genuine:
    return replace(kit, key=kit.stranger).genuine()


def _with_empty_key(kit: Kit) -> Genuine:
    """HMAC with nothing for a key, as a receiver computes it whose setting is unset."""
    genuine = kit.genuine()
    delivery: Delivery = kit.delivered(genuine.event, genuine.canary, genuine.at, key=_EMPTY)
    return replace(genuine, delivery=delivery)


def _is_down(answer: Answer) -> bool:
    return not isinstance(answer, Reply) and answer.kind is ErrorKind.CONNECT


def _not_asked(why: str) -> Verdict:
    return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, why)


FOREIGN_ENVIRONMENT = Check(
    About(
        id="KEY-06",
        name="foreign-environment",
        topic=Topic.KEYS,
        title="Refuses the key of another environment",
        severity=Severity.MEDIUM,
        asks="events signed with the second key, before the receiver is told of it",
        correct="a 4xx reply, and nothing done",
        why="a test key lies in more hands than the live one, and would open the live receiver",
        remedy="give each environment a key of its own, and trust that one alone",
        references=("CWE-347", "ASVS v5.0.0-9.2.3", "API2:2023"),
    ),
    foreign_environment,
    frozenset({Need.KEY, Need.SECOND_KEY}),
    Fits(signed=True),
)

ROTATION_GAP = Check(
    About(
        id="KEY-01",
        name="rotation-gap",
        topic=Topic.KEYS,
        title="Trusts old and new key while one replaces the other",
        severity=Severity.MEDIUM,
        asks="events by the new key and by the old one, after the hook that begins a rotation",
        correct="both acted on",
        why="without an overlap deliveries are lost at each change, so that keys are not changed",
        remedy="verify with a list of keys, and take the old one off it when nothing uses it",
        references=(
            "CWE-324",
            "ASVS v5.0.0-13.3.4",
            "ASVS v5.0.0-11.2.2",
            "API2:2023",
        ),
    ),
    rotation_gap,
    frozenset({Need.KEY, Need.SECOND_KEY, Need.ROTATE}),
    Fits(signed=True),
)

REVOKED_KEY = Check(
    About(
        id="KEY-02",
        name="revoked-key",
        topic=Topic.KEYS,
        title="Refuses a key that was withdrawn",
        severity=Severity.HIGH,
        asks="events by the old key after the hook that withdraws it, and one by the other key; "
        "the rotation hook then makes the old one good again",
        correct="nothing done for the old key",
        why="a key that leaked stays usable until it is really gone",
        remedy="read keys from one place, and forget what is no longer there",
        references=("CWE-324", "CWE-672", "ASVS v5.0.0-13.3.4", "API2:2023"),
    ),
    revoked_key,
    frozenset({Need.KEY, Need.SECOND_KEY, Need.ROTATE, Need.REVOKE}),
    Fits(signed=True),
)

OPEN_WITHOUT_KEY = Check(
    About(
        id="KEY-05",
        name="open-without-key",
        topic=Topic.KEYS,
        title="Stays shut without its key",
        severity=Severity.CRITICAL,
        asks="unsigned events and events signed with an empty or foreign key, after the hook that "
        "starts the receiver without its key",
        correct="it does not start, or refuses everything",
        why="a setting that got lost would open the receiver to everybody, unnoticed",
        remedy="refuse to start without a key, and refuse every delivery when there is none",
        references=(
            "CWE-1188",
            "CWE-636",
            "ASVS v5.0.0-16.5.3",
            "ASVS v5.0.0-13.2.3",
            "API2:2023",
            "CVE-2026-26319",
            "CVE-2026-41432",
        ),
    ),
    open_without_key,
    frozenset({Need.KEY, Need.RESTART, Need.RESTART_WITHOUT_KEY}),
    Fits(signed=True),
)

CHECKS = (FOREIGN_ENVIRONMENT, ROTATION_GAP, REVOKED_KEY, OPEN_WITHOUT_KEY)
