"""Whether a signed time is demanded, read strictly, and bounded on both sides."""

from collections.abc import Callable

from ghlctl.audit.about import About, Topic
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import Forged, Forgery, must_refuse
from ghlctl.audit.script import Check, Need, Script, Verdict
from ghlctl.audit.signed_times import body_alone, time_cut_out, with_time, without_time
from ghlctl.model.delivery import Delivery
from ghlctl.model.finding import Confidence, Outcome, Severity

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_AHEAD = (("10 minutes", 10 * _MINUTE), ("an hour", _HOUR), ("10 years", 3650 * _DAY))
_SKEW_S = 60.0
# Their documents or libraries bound both sides. Those of stripe, hubspot and zoom bound the past
# alone; of the custom scheme nobody has written a document.
_BOTH_WAYS = frozenset({"standard", "standard-ed25519", "svix", "slack"})
_UNDOCUMENTED = frozenset({"hmac-timestamp"})
_TIMED = Fits(
    timestamped=True,
    because="scheme {scheme} carries no time outside the signed body, which its provider writes",
)


def future_timestamp(kit: Kit) -> Script:
    """Genuinely signed deliveries whose signed time is still to come.

    The catalogue fails this for every scheme but Stripe's. HubSpot's own libraries and Zoom's
    documents bound the past alone too, so that it is noted there and not marked down.
    """
    forgeries = [_ahead(name, ahead_s) for name, ahead_s in _AHEAD]
    verdict = yield from must_refuse(kit, forgeries)
    if kit.skew_s is not None and abs(kit.skew_s) > _SKEW_S:
        reason = (
            f"the receiver's clock differs by {round(kit.skew_s):+d} s, so ages cannot be judged"
        )
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, verdict.proof)
    if verdict.outcome is not Outcome.FAIL or kit.scheme.name in _BOTH_WAYS:
        return verdict
    warned = kit.scheme.name in _UNDOCUMENTED
    reason = f"{verdict.reason}: such a delivery stays valid until long after that time"
    outcome = Outcome.WARN if warned else Outcome.INFORMATIVE
    return Verdict(outcome, verdict.confidence, reason, verdict.proof)


def no_timestamp(kit: Kit) -> Script:
    """Deliveries without a time, signed in each way that a lenient receiver might accept."""
    return must_refuse(
        kit,
        [
            _made("without a time, signed as if it were empty", without_time),
            _made("without a time, of which the body alone is signed", body_alone),
            _made("whose time was taken away on its way", time_cut_out),
        ],
    )


def garbled_timestamp(kit: Kit) -> Script:
    """Texts that are no time, or one long past, signed as they stand.

    Other spellings of the present time are left out, though the catalogue names them: whoever
    reads them right does no harm. So are times to come, which RPL-02 asks about.
    """
    texts = ("abc", "-1", "1.5", "NaN", "nan", "-Infinity", "-1e400", "0x0")
    return must_refuse(kit, [_with_text(text) for text in texts])


def _with_text(text: str) -> Forgery:
    return _made(
        f"whose signed time is {text!r}", lambda kit, genuine: with_time(kit, genuine, text)
    )


def _made(name: str, make: Callable[[Kit, Genuine], Delivery]) -> Forgery:
    def forged(kit: Kit) -> Forged:
        genuine = kit.genuine()
        return Forged(make(kit, genuine), (genuine.canary,))

    return Forgery(name, forged)


def _ahead(name: str, ahead_s: float) -> Forgery:
    def make(kit: Kit) -> Forged:
        genuine = kit.genuine(age_s=-ahead_s)
        return Forged(genuine.delivery, (genuine.canary,))

    return Forgery(f"signed {name} ahead of now", make)


FUTURE_TIMESTAMP = Check(
    About(
        id="RPL-02",
        name="future-timestamp",
        topic=Topic.REPLAY,
        title="Refuses a delivery whose signed time is still to come",
        severity=Severity.MEDIUM,
        asks="genuinely signed events of 10 minutes, an hour and 10 years from now",
        correct="nothing done where the scheme bounds both sides; noted where it bounds the past",
        why="a delivery dated ahead can be replayed until long after the window that is meant",
        remedy="compare the distance of the signed time from the clock, in both directions",
        references=("CWE-294", "ASVS v5.0.0-9.2.1", "API2:2023"),
    ),
    future_timestamp,
    frozenset({Need.KEY}),
    _TIMED,
)

NO_TIMESTAMP = Check(
    About(
        id="RPL-03",
        name="no-timestamp",
        topic=Topic.REPLAY,
        title="Refuses a delivery without its signed time",
        severity=Severity.HIGH,
        asks="events without a time: signed over an empty time, over the body alone, and with the "
        "time taken away",
        correct="a 4xx reply, and nothing done",
        why="whoever leaves the time out leaves the window out, and replays for ever",
        remedy="refuse when the time is absent, before anything is verified",
        references=("CWE-294", "CWE-304", "ASVS v5.0.0-9.2.1", "API2:2023"),
    ),
    no_timestamp,
    frozenset({Need.KEY}),
    _TIMED,
)

GARBLED_TIMESTAMP = Check(
    About(
        id="RPL-04",
        name="garbled-timestamp",
        topic=Topic.REPLAY,
        title="Refuses a signed time that is no time",
        severity=Severity.MEDIUM,
        asks="genuinely signed events whose time is a word, NaN, negative, infinitely so "
        "or a fraction",
        correct="nothing done, and no server error",
        why="every comparison with NaN is false, also the one that should refuse",
        remedy="read the time as a whole number in plain digits, and refuse anything else",
        references=("CWE-1287", "CWE-681", "CWE-754", "ASVS v5.0.0-2.2.1", "API2:2023"),
    ),
    garbled_timestamp,
    frozenset({Need.KEY}),
    _TIMED,
)

CHECKS = (FUTURE_TIMESTAMP, NO_TIMESTAMP, GARBLED_TIMESTAMP)
