"""Whether the receiver acts once on a delivery, and not at all on an old one."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import REPEATS, Forged, Forgery, must_refuse, read_refusal
from ghlctl.audit.script import (
    Check,
    Need,
    Part,
    Script,
    Send,
    Verdict,
    Watched,
    observe,
    send,
    send_all,
)
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.signing.scheme import Scheme
from ghlctl.transport.attempt import Answer

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_AGES = (
    ("10 minutes", 10 * _MINUTE),
    ("an hour", _HOUR),
    ("a day", _DAY),
    ("10 years", 3650 * _DAY),
)
# The platform tries a delivery again for up to three days: only what is older is surely no retry.
_AGES_BEYOND_RETRIES = (("30 days", 30 * _DAY), ("10 years", 3650 * _DAY))
_RETRY_AGE_S = 15 * _MINUTE
_SKEW_S = 60.0
_REFUSED = 4  # hundreds of the status
_BUSY = 429


def stale_timestamp(kit: Kit) -> Script:
    """Genuinely signed deliveries whose signed time is long past."""
    ages = _AGES if kit.scheme.timestamped else _AGES_BEYOND_RETRIES
    verdict = yield from must_refuse(kit, [_aged(name, age_s) for name, age_s in ages])
    if kit.skew_s is not None and abs(kit.skew_s) > _SKEW_S:
        reason = f"the receiver's clock differs by {kit.skew_s:+.0f} s, so ages cannot be judged"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, verdict.proof)
    if kit.scheme.timestamped or verdict.outcome is not Outcome.FAIL:
        return verdict
    return Verdict(
        Outcome.WARN,
        verdict.confidence,
        f"{verdict.reason}: its memory of seen ids is the only bar to replays",
        verdict.proof,
        severity=Severity.LOW,
    )


def late_retry(kit: Kit) -> Script:
    """A delivery never seen before whose body was signed a quarter of an hour ago."""
    for _ in range(REPEATS):
        genuine = kit.genuine(age_s=_RETRY_AGE_S)
        answer = yield from send(genuine.delivery, "15 minutes old, never seen", genuine.canary)
        accepted = _accepted(answer)
        seen = yield from observe(genuine.canary, expected=accepted)
        acted = kit.footprint.acts(seen.lines or ()) > 0
        if acted or (accepted and not kit.oracle):
            break
    return replace(_judged_late(kit, answer, acted=acted), proof=(genuine.canary,))


def _judged_late(kit: Kit, answer: Answer, *, acted: bool) -> Verdict:
    match answer:
        case Reply(status=status) if status // 100 == _REFUSED and status != _BUSY:
            reason = f"refused ({status}): the provider's later attempts would be lost"
            return Verdict(Outcome.WARN, Confidence.MEDIUM, reason, severity=Severity.LOW)
        case Reply() if acted:
            return Verdict(Outcome.PASS, Confidence.CONFIRMED, "acted on")
        case Reply(status=status) if answer.acknowledged and not kit.oracle:
            return Verdict(Outcome.PASS, Confidence.MEDIUM, f"accepted ({status})")
        case Reply(status=status) if answer.acknowledged:
            reason = f"answered {status} but not acted on: the provider's later attempts are lost"
            return Verdict(Outcome.WARN, Confidence.MEDIUM, reason, severity=Severity.LOW)
        case _:
            reason = read_refusal(answer, oracle=False).reason
            return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason)


def replayed(kit: Kit) -> Script:
    """The same bytes and headers twice."""
    name = "sent once more, byte for byte"
    tries = yield from _again(kit, name, lambda _kit, genuine: genuine.delivery)
    return _judged(kit, name, tries)


def retried(kit: Kit) -> Script:
    """The same delivery id and body with a new time and a new signature, as a retry is sent."""

    def signed_again(kit: Kit, genuine: Genuine) -> Delivery:
        return kit.delivered(genuine.event, genuine.canary, kit.now() + 1)

    name = "sent once more with a new signature"
    tries = yield from _again(kit, name, signed_again)
    verdict = _judged(kit, name, tries)
    second = tries[-1].second
    refused = isinstance(second, Reply) and second.status // 100 == _REFUSED
    if verdict.outcome is Outcome.PASS and refused:
        reason = f"{verdict.reason}; refusing a retry makes the provider try again and again"
        return replace(verdict, outcome=Outcome.WARN, reason=reason, severity=Severity.LOW)
    return verdict


@dataclass(frozen=True, slots=True)
class _Twice:
    """One delivery sent two times; effects counted after the first and after the second."""

    canary: Canary
    first: Answer
    second: Answer
    before: int
    after: int


def _again(kit: Kit, name: str, again: Callable[[Kit, Genuine], Delivery]) -> Part[list[_Twice]]:
    """One pair; more of them when it acted again, or when its first one was not accepted."""
    tries = yield from _pairs(kit, name, again, 1)
    if tries[0].after > tries[0].before or not _usable(kit, tries[0]):
        tries += yield from _pairs(kit, name, again, REPEATS - 1)
    return tries


def _pairs(
    kit: Kit, name: str, again: Callable[[Kit, Genuine], Delivery], count: int
) -> Part[list[_Twice]]:
    genuine = [kit.genuine() for _ in range(count)]
    marks = [one.canary for one in genuine]
    first = yield from send_all(Send(one.delivery, "genuine", (one.canary,)) for one in genuine)
    accepted = [mark for mark, answer in zip(marks, first, strict=True) if _accepted(answer)]
    yield from observe(*accepted, expected=True)
    seen = yield from observe(*marks, settle=False)
    before = [kit.footprint.effects(seen.of([mark])) for mark in marks]
    second = yield from send_all(Send(again(kit, one), name, (one.canary,)) for one in genuine)
    seen = yield from observe(*marks)
    after = [kit.footprint.effects(seen.of([mark])) for mark in marks]
    return list(map(_Twice, marks, first, second, before, after))


def _accepted(answer: Answer) -> bool:
    return isinstance(answer, Reply) and answer.acknowledged


def _usable(kit: Kit, one: _Twice) -> bool:
    """Whether the first one was accepted, without which the second proves nothing."""
    return _accepted(one.first) and (one.before > 0 or not kit.oracle)


def _judged(kit: Kit, name: str, tries: list[_Twice]) -> Verdict:
    last = tries[-1]
    proof = tuple(one.canary for one in tries if one.after > one.before) or (last.canary,)
    usable = [one for one in tries if _usable(kit, one)]
    doubled = [one for one in usable if one.after > one.before]
    if not usable:
        reason = "none of the first deliveries was acted on, so nothing could be repeated"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    if len(doubled) == REPEATS:
        reason = f"acted again, {REPEATS} of {REPEATS} times, on a delivery {name}"
        return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason, proof)
    if doubled:
        reason = f"acted again on a delivery {name}, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    verdict = read_refusal(last.second, oracle=kit.oracle)
    quiet = (Watched(last.canary, last.after),)
    reason = f"a delivery {name}: {verdict.reason}, not acted on again"
    if verdict.outcome is not Outcome.PASS:
        reason = f"a delivery {name}: {verdict.reason}"
    return Verdict(verdict.outcome, verdict.confidence, reason, proof, quiet)


def _aged(name: str, age_s: float) -> Forgery:
    def make(kit: Kit) -> Forged:
        genuine = kit.genuine(age_s=age_s)
        return Forged(genuine.delivery, (genuine.canary,))

    return Forgery(f"signed {name} ago", make)


def _has_own_time(scheme: Scheme) -> str:
    return "" if scheme.timestamped else f"scheme {scheme.name} signs a retry as it did before"


def _time_in_body(scheme: Scheme) -> str:
    own = f"scheme {scheme.name} signs every attempt anew, with its own time"
    return own if scheme.timestamped else ""


STALE_TIMESTAMP = Check(
    About(
        id="RPL-01",
        topic=Topic.REPLAY,
        title="Refuses a delivery that was signed long ago",
        severity=Severity.HIGH,
        asks="genuinely signed events of 10 minutes, an hour, a day and 10 years ago; where the "
        "time stands only in the body, of 30 days and 10 years ago",
        correct="nothing done outside the tolerance for a delivery's age",
        why="a captured delivery would stay valid for ever, also after the receiver has "
        "forgotten its id",
        remedy="verify the signature, then compare the signed time with the clock; "
        "for GoHighLevel a window of some days, because retries keep their timestamp",
        references=("CWE-294", "ASVS v5.0.0-2.3.2", "ASVS v5.0.0-9.2.1", "API2:2023"),
    ),
    stale_timestamp,
    frozenset({Need.KEY}),
)

REPLAYED = Check(
    About(
        id="RPL-05",
        topic=Topic.REPLAY,
        title="Acts once on a delivery that is replayed",
        severity=Severity.HIGH,
        asks="an accepted delivery once more, the same bytes and headers",
        correct="any reply, a 2xx is right; nothing done a second time",
        why="one captured request could be sent again and again, each time with its effect",
        remedy="store the signed delivery id with a unique constraint, and acknowledge "
        "duplicates without acting",
        references=(
            "CWE-294",
            "CWE-841",
            "ASVS v5.0.0-2.3.2",
            "API2:2023",
            "API6:2023",
        ),
    ),
    replayed,
    frozenset({Need.KEY}),
)

RETRIED = Check(
    About(
        id="RPL-07",
        topic=Topic.REPLAY,
        title="Acts once on a delivery that is retried with a new signature",
        severity=Severity.HIGH,
        asks="an accepted delivery once more, with the same id and a new time and signature",
        correct="a 2xx reply, and nothing done a second time",
        why="providers send again what they believe lost; each retry would act again",
        remedy="recognise duplicates by the delivery's id, not by its signature",
        references=("CWE-841", "ASVS v5.0.0-2.3.2", "ASVS v5.0.0-2.3.3", "API6:2023"),
    ),
    retried,
    frozenset({Need.KEY}),
    _has_own_time,
)

LATE_RETRY = Check(
    About(
        id="RPL-14",
        topic=Topic.REPLAY,
        title="Accepts the provider's late attempts",
        severity=Severity.MEDIUM,
        asks="an event never seen before whose body was signed 15 minutes ago",
        correct="a 2xx reply, acted on once",
        why="GoHighLevel sends the same payload again, after a 429 for over an hour and after "
        "other failures for days: a narrow window loses those events",
        remedy="let the window and the memory of seen ids both outlast the retries, three days",
        references=("CWE-372", "ASVS v5.0.0-2.3.3"),
    ),
    late_retry,
    frozenset({Need.KEY}),
    _time_in_body,
)
