"""Whether one who takes long, a sender or the upstream, makes others wait."""

from dataclasses import dataclass

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.kit import Kit
from ghlctl.audit.raw import dripping, head_of, said, whole
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import (
    Check,
    Need,
    Part,
    Script,
    Send,
    Talk,
    Verdict,
    fail_upstream,
    observe,
    talk_all,
)
from ghlctl.model.delivery import Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.transport.attempt import Answer, acknowledged
from ghlctl.transport.conversation import Ending, Piece

_SLOW_ONES = 16
_LASTS_S = 3.0
_EVERY_S = 0.25
_AFTER_S = 0.5
_STARVED = 0.9  # of the time that the slow ones lasted after it was sent
_BUSY = 429
_LATER_S = 2.0
_AT_ONCE_S = 0.5


@dataclass(frozen=True, slots=True)
class _Meanwhile:
    """Genuine deliveries beside slow ones: how many had to wait until those had ended."""

    starved: int
    put_off: bool
    held: int
    marks: tuple[Canary, ...]
    words: str


def starved_by_slow(kit: Kit) -> Script:
    """Senders of a byte now and then, half in the head and half in the body, beside genuine ones.

    The catalogue warns of one that is still held after a minute. What harms is that others wait,
    which is seen in seconds; how many were held is noted.
    """
    proof: list[Canary] = []
    for _ in range(REPEATS):
        one = yield from _beside_slow(kit)
        proof += one.marks
        if one.put_off:
            reason = "genuine deliveries were put off (429), so the question was not reached"
            return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, tuple(proof))
        if not one.starved:
            break
    if one.starved == len(one.marks):
        reason = (
            f"beside {_SLOW_ONES} slow senders genuine deliveries had to wait for them to end, "
            f"{REPEATS} of {REPEATS} times: {one.words}"
        )
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason, tuple(proof))
    if one.starved:
        reason = f"some genuine deliveries had to wait beside {_SLOW_ONES} slow senders"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, tuple(proof))
    reason = (
        f"genuine deliveries got through beside {_SLOW_ONES} slow senders, "
        f"of whom {one.held} were still held after {_LASTS_S:.0f} s"
    )
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, tuple(proof))


def _beside_slow(kit: Kit) -> Part[_Meanwhile]:
    genuine = [kit.genuine() for _ in range(2)]
    talks = [_slow(kit, in_body=bool(number % 2)) for number in range(_SLOW_ONES)]
    talked = yield from talk_all(
        talks,
        [Send(one.delivery, "genuine, beside slow ones", (one.canary,)) for one in genuine],
        after_s=_AFTER_S,
    )
    late_ms = _STARVED * (_LASTS_S - _AFTER_S) * 1e3
    return _Meanwhile(
        sum(_waited(answer, late_ms) for answer in talked.answers),
        any(isinstance(one, Reply) and one.status == _BUSY for one in talked.answers),
        sum(one.ending is Ending.LEFT and not one.replies for one in talked.conversations),
        tuple(one.canary for one in genuine),
        _words(talked.answers[-1]),
    )


def _slow(kit: Kit, *, in_body: bool) -> Talk:
    genuine = kit.genuine()
    bare = kit.unsigned(genuine)
    content = whole(kit, bare)
    begun = len(head_of(kit, bare)) if in_body else 40
    drops = dripping(content[begun : begun + int(_LASTS_S / _EVERY_S) + 1], _EVERY_S)
    pieces = (Piece(content[:begun]), *drops)
    where = "body" if in_body else "head"
    return said(pieces, f"a byte now and then, in the {where}", genuine.canary, within_s=_LASTS_S)


def _waited(answer: Answer, late_ms: float) -> bool:
    """It came as late as if it had waited for the slow ones, or not at all."""
    return not isinstance(answer, Reply) or answer.total_ms >= late_ms


def _words(answer: Answer) -> str:
    if isinstance(answer, Reply):
        return f"answered {answer.status} after {answer.total_ms / 1e3:.1f} s"
    return answer.text


def waits_for_upstream(kit: Kit) -> Script:
    """Genuine deliveries while the upstream takes longer than a provider waits."""
    genuine = [kit.genuine() for _ in range(REPEATS)]
    marks = tuple(one.canary for one in genuine)
    for mark in marks:
        yield from fail_upstream(mark, status=0, delay_s=kit.answer_within_s + _LATER_S)
    talked = yield from talk_all(
        said(
            whole(kit, one.delivery),
            "while the upstream is slow",
            one.canary,
            within_s=kit.answer_within_s,
        )
        for one in genuine
    )
    seen = yield from observe(*marks)
    unanswered = [one for one in talked.conversations if one.timed_out]
    answered = [one.replies[0] for one in talked.conversations if one.replies]
    if len(unanswered) == len(marks):
        reason = (
            f"gave no answer within {unanswered[0].lasted_s:.0f} s while the upstream took longer, "
            f"{REPEATS} of {REPEATS} times"
        )
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason, marks)
    if unanswered or not answered:
        reason = "gave no answer while the upstream was slow, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, marks)
    slowest_s = max(reply.total_ms for reply in answered) / 1e3
    if seen.lines and seen.slowest_s < _AT_ONCE_S:
        reason = "no call upstream carried the delivery's marks first, so none could be delayed"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, marks)
    if slowest_s < _AT_ONCE_S and not all(map(acknowledged, answered)):
        reason = f"answered {answered[0].status} before it asked the upstream for anything"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, marks)
    reason = f"answered within {slowest_s:.1f} s although the upstream took longer"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, marks)


STARVED_BY_SLOW = Check(
    About(
        id="RES-04",
        name="starved-by-slow",
        topic=Topic.RESILIENCE,
        title="Serves others while slow senders take their time",
        severity=Severity.MEDIUM,
        asks="16 unsigned requests of a byte now and then, and genuine deliveries beside them",
        correct="the genuine ones answered as usual",
        why="where each connection holds a worker, a few that never end hold all of them",
        remedy="a server that does not give a worker to a half-read request, or a proxy that "
        "reads it whole first; a limit on how long it may take",
        references=(
            "CWE-400",
            "CWE-772",
            "ASVS v5.0.0-15.2.2",
            "ASVS v5.0.0-13.1.3",
            "API4:2023",
        ),
    ),
    starved_by_slow,
    frozenset({Need.KEY, Need.INTRUSIVE}),
)

WAITS_FOR_UPSTREAM = Check(
    About(
        id="RES-13",
        name="waits-for-upstream",
        topic=Topic.RESILIENCE,
        title="Answers in time although the upstream is slow",
        severity=Severity.MEDIUM,
        asks="genuine deliveries whose calls upstream take longer than a provider waits (15 s)",
        correct="an answer before that: acknowledged and worked off later, or refused for a retry",
        why="the provider takes no answer for a failure, sends again, and gives up in the end, "
        "while workers pile up behind the upstream",
        remedy="store the delivery, acknowledge it, then call; a deadline on every call upstream",
        references=(
            "CWE-400",
            "CWE-834",
            "ASVS v5.0.0-15.1.3",
            "ASVS v5.0.0-16.5.2",
            "API4:2023",
        ),
    ),
    waits_for_upstream,
    frozenset({Need.KEY, Need.FAULTS}),
    alone=True,
)

CHECKS = (WAITS_FOR_UPSTREAM, STARVED_BY_SLOW)
