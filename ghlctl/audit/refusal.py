"""The question that most checks ask: whether the receiver acts on what it should refuse."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from ghlctl.audit.canary import Canary
from ghlctl.audit.kit import Kit
from ghlctl.audit.script import (
    Part,
    Script,
    Send,
    Talk,
    Verdict,
    Watched,
    observe,
    send_all,
    talk_all,
)
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Outcome
from ghlctl.model.sample import ErrorKind
from ghlctl.transport.attempt import Answer, Failure
from ghlctl.transport.conversation import Conversation, Ending

REPEATS = 3
"""A failure is confirmed when it happens this many times, each time with fresh canaries."""

TOGETHER = 8
"""Requests at the same time; few enough for any receiver, and for its upstream's limits."""

_BUSY = 429
_BROKEN = 500
_LEAST_TRIES = 2  # of REPEATS, where one ended in a server error
T = TypeVar("T")
_CERTAINTY = (Confidence.CONFIRMED, Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW)


@dataclass(frozen=True, slots=True)
class Forged:
    """A delivery to be refused, and the canaries that show when it was not.

    `url` is "" for the receiver's own. `talk`: the bytes that are said in place of a request, for
    what no HTTP client sends.
    """

    delivery: Delivery
    canaries: tuple[Canary, ...]
    method: str = "POST"
    url: str = ""
    talk: Talk | None = None


@dataclass(frozen=True, slots=True)
class Forgery:
    """One way of forging; `name` completes "the receiver acted on a delivery …"."""

    name: str
    make: Callable[[Kit], Forged]


@dataclass(frozen=True, slots=True)
class Tried:
    forgery: Forgery
    canaries: tuple[Canary, ...]
    answer: Answer
    acts: int = 0

    @property
    def void(self) -> bool:
        """It ended in a server error before it did anything, which may have other causes."""
        return not self.acts and isinstance(self.answer, Reply) and self.answer.status >= _BROKEN


def must_refuse(kit: Kit, forgeries: Sequence[Forgery]) -> Script:
    """Send every forgery; ask again about those that were acted on, or that broke something."""
    tried = yield from _round(kit, forgeries)
    doubtful = [one.forgery for one in tried if one.acts or one.void]
    again: list[Tried] = []
    if doubtful:
        again = yield from _round(kit, doubtful * (REPEATS - 1))
    everything = [*tried, *again]
    if any(one.acts for one in everything):
        return _acted_on(everything)
    return _refused(kit, everything)


def _round(kit: Kit, forgeries: Sequence[Forgery]) -> Part[list[Tried]]:
    """Each forgery once, some at a time; a receiver that hangs is not asked the rest."""
    tried: list[Tried] = []
    for some in batched(forgeries):
        asked = yield from _asked([(forgery, forgery.make(kit)) for forgery in some])
        tried += asked
        if sum(hangs(one.answer) for one in asked) > 1:
            break
    canaries = [canary for one in tried for canary in one.canaries]
    seen = yield from observe(*canaries, any_act=True)
    return [replace(one, acts=kit.footprint.acts(seen.of(one.canaries))) for one in tried]


def _asked(pairs: Sequence[tuple[Forgery, Forged]]) -> Part[list[Tried]]:
    """What a client can send goes first, then what has to be said by hand."""
    sent = [(forgery, one) for forgery, one in pairs if one.talk is None]
    said = [(forgery, one, one.talk) for forgery, one in pairs if one.talk is not None]
    tried: list[Tried] = []
    if sent:
        answers = yield from send_all(
            Send(one.delivery, forgery.name, one.canaries, one.method, one.url)
            for forgery, one in sent
        )
        tried += [
            Tried(forgery, one.canaries, answer)
            for (forgery, one), answer in zip(sent, answers, strict=True)
        ]
    if said:
        talked = yield from talk_all(talk for _, _, talk in said)
        tried += [
            Tried(forgery, one.canaries, answer_in(spoken))
            for (forgery, one, _), spoken in zip(said, talked.conversations, strict=True)
        ]
    return tried


def answer_in(spoken: Conversation) -> Answer:
    """The first reply; or none, where only a closed connection tells of a refusal."""
    if spoken.replies:
        return spoken.replies[0]
    kind = ErrorKind.PROTOCOL
    if spoken.timed_out:
        kind = ErrorKind.TIMEOUT
    elif spoken.ending in (Ending.CLOSED, Ending.RESET):
        kind = ErrorKind.CLOSED
    return Failure(kind, spoken.text, spoken.lasted_s * 1e3)


def batched(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many at a time as a receiver is asked to answer side by side."""
    for start in range(0, len(items), TOGETHER):
        yield items[start : start + TOGETHER]


def hangs(answer: Answer) -> bool:
    return not isinstance(answer, Reply) and answer.kind is ErrorKind.TIMEOUT


def _acted_on(tried: Sequence[Tried]) -> Verdict:
    proof = tuple(canary for one in tried if one.acts for canary in one.canaries)
    acts = Counter(one.forgery.name for one in tried if one.acts)
    tries = Counter(one.forgery.name for one in tried if not one.void)
    confirmed = [name for name in acts if acts[name] == tries[name] >= _LEAST_TRIES]
    if confirmed:
        times = min(acts[name] for name in confirmed)
        reason = f"acted {times} of {times} times on a delivery {'; '.join(confirmed)}"
        return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason, proof)
    reason = f"acted on a delivery {next(iter(acts))}, but not every time that it was repeated"
    return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)


def _refused(kit: Kit, tried: Sequence[Tried]) -> Verdict:
    read = [(one, read_refusal(one.answer, oracle=kit.oracle)) for one in tried]
    unread = [(one, verdict) for one, verdict in read if verdict.outcome is not Outcome.PASS]
    if unread:
        one, verdict = unread[0]
        return replace(verdict, reason=f"{one.forgery.name}: {verdict.reason}", proof=one.canaries)
    _, least = max(read, key=lambda pair: _CERTAINTY.index(pair[1].confidence))
    kinds = len({one.forgery.name for one in tried})
    count = "the forgery was" if kinds == 1 else f"all {kinds} forgeries were"
    answers = ", ".join(dict.fromkeys(verdict.reason for _, verdict in read))
    quiet = tuple(Watched(canary) for one in tried for canary in one.canaries)
    shown = tuple(canary for one in tried for canary in one.canaries)
    reason = f"{count} not acted on ({answers})" if kit.oracle else f"{count} refused ({answers})"
    return Verdict(Outcome.PASS, least.confidence, reason, shown, quiet)


def read_refusal(answer: Answer, *, oracle: bool) -> Verdict:
    """How sure an answer makes us that nothing was done, `oracle`: the ledger showed no effect."""
    match answer:
        case Reply(status=status) if status == _BUSY:
            reason = "still answered 429 after waiting, so the question was not reached"
            return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason)
        case Reply(status=status):
            return _by_status(status, oracle=oracle)
        case _ if oracle and answer.kind in (ErrorKind.RESET, ErrorKind.CLOSED):
            return Verdict(Outcome.PASS, Confidence.CONFIRMED, "connection closed")
        case _:
            return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, answer.text)


def _by_status(status: int, *, oracle: bool) -> Verdict:
    if oracle:
        return Verdict(Outcome.PASS, Confidence.CONFIRMED, f"answered {status}")
    match status // 100:
        case 4:
            return Verdict(Outcome.PASS, Confidence.MEDIUM, f"answered {status}")
        case 5:
            return Verdict(Outcome.PASS, Confidence.LOW, f"answered {status}")
        case _:
            reason = f"answered {status}; without an upstream nobody sees whether it acted"
            return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason)
