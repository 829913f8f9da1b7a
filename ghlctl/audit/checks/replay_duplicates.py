"""Whether the receiver acts once on a delivery, however often it comes."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import REPEATS, read_refusal
from ghlctl.audit.script import (
    Check,
    Need,
    Observation,
    Part,
    Script,
    Send,
    Verdict,
    Watched,
    observe,
    send_all,
)
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.transport.attempt import Answer, acknowledged

_REFUSED = 4  # hundreds of the status
_BROKEN = 500
_LEAST_PAIRS = 2  # of REPEATS, where one of them says nothing


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
    """One delivery sent two times; effects and acts counted after the first and the second.

    An act that the upstream did not let happen is no effect, but it shows the will.
    """

    canary: Canary
    first: Answer
    second: Answer
    effects: tuple[int, int]
    acts: tuple[int, int]

    @property
    def doubled(self) -> bool:
        return self.effects[1] > self.effects[0]

    @property
    def repeated(self) -> bool:
        return self.acts[1] > self.acts[0]

    @property
    def void(self) -> bool:
        """The second ended in a server error before it did anything."""
        broken = isinstance(self.second, Reply) and self.second.status >= _BROKEN
        return broken and not self.repeated


def _again(kit: Kit, name: str, again: Callable[[Kit, Genuine], Delivery]) -> Part[list[_Twice]]:
    """One pair, and more of them when it settles nothing."""
    tries = yield from _pairs(kit, name, again, 1)
    if tries[0].repeated or tries[0].void or not _usable(kit, tries[0]):
        tries += yield from _pairs(kit, name, again, REPEATS - 1)
    return tries


def _pairs(
    kit: Kit, name: str, again: Callable[[Kit, Genuine], Delivery], count: int
) -> Part[list[_Twice]]:
    genuine = [kit.genuine() for _ in range(count)]
    marks = [one.canary for one in genuine]
    first = yield from send_all(Send(one.delivery, "genuine", (one.canary,)) for one in genuine)
    accepted = [mark for mark, answer in zip(marks, first, strict=True) if acknowledged(answer)]
    yield from observe(*accepted, expected=True)
    before = yield from observe(*marks, settle=False)
    second = yield from send_all(Send(again(kit, one), name, (one.canary,)) for one in genuine)
    after = yield from observe(*marks)
    return [
        _Twice(mark, one, other, *_counted(kit, mark, before, after))
        for mark, one, other in zip(marks, first, second, strict=True)
    ]


def _counted(
    kit: Kit, mark: Canary, before: Observation, after: Observation
) -> tuple[tuple[int, int], tuple[int, int]]:
    earlier, later = before.of([mark]), after.of([mark])
    footprint = kit.footprint
    return (
        (footprint.effects(earlier), footprint.effects(later)),
        (footprint.acts(earlier), footprint.acts(later)),
    )


def _usable(kit: Kit, one: _Twice) -> bool:
    """Whether the first one was accepted, without which the second proves nothing."""
    return acknowledged(one.first) and (one.effects[0] > 0 or not kit.oracle)


def _judged(kit: Kit, name: str, tries: list[_Twice]) -> Verdict:
    usable = [one for one in tries if _usable(kit, one)]
    proof = tuple(one.canary for one in tries if one.repeated) or (tries[-1].canary,)
    if not usable:
        reason = "none of the first deliveries was acted on, so nothing could be repeated"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    telling = [one for one in usable if not one.void]
    if any(one.doubled for one in telling):
        times = len(telling)
        if times >= _LEAST_PAIRS and all(one.repeated for one in telling):
            reason = f"acted again, {times} of {times} times, on a delivery {name}"
            return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason, proof)
        reason = f"acted again on a delivery {name}, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    return _once(kit, name, usable[-1], proof)


def _once(kit: Kit, name: str, one: _Twice, proof: tuple[Canary, ...]) -> Verdict:
    """Nothing took effect twice; how sure that is depends on what was answered."""
    verdict = read_refusal(one.second, oracle=kit.oracle)
    reason = f"a delivery {name}: {verdict.reason}"
    if verdict.outcome is not Outcome.PASS:
        return Verdict(verdict.outcome, verdict.confidence, reason, proof)
    quiet = (Watched(one.canary, one.effects[1]),) if kit.oracle else ()
    return Verdict(Outcome.PASS, verdict.confidence, f"{reason}, not acted on again", proof, quiet)


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

CHECKS = (REPLAYED, RETRIED)
