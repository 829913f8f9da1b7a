"""Whether a delivery is acted on exactly once when others with its id come beside or before it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.duplicates import only_whether
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import (
    Check,
    Need,
    Part,
    Script,
    Send,
    Verdict,
    Watched,
    burst,
    observe,
    send,
    send_all,
)
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.transport.attempt import Answer, acknowledged

_ROUNDS = 5
_AT_ONCE = 5
_BUSY = 429
_BROKEN = 500


def raced(kit: Kit) -> Script:
    """Rounds of one delivery five times at once; how many effects are usual is seen beside them."""
    rounds = yield from _rounds(kit)
    if any(rounds.doubled):
        again = yield from _rounds(kit)
        return _lost_race((*rounds.effects, *again.effects), rounds, again)
    if not all(count > 0 for count in rounds.effects):
        reason = "a delivery sent several times at once was not acted on at all"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, rounds.canaries)
    if not rounds.countable:
        reason = "the state tells whether the receiver acted, not how often"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, rounds.canaries)
    quiet = tuple(map(Watched, rounds.canaries, rounds.effects))
    reason = f"acted once in {_ROUNDS} rounds of {_AT_ONCE} at once: no race at this concurrency"
    return Verdict(Outcome.PASS, Confidence.CONFIRMED, reason, rounds.canaries[:1], quiet)


@dataclass(frozen=True, slots=True)
class _Rounds:
    """`usual`: the most effects that a delivery sent once had; `effects` by round."""

    canaries: tuple[Canary, ...]
    effects: tuple[int, ...]
    usual: int
    countable: bool

    @property
    def doubled(self) -> tuple[Canary, ...]:
        return tuple(
            canary
            for canary, count in zip(self.canaries, self.effects, strict=True)
            if count > self.usual
        )


def _rounds(kit: Kit) -> Part[_Rounds]:
    alone = [kit.genuine() for _ in range(REPEATS)]
    raced = [kit.genuine() for _ in range(_ROUNDS)]
    yield from send_all(Send(one.delivery, "sent once", (one.canary,)) for one in alone)
    for one in raced:
        same = Send(one.delivery, f"sent {_AT_ONCE} times at once", (one.canary,))
        yield from burst([same] * _AT_ONCE)
    marks = tuple(one.canary for one in raced)
    seen = yield from observe(*(one.canary for one in alone), *marks, expected=True)
    usual = max(kit.footprint.effects(seen.of([one.canary])) for one in alone)
    return _Rounds(
        marks,
        tuple(kit.footprint.effects(seen.of([mark])) for mark in marks),
        max(usual, kit.multiplicity),
        not only_whether(seen.lines or ()),
    )


def _lost_race(effects: Sequence[int], first: _Rounds, again: _Rounds) -> Verdict:
    """Chance decides a race, so that a failure need not show in every round."""
    lost = (*first.doubled, *again.doubled)
    if len(lost) < REPEATS:
        reason = f"acted more than once in {len(lost)} of {len(effects)} rounds"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, lost)
    sure = Confidence.CONFIRMED if len(lost) == len(effects) else Confidence.HIGH
    reason = f"acted more than once in {len(lost)} of {len(effects)} rounds of {_AT_ONCE} at once"
    return Verdict(Outcome.FAIL, sure, reason, lost)


def suppressed(kit: Kit) -> Script:
    """Forgeries under the id of an event that has not come yet, and then the genuine event.

    A receiver that acts on the forgery itself has not lost the event: that is the signature's
    business, and no failure here.
    """
    asked = list(_FORGERIES)
    outcomes = yield from _after_forgery(kit, asked)
    lost = [one.way for one in outcomes if not one.acted]
    if lost:
        outcomes += yield from _after_forgery(kit, lost * (REPEATS - 1))
    return _judged_suppressed(outcomes)


@dataclass(frozen=True, slots=True)
class _Way:
    name: str
    forged: Callable[[Kit, Genuine], Delivery]


@dataclass(frozen=True, slots=True)
class _Arrived:
    """The genuine event after its forgery; `acted` at any time, `answer` its own."""

    way: _Way
    canary: Canary
    answer: Answer
    acted: bool

    @property
    def lost(self) -> bool:
        """Not acted on, and not for want of time or strength."""
        busy = isinstance(self.answer, Reply) and (
            self.answer.status == _BUSY or self.answer.status >= _BROKEN
        )
        return not self.acted and isinstance(self.answer, Reply) and not busy


def _after_forgery(kit: Kit, ways: Sequence[_Way]) -> Part[list[_Arrived]]:
    arrived = []
    for way in ways:
        genuine = kit.genuine()
        forged = way.forged(kit, genuine)
        yield from send(forged, f"forged first: {way.name}", genuine.canary)
        answer = yield from send(genuine.delivery, "the genuine one after it", genuine.canary)
        arrived.append(_Arrived(way, genuine.canary, answer, acted=False))
    taken = [one.canary for one in arrived if acknowledged(one.answer)]
    yield from observe(*taken, expected=True, any_act=True)
    seen = yield from observe(*(one.canary for one in arrived), settle=False)
    return [replace(one, acted=kit.footprint.effects(seen.of([one.canary])) > 0) for one in arrived]


def _judged_suppressed(outcomes: Sequence[_Arrived]) -> Verdict:
    missing = [one for one in outcomes if not one.acted]
    proof = tuple(one.canary for one in missing or outcomes)
    if not missing:
        reason = "genuine deliveries were acted on although forgeries had come under their ids"
        return Verdict(Outcome.PASS, Confidence.CONFIRMED, reason, proof)
    for way in dict.fromkeys(one.way for one in missing):
        tries = [one for one in outcomes if one.way is way]
        if len(tries) >= REPEATS and all(one.lost for one in tries):
            count = len(tries)
            reason = (
                f"the genuine delivery was lost, {count} of {count} times, after one with its id "
                f"{way.name}"
            )
            return Verdict(Outcome.FAIL, Confidence.HIGH, reason, proof)
    reason = "a genuine delivery was not acted on after a forgery with its id, but not every time"
    return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)


def _by_a_stranger(kit: Kit, genuine: Genuine) -> Delivery:
    return kit.delivered(genuine.event, genuine.canary, genuine.at, key=kit.stranger)


_FORGERIES = (
    _Way("signed by a stranger", _by_a_stranger),
    _Way("without a signature", lambda kit, genuine: kit.unsigned(genuine)),
)

RACED = Check(
    About(
        id="RPL-09",
        name="raced",
        topic=Topic.REPLAY,
        title="Acts once on a delivery that comes several times at once",
        severity=Severity.HIGH,
        asks="one delivery five times, all last bytes together; in five rounds",
        correct="acted on once in each round",
        why="between looking whether an id is known and noting it, a second copy slips through",
        remedy="insert the id under a unique constraint and act only where the insert was new",
        references=(
            "CWE-362",
            "CWE-367",
            "ASVS v5.0.0-15.4.2",
            "ASVS v5.0.0-2.3.4",
            "API6:2023",
        ),
    ),
    raced,
    frozenset({Need.KEY, Need.ORACLE}),
)

SUPPRESSED = Check(
    About(
        id="RPL-10",
        name="suppressed-by-forgery",
        topic=Topic.REPLAY,
        title="Acts on a genuine delivery although a forgery came first under its id",
        severity=Severity.HIGH,
        asks="an event signed by a stranger, or not at all, and then the genuine one with that id",
        correct="the genuine one acted on",
        why="who can make the receiver remember an id can make it drop the event that bears it",
        remedy="note a delivery's id only after its signature has been verified",
        references=("CWE-696", "CWE-841", "ASVS v5.0.0-2.3.1", "API2:2023"),
    ),
    suppressed,
    frozenset({Need.KEY, Need.ORACLE}),
    Fits(signed=True),
)

CHECKS = (RACED, SUPPRESSED)
