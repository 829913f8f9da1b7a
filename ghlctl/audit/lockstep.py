"""Runs scripts side by side: each goes on until it must wait, and all wait together, once."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import msgspec

from ghlctl.audit.canary import Canary
from ghlctl.audit.courier import BoundReached, Courier
from ghlctl.audit.evidence import Censor, effect_lines, exchange
from ghlctl.audit.receiver import Clock
from ghlctl.audit.script import (
    Observation,
    Observe,
    Push,
    Result,
    Script,
    Send,
    Verdict,
    Volley,
)
from ghlctl.audit.watch import Seen, Watch
from ghlctl.model.finding import Exchange
from ghlctl.transport.attempt import Answer


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
    """A script on its way; `verdict` once it has one, `stopped` if a bound ended it."""

    script: Script
    asked: list[Asked] = field(default_factory=list)
    waiting: Observe | None = None
    verdict: Verdict | None = None
    stopped: str = ""


class Lockstep:
    """`watch` is None without an upstream; then observations say so and nobody waits."""

    def __init__(
        self, url: str, courier: Courier, watch: Watch | None, censor: Censor, clock: Clock
    ) -> None:
        self._url = url
        self._clock = clock
        self._courier = courier
        self._watch = watch
        self._censor = censor

    def run(self, scripts: Sequence[Script]) -> list[Running]:
        """Bring every script to its verdict, or to the bound that stopped it."""
        everyone = [Running(script) for script in scripts]
        for one in everyone:
            self._advance(one, None)
        while waiting := [one for one in everyone if one.waiting is not None]:
            observes = [one.waiting for one in waiting if one.waiting is not None]
            for one, observation in zip(waiting, self._observed(observes), strict=True):
                self._advance(one, observation)
        for one in everyone:
            one.asked = [self._with_effects(asked, one.asked) for asked in one.asked]
        return everyone

    def _observed(self, observes: Sequence[Observe]) -> list[Observation]:
        if self._watch is None:
            return [Observation(None)] * len(observes)
        return self._watch.answer(observes)

    def _advance(self, one: Running, result: Result | None) -> None:
        """Carry requests until the script waits, concludes, or may ask no more."""
        one.waiting = None
        try:
            step = next(one.script) if result is None else one.script.send(result)
            while not isinstance(step, Observe):
                step = one.script.send(self._carried(one, step))
            one.waiting = step
        except StopIteration as end:
            one.verdict = end.value
        except BoundReached as bound:
            one.stopped = str(bound)
            one.script.close()

    def _carried(self, one: Running, step: Send | Volley | Push) -> Result:
        match step:
            case Push():
                sent_at = self._note([step])
                pushed = self._courier.push(step)
                one.asked.append(self._asked(step, pushed.answer, sent_at))
                return pushed
            case Send():
                return self._sent(one, (step,))[0]
            case Volley(sends):
                return self._sent(one, sends)

    def _sent(self, one: Running, sends: Sequence[Send]) -> tuple[Answer, ...]:
        sent_at = self._note(sends)
        answers = self._courier.carry(sends)
        one.asked += [
            self._asked(step, answer, sent_at) for step, answer in zip(sends, answers, strict=True)
        ]
        return answers

    def _note(self, steps: Sequence[Send | Push]) -> float:
        """Remember what is on its way now, and when that is."""
        if self._watch is not None:
            self._watch.sent([canary for step in steps for canary in step.canaries])
        return self._clock.monotonic()

    def _asked(self, step: Send | Push, answer: Answer, sent_at: float) -> Asked:
        shown = exchange(self._censor, step.purpose, self._url, step.delivery, answer)
        return Asked(shown, step.canaries, answer, self._clock.now(), sent_at)

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
        effects = effect_lines(self._censor, [lines[seq] for seq in sorted(lines)])
        return replace(asked, exchange=msgspec.structs.replace(asked.exchange, effects=effects))


def _cause(canary: Canary, seen: Seen, everything: Sequence[Asked]) -> Asked:
    """The last request with this canary before the line was seen; of a volley, its first."""
    own = [one for one in everything if canary in one.canaries]
    before = [one for one in own if one.sent_at <= seen.at]
    return max(before or own, key=lambda one: one.sent_at)
