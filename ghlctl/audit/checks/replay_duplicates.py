"""Whether the receiver acts once on a delivery, however often it comes."""

from dataclasses import replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.duplicates import Twice, Way, judged_once, sent_twice
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.script import Check, Need, Script, Verdict
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.transport.attempt import acknowledged

_REFUSED = 4  # hundreds of the status


def replayed(kit: Kit) -> Script:
    """The same bytes and headers twice."""
    return judged_once(kit, (yield from sent_twice(kit, [_AS_IT_WAS])))


def retried(kit: Kit) -> Script:
    """The same delivery id and body with a new time and a new signature, as a retry is sent."""
    tries = yield from sent_twice(kit, [Way("sent once more with a new signature", _signed_again)])
    verdict = judged_once(kit, tries)
    second = tries[-1].second
    refused = isinstance(second, Reply) and second.status // 100 == _REFUSED
    if verdict.outcome is Outcome.PASS and refused:
        reason = f"{verdict.reason}; refusing a retry makes the provider try again and again"
        return replace(verdict, outcome=Outcome.WARN, reason=reason, severity=Severity.LOW)
    return verdict


def duplicate_refused(kit: Kit) -> Script:
    """What a duplicate is answered, whatever is done with it; nothing but a 2xx ends the retries.

    A refusal is no flaw of its own: RPL-07 warns where a provider's retries would meet it.
    """
    tries = yield from sent_twice(kit, [_AS_IT_WAS])
    usable = [one for one in tries if acknowledged(one.first)]
    if not usable:
        reason = "none of the first deliveries was accepted, so nothing could be repeated"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason)
    proof = tuple(one.canary for one in usable)
    refused = [one for one in usable if not acknowledged(one.second)]
    if not refused:
        return Verdict(Outcome.PASS, Confidence.HIGH, "a duplicate is acknowledged", proof)
    reason = f"a duplicate is {_answered(refused[0])}: the provider may go on sending it"
    return Verdict(Outcome.INFORMATIVE, Confidence.HIGH, reason, proof)


def _answered(one: Twice) -> str:
    match one.second:
        case Reply(status=status):
            return f"answered {status}"
        case failure:
            return f"not answered ({failure.text})"


def _signed_again(kit: Kit, genuine: Genuine) -> Delivery:
    return kit.delivered(genuine.event, genuine.canary, kit.now() + 1)


_AS_IT_WAS = Way("sent once more, byte for byte", lambda _kit, genuine: genuine.delivery)

REPLAYED = Check(
    About(
        id="RPL-05",
        name="replayed",
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
        name="retried",
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
    Fits(timestamped=True, because="scheme {scheme} signs a retry as it did before"),
)

DUPLICATE_REFUSED = Check(
    About(
        id="RPL-16",
        name="duplicate-refused",
        topic=Topic.REPLAY,
        title="Acknowledges a duplicate",
        severity=Severity.LOW,
        asks="an accepted delivery once more, the same bytes and headers",
        correct="a 2xx reply; another one is noted, not marked down",
        why="providers take any other reply for a failure, and send the delivery again",
        remedy="answer a duplicate as the first delivery was answered",
        references=("CWE-440",),
    ),
    duplicate_refused,
    frozenset({Need.KEY}),
)

CHECKS = (REPLAYED, RETRIED, DUPLICATE_REFUSED)
