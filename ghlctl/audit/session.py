"""One audit on its way: batches of checks with a positive control after each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ghlctl.audit.canary import Canary
from ghlctl.audit.controls import FIRST_TIME, Life, sign_of_life
from ghlctl.audit.kit import Kit
from ghlctl.audit.lockstep import Asked, Lockstep, Running
from ghlctl.audit.script import Check, Need, Part, Script, Verdict
from ghlctl.audit.watch import Watch
from ghlctl.errors import NotMeasuredError
from ghlctl.model.delivery import Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Confidence, Outcome
from ghlctl.model.visible import visible
from ghlctl.transport.clocks import skew_s

NO_LIFE = "no genuine delivery was accepted"


@dataclass(frozen=True, slots=True)
class Judged:
    """A check with its verdict and everything it asked."""

    check: Check
    verdict: Verdict
    asked: tuple[Asked, ...] = ()


@dataclass(frozen=True, slots=True)
class Control:
    """One sign of life, after which checks it came, and its requests. `life` None: cut short."""

    after: str
    life: Life | None
    asked: tuple[Asked, ...]
    why_not: str

    @property
    def alive(self) -> bool:
        return self.life is not None and self.life.alive


class Session:
    """`controls` grows with each sign of life; `kit` knows the receiver's ways after the first."""

    def __init__(self, kit: Kit, lockstep: Lockstep, watch: Watch | None) -> None:
        self.kit = kit
        self.controls: list[Control] = []
        self._lockstep = lockstep
        self._watch = watch
        self._over = ""

    @property
    def controlled(self) -> bool:
        """Genuine deliveries were accepted every time that one was sent."""
        return bool(self.controls) and all(one.alive for one in self.controls)

    def open(self) -> None:
        """The control before the first check; what it shows is what acting looks like."""
        if self.kit.key is None:
            return
        control = self._control("", FIRST_TIME)
        if control.life is not None and control.life.alive:
            if self._watch is not None:
                self._watch.accustom()
            footprint, skew = control.life.footprint, receiver_skew_s(control.asked)
            self.kit = replace(self.kit, footprint=footprint, skew_s=skew)
        elif not any(asked.exchange.status for asked in control.asked):
            self._stop(f"the receiver does not answer: {control.why_not}")

    def judge(self, checks: Sequence[Check]) -> Iterator[Judged]:
        """Ask what can be asked, batch by batch, in the catalogue's order."""
        for batch in _batches(checks):
            fit = []
            for check in batch:
                unfit = self._unfit(check)
                if unfit is None:
                    fit.append(check)
                else:
                    yield Judged(check, unfit)
            if fit:
                yield from self._batch(fit, once_more=True)

    def _unfit(self, check: Check) -> Verdict | None:
        unfit = check.unfit(self.kit.scheme)
        if unfit:
            return Verdict(Outcome.NOT_APPLICABLE, Confidence.HIGH, unfit)
        missing = [need.value for need in check.needs if not self._has(need)]
        if missing:
            return Verdict(Outcome.NOT_TESTED, Confidence.HIGH, f"needs {'; '.join(missing)}")
        if self._over:
            return Verdict(Outcome.ERROR, Confidence.HIGH, f"not asked: {self._over}")
        return None

    def _has(self, need: Need) -> bool:
        match need:
            case Need.KEY:
                return self.kit.key is not None
            case Need.UPSTREAM:
                return self.kit.oracle

    def _batch(self, checks: Sequence[Check], *, once_more: bool) -> Iterator[Judged]:
        before = len(self._watch.strays) if self._watch is not None else 0
        ran = self._run([check.script(self.kit) for check in checks])
        alive = self._still_alive(checks) and self._looked()
        strays = self._strays(before)
        late = []
        for check, one in zip(checks, ran, strict=True):
            if once_more and alive and self._acted_late(one):
                late.append(check)
            else:
                yield Judged(check, self._final(one, strays, alive=alive), tuple(one.asked))
        if late:  # the window was too short for them: it has grown with the control since
            yield from self._batch(late, once_more=False)

    def _run(self, scripts: Sequence[Script]) -> list[Running]:
        try:
            ran = self._lockstep.run(scripts)
        except NotMeasuredError as error:
            self._stop(error.message)
            return [Running(script, stopped=error.message) for script in scripts]
        self._stop(next((one.stopped for one in ran if one.stopped), ""))
        return ran

    def _stop(self, reason: str) -> None:
        """Ask nothing more; the first reason is the one that counts."""
        self._over = self._over or reason

    def _still_alive(self, checks: Sequence[Check]) -> bool:
        """One more genuine delivery; it also drains what the receiver had in its queue."""
        if self._over or not self.controlled:
            return False
        control = self._control(", ".join(check.about.id for check in checks), 1)
        if not control.alive:
            self._stop(f"{NO_LIFE} after {control.after}")
        return control.alive

    def _control(self, after: str, count: int) -> Control:
        found: list[Life] = []
        running = self._run([_reporting(sign_of_life(self.kit, count), found.append)])[0]
        life = found[0] if found else None
        why = running.stopped or (life.why_not if life else "")
        control = Control(after, life, tuple(running.asked), why)
        self.controls.append(control)
        if life is not None and self._watch is not None:
            self._watch.learn(life.slowest_s)
        return control

    def _looked(self) -> bool:
        """Read the ledger once more, after the control has passed through the receiver."""
        try:
            if self._watch is not None:
                self._watch.look()
        except NotMeasuredError as error:
            self._stop(error.message)
            return False
        return True

    def _strays(self, before: int) -> list[LedgerEntry]:
        """Acts upstream since then that carry none of the audit's marks."""
        lines = self._watch.strays[before:] if self._watch is not None else []
        return [line for line in lines if self.kit.footprint.acts([line])]

    def _acted_late(self, one: Running) -> bool:
        """Whether a canary that was judged quiet has shown since: the window was too short."""
        quiet = one.verdict.quiet if one.verdict is not None else ()
        return any(
            self._effects(watched.canary, watched.effects) > watched.effects for watched in quiet
        )

    def _effects(self, canary: Canary, known: int) -> int:
        lines = self._watch.lines(canary) if self._watch is not None else []
        footprint = self.kit.footprint
        return footprint.effects(lines) if known else footprint.acts(lines)

    def _final(self, one: Running, strays: Sequence[LedgerEntry], *, alive: bool) -> Verdict:
        verdict = one.verdict
        if verdict is None:
            return Verdict(Outcome.ERROR, Confidence.HIGH, f"not finished: {one.stopped}")
        if self._acted_late(one):
            reason = "an effect came after the time in which this receiver usually acts"
            return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, verdict.proof)
        if strays and verdict.accounted:
            return _unaccounted(verdict, strays)
        seen = verdict.outcome in (Outcome.FAIL, Outcome.WARN)
        if alive or (seen and verdict.confidence is Confidence.CONFIRMED):
            return verdict
        if self.kit.key is None:
            reason = f"{verdict.reason}; without a test key nothing shows that it accepts any"
            return replace(verdict, outcome=Outcome.INCONCLUSIVE, reason=reason)
        reason = f"{verdict.reason}; but {NO_LIFE}, so this proves nothing"
        return replace(verdict, outcome=Outcome.ERROR, reason=reason)


def _unaccounted(verdict: Verdict, strays: Sequence[LedgerEntry]) -> Verdict:
    count = "one request" if len(strays) == 1 else f"{len(strays)} requests"
    first = f"{strays[0].method} {strays[0].path}"
    reason = (
        f"{verdict.reason}; but meanwhile the upstream got {count} with none of the audit's "
        f"marks, the first {first}: nobody can tell whose"
    )
    return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, visible(reason), verdict.proof)


def receiver_skew_s(asked: Sequence[Asked]) -> float | None:
    """How far the receiver's clock is ahead by the last reply that told a time."""
    told = [skew_s(one.answer, one.at) for one in asked if isinstance(one.answer, Reply)]
    return next((skew for skew in reversed(told) if skew is not None), None)


def _batches(checks: Sequence[Check]) -> Iterator[list[Check]]:
    """Checks of one topic together, intrusive ones each alone."""
    for (_, alone), grouped in groupby(checks, key=lambda c: (c.about.topic, c.intrusive)):
        batch = list(grouped)
        yield from ([check] for check in batch) if alone else [batch]


def _reporting(part: Part[Life], found: Callable[[Life], None]) -> Script:
    """A control as a script, whose result goes to `found`."""
    life = yield from part
    found(life)
    outcome = Outcome.PASS if life.alive else Outcome.FAIL
    return Verdict(outcome, Confidence.HIGH, life.why_not)
