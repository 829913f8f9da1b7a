"""Plays scripts without a receiver: with what a stored audit was sent, or with made-up results.

The first judges again what was recorded; the second counts what a check would send.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ghlctl.audit.canary import Canary
from ghlctl.audit.kit import Kit
from ghlctl.audit.script import Script, Verdict
from ghlctl.audit.steps import (
    AskOldest,
    AskStore,
    Burst,
    Done,
    Fault,
    Flood,
    Heard,
    Hook,
    HookRan,
    LogFound,
    Observation,
    Observe,
    OldestSaid,
    Push,
    ReadSource,
    Result,
    SearchLogs,
    Send,
    Shake,
    Shared,
    Source,
    Step,
    StoreSaid,
    Talk,
    Talked,
    Talks,
    Timed,
    Times,
    Volley,
    Wait,
)
from ghlctl.model.delivery import Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.transport.attempt import Answer, Failure, Pushed
from ghlctl.transport.conversation import Conversation, Ending, Handshaken

_TOLERANCE_S = 300.0
_FIRST_BYTE_NS = 100_000


class Drifted(Exception):  # noqa: N818 - a stored audit that no longer fits is no error
    """The script asks for something else than it was sent when the audit ran."""


def fed(script: Script, results: Iterable[Result]) -> Verdict | None:
    """The verdict that these results lead to; None where they end before it, Drifted otherwise."""
    given = iter(results)
    try:
        step = next(script)
        for result in given:
            if not _fits(step, result):
                raise Drifted(f"{type(step).__name__} was sent {type(result).__name__}")
            step = script.send(result)
    except StopIteration as end:
        if next(given, None) is not None:
            raise Drifted("it ends before what was recorded") from None
        verdict: Verdict = end.value
        return verdict
    return None


def _fits(step: Step, result: Result) -> bool:
    match step:
        case Send():
            return isinstance(result, Reply | Failure)
        case Volley(sends) | Burst(sends) | Flood(sends):
            return isinstance(result, tuple) and len(result) == len(sends)
        case Shared(_, sends):
            return isinstance(result, Heard) and len(result.answers) == len(sends)
        case Talks(talks):
            return isinstance(result, Talked) and len(result.conversations) == len(talks)
        case _:
            return isinstance(result, _RESULTS[type(step)])


_RESULTS: dict[type, type] = {
    Push: Pushed,
    Timed: Times,
    Shake: Handshaken,
    Observe: Observation,
    Wait: Done,
    Fault: Done,
    Hook: HookRan,
    SearchLogs: LogFound,
    AskStore: StoreSaid,
    AskOldest: OldestSaid,
    ReadSource: Source,
}


class Manner(StrEnum):
    """How an imagined receiver behaves."""

    CORRECT = "correct"  # acts once on what is genuine and fresh
    REFUSING = "refusing"
    ACTING = "acting"  # on everything, every time


@dataclass(slots=True)
class Imagined:
    """A receiver that exists in this object alone; counts what is sent to it."""

    kit: Kit
    manner: Manner
    requests: int = 0
    timed: int = 0
    _acted: list[tuple[Canary, LedgerEntry]] = field(default_factory=list)

    def play(self, script: Script) -> Verdict:
        try:
            step = next(script)
            while True:
                step = script.send(self.result(step))
        except StopIteration as end:
            verdict: Verdict = end.value
            return verdict

    def result(self, step: Step) -> Result:  # noqa: PLR0911, PLR0912, C901 - one line a step
        match step:
            case Send():
                return self._answer(step)
            case Volley(sends) | Burst(sends) | Flood(sends):
                return tuple(map(self._answer, sends))
            case Shared(_, sends):
                answers = tuple(map(self._answer, sends))
                return Heard(answers, tuple(one.canaries for one in sends))
            case Push(delivery, purpose, canaries):
                answer = self._answer(Send(delivery, purpose, canaries))
                return Pushed(answer, len(delivery.body), len(delivery.body))
            case Talks(talks, meanwhile):
                return Talked(tuple(map(self._spoken, talks)), tuple(map(self._answer, meanwhile)))
            case Timed(deliveries):
                self.timed += len(deliveries)
                count = len(deliveries)
                return Times((_FIRST_BYTE_NS,) * count, (self._status(taken=False),) * count)
            case Shake(offer):
                return Handshaken(offer.maximum, "TLS_AES_128_GCM_SHA256", 128)
            case Observe():
                return self._seen(step)
            case Wait() | Fault():
                return Done()
            case Hook():
                return HookRan()
            case SearchLogs():
                return LogFound((), seen=True)
            case AskStore():
                return StoreSaid(0)
            case AskOldest():
                return OldestSaid((self.kit.now(),))
            case ReadSource():
                return Source(())

    def _answer(self, send: Send) -> Answer:
        self.requests += 1
        taken = self._takes(send)
        if taken:
            self._acted += [(canary, self._line(canary)) for canary in send.canaries[-1:]]
        known = self._known(send.canaries) and self._genuine(send)
        return _reply(self._status(taken=taken or known))

    def _takes(self, send: Send) -> bool:
        match self.manner:
            case Manner.ACTING:
                return True
            case Manner.REFUSING:
                return False
            case Manner.CORRECT:
                return self._genuine(send) and not self._known(send.canaries)

    def _known(self, canaries: Sequence[Canary]) -> bool:
        return any(mark in canaries for mark, _ in self._acted)

    def _genuine(self, send: Send) -> bool:
        kit, delivery = self.kit, send.delivery
        if self.manner is Manner.REFUSING or kit.public is None or send.method != "POST":
            return False
        rejection = kit.scheme.verify(
            delivery.body,
            delivery.headers,
            kit.public,
            now=kit.now(),
            tolerance=_TOLERANCE_S,
            request=kit.request,
        )
        return rejection is None

    def _status(self, *, taken: bool) -> int:
        return 200 if taken or self.manner is Manner.ACTING else 401

    def _spoken(self, talk: Talk) -> Conversation:
        self.requests += talk.requests
        if self.manner is Manner.ACTING:
            self._acted += [(canary, self._line(canary)) for canary in talk.canaries]
        whole = sum(len(piece.content) for piece in talk.pieces)
        reply = _reply(self._status(taken=False))
        return Conversation((reply,) * talk.replies, Ending.LEFT, False, whole, whole, 0.01)

    def _seen(self, observe: Observe) -> Observation:
        if not self.kit.oracle:
            return Observation(None)
        return Observation(
            tuple(line for mark, line in self._acted if mark in observe.canaries), 0.01
        )

    def _line(self, canary: Canary) -> LedgerEntry:
        return LedgerEntry(
            seq=len(self._acted) + 1,
            at_unix_ns=0,
            method="PUT",
            path=f"/contacts/{canary.contact_id}",
            status=200,
            applied=True,
            body=" ".join(canary.texts),
        )


def _reply(status: int) -> Reply:
    return Reply(status, (("content-type", "application/json"),), b"{}", 1.0, 2.0, 2.0)
