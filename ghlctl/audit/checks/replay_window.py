"""Whether the receiver refuses what is too old, and nothing that is merely late."""

from dataclasses import replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Kit
from ghlctl.audit.refusal import REPEATS, Forged, Forgery, must_refuse, read_refusal
from ghlctl.audit.script import Check, Need, Script, Verdict, observe, send
from ghlctl.model.delivery import Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.transport.attempt import Answer, acknowledged

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
        reason = (
            f"the receiver's clock differs by {round(kit.skew_s):+d} s, so ages cannot be judged"
        )
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
        accepted = acknowledged(answer)
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


def _aged(name: str, age_s: float) -> Forgery:
    def make(kit: Kit) -> Forged:
        genuine = kit.genuine(age_s=age_s)
        return Forged(genuine.delivery, (genuine.canary,))

    return Forgery(f"signed {name} ago", make)


STALE_TIMESTAMP = Check(
    About(
        id="RPL-01",
        name="stale-timestamp",
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

LATE_RETRY = Check(
    About(
        id="RPL-14",
        name="late-retry",
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
    Fits(
        timestamped=False,
        because="scheme {scheme} signs every attempt anew, with its own time",
    ),
)

CHECKS = (STALE_TIMESTAMP, LATE_RETRY)
