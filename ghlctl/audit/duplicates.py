"""The question of what comes twice: one accepted delivery, sent once more in some way."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ghlctl.audit.canary import Canary
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import REPEATS, batched, read_refusal
from ghlctl.audit.script import Observation, Part, Send, Verdict, Watched, observe, send_all
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Confidence, Outcome
from ghlctl.transport.attempt import Answer, acknowledged

_BROKEN = 500
_LEAST_PAIRS = 2  # of REPEATS, where one of them says nothing
_WHETHER_ALONE = "STATE"


@dataclass(frozen=True, slots=True)
class Way:
    """One way of sending again; `name` completes "acted again on a delivery …"."""

    name: str
    again: Callable[[Kit, Genuine], Delivery]


@dataclass(frozen=True, slots=True)
class Twice:
    """One delivery sent two times; effects and acts counted after the first and the second.

    An act that the upstream did not let happen is no effect, but it shows the will.
    """

    way: Way
    canary: Canary
    first: Answer
    second: Answer
    effects: tuple[int, int]
    acts: tuple[int, int]
    countable: bool = True

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

    def usable(self, kit: Kit) -> bool:
        """Whether the first one was accepted, without which the second proves nothing."""
        return acknowledged(self.first) and (self.effects[0] > 0 or not kit.oracle)


def sent_twice(kit: Kit, ways: Sequence[Way]) -> Part[list[Twice]]:
    """One pair each way, and more of those that settle nothing."""
    tries = yield from _pairs(kit, ways)
    doubtful = [one.way for one in tries if one.repeated or one.void or not one.usable(kit)]
    if doubtful:
        tries += yield from _pairs(kit, doubtful * (REPEATS - 1))
    return tries


def judged_once(kit: Kit, tries: Sequence[Twice]) -> Verdict:
    """A failure where one of the ways was acted on again every time."""
    verdicts = [
        _judged(kit, way.name, [one for one in tries if one.way is way])
        for way in dict.fromkeys(one.way for one in tries)
    ]
    worst = max(verdicts, key=lambda one: (_GRAVITY[one.outcome], -_SURENESS[one.confidence]))
    if worst.outcome is not Outcome.PASS or len(verdicts) == 1:
        return worst
    reason = f"{len(verdicts)} ways of sending it again were not acted on"
    return Verdict(
        Outcome.PASS,
        worst.confidence,
        reason,
        tuple(canary for one in verdicts for canary in one.proof),
        tuple(watched for one in verdicts for watched in one.quiet),
    )


_GRAVITY = {Outcome.PASS: 0, Outcome.INCONCLUSIVE: 1, Outcome.FAIL: 2}
_SURENESS = {one: rank for rank, one in enumerate(reversed(list(Confidence)))}


def only_whether(lines: Iterable[LedgerEntry]) -> bool:
    """Whether these lines come from an oracle that cannot count: it tells of an act once."""
    return any(line.method == _WHETHER_ALONE for line in lines)


def _pairs(kit: Kit, ways: Sequence[Way]) -> Part[list[Twice]]:
    genuine = [kit.genuine() for _ in ways]
    marks = [one.canary for one in genuine]
    firsts = [Send(one.delivery, "genuine", (one.canary,)) for one in genuine]
    first: list[Answer] = []
    for sends in batched(firsts):
        first += yield from send_all(sends)
    accepted = [mark for mark, answer in zip(marks, first, strict=True) if acknowledged(answer)]
    yield from observe(*accepted, expected=True)
    before = yield from observe(*marks, settle=False)
    seconds = [
        Send(way.again(kit, one), way.name, (one.canary,))
        for way, one in zip(ways, genuine, strict=True)
    ]
    second: list[Answer] = []
    for sends in batched(seconds):
        second += yield from send_all(sends)
    after = yield from observe(*marks)
    return [
        Twice(way, mark, one, other, *_counted(kit, mark, before, after))
        for way, mark, one, other in zip(ways, marks, first, second, strict=True)
    ]


def _counted(
    kit: Kit, mark: Canary, before: Observation, after: Observation
) -> tuple[tuple[int, int], tuple[int, int], bool]:
    earlier, later = before.of([mark]), after.of([mark])
    footprint = kit.footprint
    return (
        (footprint.effects(earlier), footprint.effects(later)),
        (footprint.acts(earlier), footprint.acts(later)),
        not only_whether(later),
    )


def _judged(kit: Kit, name: str, tries: list[Twice]) -> Verdict:
    usable = [one for one in tries if one.usable(kit)]
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
    if not all(one.countable for one in usable):
        reason = "the state tells whether the receiver acted, not how often"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    return _once(kit, name, usable[-1], proof)


def _once(kit: Kit, name: str, one: Twice, proof: tuple[Canary, ...]) -> Verdict:
    """Nothing took effect twice; how sure that is depends on what was answered."""
    verdict = read_refusal(one.second, oracle=kit.oracle)
    reason = f"a delivery {name}: {verdict.reason}"
    if verdict.outcome is not Outcome.PASS:
        return Verdict(verdict.outcome, verdict.confidence, reason, proof)
    quiet = (Watched(one.canary, one.effects[1]),) if kit.oracle else ()
    return Verdict(Outcome.PASS, verdict.confidence, f"{reason}, not acted on again", proof, quiet)
