"""What becomes of genuine deliveries when many come at once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import REPEATS, batched
from ghlctl.audit.script import (
    Check,
    Need,
    Observation,
    Part,
    Script,
    Send,
    Verdict,
    observe,
    send_all,
)
from ghlctl.audit.surge import Surge, asked_wait_s, calm, genuine_one, put_off, surge
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.transport.attempt import Answer, acknowledged

_PATIENCE = 4  # looks, each a window apart, at what a receiver works off in the background
_TOLD_OFF = 400  # what an upstream that refuses answers, and more


@dataclass(frozen=True, slots=True)
class _Round:
    """`lost`: acknowledged and not acted on. `broken`: neither taken nor put off, with its answer.

    `passed_on`: refused because the upstream had refused; the provider sends those again.
    """

    surge: Surge
    lost: tuple[Genuine, ...]
    broken: tuple[tuple[Genuine, str], ...]
    passed_on: int
    put_off: int
    untold: int
    quiet: bool


def lost_in_burst(kit: Kit) -> Script:
    """A burst, beyond the declared rate where one is declared.

    Without one everything may be taken, if everything is also done. An upstream that refuses is
    not the receiver's fault: what it passes on is left out, and noted.
    """
    bad: list[_Round] = []
    for _ in range(REPEATS):
        one = yield from _round(kit)
        if not (one.lost or one.broken or _unlimited(kit, one)):
            break
        bad.append(one)
    if len(bad) == REPEATS:
        return _failed(kit, bad)
    proof = _proof(one.surge.marks)
    if bad:
        reason = f"{_fault(kit, bad[0])}, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    return _held(kit, one, proof)


def _held(kit: Kit, one: _Round, proof: tuple[Canary, ...]) -> Verdict:
    count, declared = len(one.surge.answers), kit.rate_limit_per_s
    told = f"{count} deliveries in {one.surge.lasted_s:.1f} s"
    sure = Confidence.CONFIRMED if kit.oracle else Confidence.MEDIUM
    if not one.quiet:
        reason = "the controls around it were not taken either"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    if one.untold:
        reason = f"{told}: put off {one.put_off}, {one.untold} of them without Retry-After"
        return Verdict(Outcome.WARN, Confidence.HIGH, reason, proof)
    if one.put_off:
        reason = f"{told}: put off {one.put_off} with Retry-After, took the others and lost none"
        return Verdict(Outcome.PASS, sure, reason, proof)
    if one.passed_on:
        told += f", {one.passed_on} refused because the upstream had refused"
    if declared is not None and not one.surge.exceeds(declared):
        reason = f"{told}, lost none; that does not exceed the declared {declared:g}/s"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    return Verdict(Outcome.PASS, sure, f"{told}: took all and lost none", proof)


def _unlimited(kit: Kit, one: _Round) -> bool:
    declared = kit.rate_limit_per_s
    return declared is not None and not one.put_off and one.surge.exceeds(declared)


def _failed(kit: Kit, bad: Sequence[_Round]) -> Verdict:
    last = bad[-1]
    shown = [*last.lost, *(one for one, _ in last.broken)] or list(last.surge.genuine)
    proof = _proof([one.canary for one in shown])
    reason = f"{_fault(kit, last)}, {REPEATS} of {REPEATS} times"
    return Verdict(Outcome.FAIL, Confidence.HIGH, reason, proof)


def _fault(kit: Kit, one: _Round) -> str:
    count = len(one.surge.answers)
    if one.lost:
        return f"of {count} deliveries at once {len(one.lost)} were acknowledged and never done"
    if one.broken:
        told = Counter(text for _, text in one.broken).most_common(1)[0][0]
        what = f"{len(one.broken)} were neither taken nor put off"
        return f"of {count} deliveries at once {what} ({told})"
    return (
        f"took all {count} deliveries in {one.surge.lasted_s:.1f} s, although "
        f"{kit.rate_limit_per_s:g}/s are declared as the most"
    )


def _round(kit: Kit) -> Part[_Round]:
    many = yield from surge(kit, genuine_one, "genuine, one of a burst")
    taken = many.where(acknowledged)
    seen = yield from _worked_off(kit, taken)
    refused = many.where(_neither)
    seen_of_them = yield from observe(*(one.canary for one in refused), settle=False)
    upset = [one for one in refused if not _told_off(seen_of_them, one)]
    answers = dict(zip(many.marks, many.answers, strict=True))
    waits = [asked_wait_s(answer) for answer in many.answers if put_off(answer)]
    quiet = yield from calm(kit, many.answers)
    return _Round(
        many,
        tuple(one for one in taken if kit.oracle and not _acted(kit, seen, one)),
        tuple((one, _words(answers[one.canary])) for one in upset),
        len(refused) - len(upset),
        len(waits),
        sum(wait_s is None for wait_s in waits),
        quiet,
    )


def _neither(answer: Answer) -> bool:
    return not acknowledged(answer) and not put_off(answer)


def _worked_off(kit: Kit, taken: Sequence[Genuine]) -> Part[Observation]:
    """What was done, waiting on for a receiver that has promised."""
    marks = [one.canary for one in taken]
    seen = yield from observe(*marks, expected=True, any_act=True)
    for _ in range(_PATIENCE if kit.oracle else 0):
        if all(_acted(kit, seen, one) for one in taken):
            break
        seen = yield from observe(*marks, any_act=True)
    return seen


def _acted(kit: Kit, seen: Observation, one: Genuine) -> bool:
    return kit.footprint.acts(seen.of([one.canary])) > 0


def _told_off(seen: Observation, one: Genuine) -> bool:
    return any(line.status >= _TOLD_OFF for line in seen.of([one.canary]))


def _words(answer: Answer) -> str:
    return f"answered {answer.status}" if isinstance(answer, Reply) else answer.text


def _proof(marks: Sequence[Canary]) -> tuple[Canary, ...]:
    return tuple(marks[:3])


def lost_when_put_off(kit: Kit) -> Script:
    """What was put off in a burst once more, when it is time, as the provider would send it."""
    many = yield from surge(kit, genuine_one, "genuine, one of a burst")
    late = many.where(put_off)[:REPEATS]
    if not late:
        count = len(many.answers)
        reason = f"none of {count} deliveries in {many.lasted_s:.1f} s was put off"
        return Verdict(Outcome.NOT_APPLICABLE, Confidence.HIGH, reason)
    marks = tuple(one.canary for one in late)
    if not (yield from calm(kit, many.answers)):
        reason = "a minute after the burst genuine deliveries were still put off"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, marks)
    answers: list[Answer] = []
    for some in batched(late):
        answers += yield from send_all(
            Send(_again(kit, one), "put off, and sent again", (one.canary,)) for one in some
        )
    seen = yield from observe(*marks, expected=True)
    if any(map(put_off, answers)):
        reason = "what was put off was put off again"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, marks)
    counts = [kit.footprint.effects(seen.of([mark])) for mark in marks]
    return _kept(kit, late, answers, counts)


def _again(kit: Kit, one: Genuine) -> Delivery:
    """A scheme with a time of its own signs each attempt anew."""
    at = kit.now() if kit.scheme.timestamped else one.at
    return kit.delivered(one.event, one.canary, at)


def _kept(
    kit: Kit, late: Sequence[Genuine], answers: Sequence[Answer], counts: Sequence[int]
) -> Verdict:
    marks = tuple(one.canary for one in late)
    if not kit.oracle:
        if all(map(acknowledged, answers)):
            reason = "what was put off was acknowledged when it was sent again"
            return Verdict(Outcome.PASS, Confidence.MEDIUM, reason, marks)
        reason = f"what was put off was refused when it was sent again ({_words(answers[0])})"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, marks)
    times = f"{len(late)} of {len(late)} times"
    if not any(counts):
        reason = f"what was put off is lost: sent again it was {_words(answers[0])}, {times}"
        outcome = Outcome.FAIL if len(late) == REPEATS else Outcome.INCONCLUSIVE
        return Verdict(outcome, Confidence.HIGH, reason, marks)
    if min(counts) > kit.multiplicity and len(late) == REPEATS:
        reason = f"what was put off was done as well: sent again it was done twice, {times}"
        return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason, marks)
    if all(count == kit.multiplicity for count in counts):
        reason = f"what was put off was done when it was sent again, once, {times}"
        return Verdict(Outcome.PASS, Confidence.CONFIRMED, reason, marks)
    reason = f"effects of what was put off and sent again: {', '.join(map(str, counts))}"
    return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, marks)


LOST_IN_BURST = Check(
    About(
        id="RES-05",
        name="lost-in-burst",
        topic=Topic.RATE_LIMITS,
        title="Takes a burst or puts it off, and loses nothing",
        severity=Severity.MEDIUM,
        asks="30 genuine deliveries at 100 a second; where a rate is declared, three times as many "
        "as it allows in a second, at twice the rate",
        correct="each taken and done, or answered 429 with Retry-After, as beyond a declared rate",
        why="what is acknowledged and not done is lost; what is refused in another way than by "
        "429 is sent again at once, or never",
        remedy="a queue that outlives the process, and a token bucket for each tenant that answers "
        "429 with Retry-After when it is empty",
        references=("CWE-770", "CWE-799", "ASVS v5.0.0-2.4.1", "API4:2023", "RFC 6585"),
    ),
    lost_in_burst,
    frozenset({Need.KEY, Need.INTRUSIVE}),
)

LOST_WHEN_PUT_OFF = Check(
    About(
        id="RES-09",
        name="lost-when-put-off",
        topic=Topic.RATE_LIMITS,
        title="Does what it has put off when it comes again",
        severity=Severity.MEDIUM,
        asks="deliveries that were answered 429 once more, after the time that was asked for",
        correct="done once",
        why="a limit that stands after the note of what has been seen makes the retry a duplicate",
        remedy="limit before anything is noted about the delivery",
        references=("CWE-841", "ASVS v5.0.0-2.3.3"),
    ),
    lost_when_put_off,
    frozenset({Need.KEY, Need.INTRUSIVE}),
)

CHECKS = (LOST_IN_BURST, LOST_WHEN_PUT_OFF)
