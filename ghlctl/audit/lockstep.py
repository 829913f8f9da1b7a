"""Runs scripts side by side: each goes on until it must wait, and all wait together, once.

What scripts send in the same round is carried together; what one asks to send alone is sent while
no other has anything under way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import msgspec

from ghlctl.audit.canary import Canary
from ghlctl.audit.courier import BoundReached
from ghlctl.audit.evidence import Shower, effect_lines
from ghlctl.audit.hands import Hands, Taken
from ghlctl.audit.script import Script, Verdict
from ghlctl.audit.steps import (
    Burst,
    Done,
    Flood,
    Heard,
    Observation,
    Observe,
    Push,
    Result,
    Send,
    Shared,
    Step,
    Talk,
    Talked,
    Talks,
    Volley,
    Wait,
)
from ghlctl.audit.watch import Seen, Watch, callbacks_of
from ghlctl.model.finding import Exchange
from ghlctl.transport.attempt import Answer, Pushed
from ghlctl.transport.hearing import Heard as Listened
from ghlctl.transport.raw import answer_of


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as evidence, with the canaries its effects carry; answered at unix `at`.

    `sent_at` in monotonic seconds: several requests may carry one canary, one after the other.
    """

    exchange: Exchange
    canaries: tuple[Canary, ...]
    answer: Answer
    at: float
    sent_at: float


@dataclass(slots=True)
class Running:
    """A script on its way; `verdict` once it has one, `stopped` if a bound ended it.

    `results` is everything it was sent, in order: with them it can be judged again without any
    receiver.
    """

    script: Script
    asked: list[Asked] = field(default_factory=list)
    pending: Step | None = None
    verdict: Verdict | None = None
    stopped: str = ""
    results: list[Result] = field(default_factory=list)


class Lockstep:
    """`watch` is None where nobody sees what the receiver does; then observations say so."""

    def __init__(
        self, hands: Hands, watch: Watch | None, shower: Shower, heard: Listened | None = None
    ) -> None:
        self._hands = hands
        self._clock = hands.clock
        self._courier = hands.courier
        self._watch = watch
        self._shower = shower
        self._heard = heard
        self._shared: dict[str, tuple[list[Asked], Heard]] = {}

    def run(self, scripts: Sequence[Script]) -> list[Running]:
        """Bring every script to its verdict, or to the bound that stopped it."""
        everyone = [Running(script) for script in scripts]
        self._shared = {}
        for one in everyone:
            self._advance(one, None)
        while open_ones := [one for one in everyone if one.pending is not None]:
            self._round(open_ones)
        for one in everyone:
            one.asked = [self._with_effects(asked, one.asked) for asked in one.asked]
        return everyone

    def _round(self, everyone: Sequence[Running]) -> None:
        """Sends first, then what is taken singly, then the waiting that all do together."""
        sending = [one for one in everyone if isinstance(one.pending, _SENDING)]
        together = [one for one in sending if not _alone(one.pending)]
        if together:
            self._send([one for one in together if not self._overhears(one, together)])
            return
        busy = [
            one
            for one in everyone
            if not isinstance(one.pending, _RESTING) and not _alone(one.pending)
        ]
        if busy:
            self._take(busy[0])
            return
        if resting := [one for one in everyone if isinstance(one.pending, _RESTING)]:
            self._rest(resting)
            return
        self._by_itself(sending[0])

    def _by_itself(self, one: Running) -> None:
        """Only this one goes on, until it has seen what came of what it sent alone."""
        while one.pending is not None and not isinstance(one.pending, Observe):
            self._round([one]) if not _alone(one.pending) else self._send([one])
        if one.pending is not None:
            self._rest([one])

    def _send(self, sending: Sequence[Running]) -> None:
        sends = [_sends_of(one.pending) for one in sending]
        try:
            answers = iter(self._sent(list(chain(*sends)), sending, sends))
        except BoundReached as bound:
            for one in sending:
                self._stop(one, bound)
            return
        for one, own in zip(sending, sends, strict=True):
            found = tuple(next(answers) for _ in own)
            self._advance(one, self._told(one, own, found))

    def _overhears(self, one: Running, together: Sequence[Running]) -> bool:
        """Whether another asks, or has asked, what this one wants to know; then it is told."""
        match one.pending:
            case Shared(key) if key in self._shared:
                asked, heard = self._shared[key]
                one.asked += asked
                self._advance(one, heard)
                return True
            case Shared(key):
                first = next(o for o in together if _key(o.pending) == key)
                return first is not one
            case _:
                return False

    def _told(self, one: Running, own: Sequence[Send], found: tuple[Answer, ...]) -> Result:
        match one.pending:
            case Shared(key):
                heard = Heard(found, tuple(send.canaries for send in own))
                self._shared[key] = (one.asked[-len(own) :], heard)
                return heard
            case Volley():
                return found
            case _:
                return found[0]

    def _sent(
        self, every: Sequence[Send], sending: Sequence[Running], sends: Sequence[Sequence[Send]]
    ) -> Sequence[Answer]:
        sent_at = self._note(every)
        answers = self._courier.carry(every)
        told = iter(answers)
        for one, own in zip(sending, sends, strict=True):
            one.asked += [self._asked(send, next(told), sent_at) for send in own]
        return answers

    def _take(self, one: Running) -> None:
        step = one.pending
        assert isinstance(step, Taken)  # noqa: S101 - the round has left nothing else
        sent_at = self._note(_marked(step))
        try:
            result = self._hands.take(step)
        except BoundReached as bound:
            self._stop(one, bound)
            return
        one.asked += self._evidence(step, result, sent_at)
        self._advance(one, result)

    def _rest(self, resting: Sequence[Running]) -> None:
        waits = [one.pending.seconds for one in resting if isinstance(one.pending, Wait)]
        if waits:
            self._clock.sleep(max(waits))
            for one in resting:
                if isinstance(one.pending, Wait):
                    self._advance(one, Done())
            return
        observes = [one.pending for one in resting if isinstance(one.pending, Observe)]
        for one, observation in zip(resting, self._observed(observes), strict=True):
            self._advance(one, observation)

    def _observed(self, observes: Sequence[Observe]) -> list[Observation]:
        if self._watch is not None:
            return self._watch.answer(observes)
        if self._heard is not None and any(one.settle for one in observes):
            self._clock.sleep(self._hands.bounds.settle_s)
        return [
            Observation(None, callbacks=callbacks_of(self._heard, one.canaries)) for one in observes
        ]

    def _advance(self, one: Running, result: Result | None) -> None:
        """On to the next step, or to the verdict."""
        one.pending = None
        try:
            if result is None:
                one.pending = next(one.script)
            else:
                one.results.append(result)
                one.pending = one.script.send(result)
        except StopIteration as end:
            one.verdict = end.value

    def _stop(self, one: Running, bound: BoundReached) -> None:
        one.pending = None
        one.stopped = str(bound)
        one.script.close()

    def _note(self, steps: Sequence[Send | Push | Talk]) -> float:
        """Remember what is on its way now, and when that is."""
        if self._watch is not None:
            self._watch.sent([canary for step in steps for canary in step.canaries])
        return self._clock.monotonic()

    def _evidence(self, step: Taken, result: Result, sent_at: float) -> list[Asked]:
        match step, result:
            case Push(), Pushed(answer=answer):
                return [
                    self._asked(Send(step.delivery, step.purpose, step.canaries), answer, sent_at)
                ]
            case Burst(sends) | Flood(sends), tuple():
                pairs = zip(sends, result, strict=True)
                return [self._asked(send, answer, sent_at) for send, answer in pairs]
            case Talks(talks, meanwhile), Talked(conversations, answers):
                spoken = zip(talks, conversations, strict=True)
                sent = zip(meanwhile, answers, strict=True)
                return [
                    *(self._spoken(talk, answer_of(one), sent_at) for talk, one in spoken),
                    *(self._asked(send, answer, sent_at) for send, answer in sent),
                ]
            case _:
                return []

    def _asked(self, send: Send, answer: Answer, sent_at: float) -> Asked:
        now = self._clock.now()
        shown = self._shower.exchange(send, self._courier.url_of(send), answer, now)
        return Asked(shown, send.canaries, answer, now, sent_at)

    def _spoken(self, talk: Talk, answer: Answer, sent_at: float) -> Asked:
        shown = self._shower.spoken(talk, answer)
        return Asked(shown, talk.canaries, answer, self._clock.now(), sent_at)

    def _with_effects(self, asked: Asked, everything: Sequence[Asked]) -> Asked:
        if self._watch is None:
            unseen = msgspec.structs.replace(asked.exchange, observed=False)
            return replace(asked, exchange=unseen)
        lines = {
            seen.line.seq: seen.line
            for canary in asked.canaries
            for seen in self._watch.seen(canary)
            if _cause(canary, seen, everything) is asked
        }
        shown = [lines[seq] for seq in sorted(lines)]
        effects = effect_lines(self._shower.censor, shown)
        return replace(asked, exchange=msgspec.structs.replace(asked.exchange, effects=effects))


_RESTING = (Observe, Wait)
_SENDING = (Send, Volley, Shared)


def _alone(step: Step | None) -> bool:
    return isinstance(step, Send) and step.alone


def _sends_of(step: Step | None) -> tuple[Send, ...]:
    match step:
        case Send():
            return (step,)
        case Volley(sends) | Shared(_, sends):
            return sends
        case _:
            return ()


def _key(step: Step | None) -> str | None:
    return step.key if isinstance(step, Shared) else None


def _marked(step: Taken) -> Sequence[Send | Push | Talk]:
    match step:
        case Push():
            return (step,)
        case Burst(sends) | Flood(sends):
            return sends
        case Talks(talks, meanwhile):
            return (*talks, *meanwhile)
        case _:
            return ()


def _cause(canary: Canary, seen: Seen, everything: Sequence[Asked]) -> Asked:
    """The last request with this canary before the line was seen; of a volley, its first."""
    own = [one for one in everything if canary in one.canaries]
    before = [one for one in own if one.sent_at <= seen.at]
    return max(before or own, key=lambda one: one.sent_at)
