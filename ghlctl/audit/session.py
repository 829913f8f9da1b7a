"""One audit on its way: batches of checks with a positive control after each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ghlctl.audit.batches import batches
from ghlctl.audit.canary import Canary
from ghlctl.audit.controls import FIRST_TIME, Life, multiplicity_of, sign_of_life
from ghlctl.audit.judgement import NO_LIFE, Around, judged
from ghlctl.audit.kit import Kit
from ghlctl.audit.lockstep import Asked, Lockstep, Running
from ghlctl.audit.needs import Need, missing
from ghlctl.audit.script import Check, Part, Script, Verdict
from ghlctl.audit.steps import Result
from ghlctl.audit.watch import Watch
from ghlctl.errors import NotMeasuredError
from ghlctl.model.delivery import Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Confidence, Outcome
from ghlctl.transport.clocks import skew_s

WRONG_LOG = (
    "needs the receiver's log: nothing about genuine deliveries was written to the files given "
    "with logs: or --log, so they are not its log"
)

_AGAIN = 2  # times that a check is asked anew because an effect came after its time


@dataclass(frozen=True, slots=True)
class Ran:
    """What a script was given and sent, with which it can be judged again."""

    seed: int
    times: tuple[float, ...]
    results: tuple[Result, ...]
    around: Around
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Judged:
    """A check with its verdict and everything it asked; `ran` is None where it was not asked."""

    check: Check
    verdict: Verdict
    asked: tuple[Asked, ...] = ()
    ran: Ran | None = None


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
    """`controls` grows with each sign of life; `kit` knows the receiver's ways after the first.

    `given`: the needs that the order satisfies. `in_log` waits for texts in the receiver's log.
    """

    def __init__(
        self,
        kit: Kit,
        lockstep: Lockstep,
        watch: Watch | None,
        given: frozenset[Need],
        in_log: Callable[[tuple[str, ...]], bool],
    ) -> None:
        self.kit = kit
        self.controls: list[Control] = []
        self._lockstep = lockstep
        self._watch = watch
        self._given = given
        self._in_log = in_log
        self._log_is_wrong = False
        self._over = ""

    @property
    def controlled(self) -> bool:
        """Genuine deliveries were accepted every time that one was sent."""
        return bool(self.controls) and all(one.alive for one in self.controls)

    def open(self) -> None:
        """The control before the first check; what it shows is what acting looks like."""
        if self.kit.key is None:
            self._log_is_wrong = True
            return
        control = self._control("", FIRST_TIME)
        if control.life is not None and control.life.alive:
            if self._watch is not None:
                self._watch.accustom()
            footprint, skew = control.life.footprint, receiver_skew_s(control.asked)
            count = multiplicity_of(control.life)
            self.kit = replace(self.kit, footprint=footprint, skew_s=skew, multiplicity=count)
            if Need.LOG in self._given:
                texts = [text for canary in control.life.canaries for text in canary.texts]
                self._log_is_wrong = not self._in_log(tuple(texts))
        elif not any(asked.exchange.status for asked in control.asked):
            self._stop(f"the receiver does not answer: {control.why_not}")

    def judge(self, checks: Sequence[Check]) -> Iterator[Judged]:
        """Ask what can be asked, batch by batch."""
        for batch in batches(checks):
            fit = []
            for check in batch:
                unfit = self._unfit(check)
                if unfit is None:
                    fit.append(check)
                else:
                    yield Judged(check, unfit)
            if fit:
                yield from self._batch(fit, again=_AGAIN)

    def _unfit(self, check: Check) -> Verdict | None:
        unfit = check.fits.unfit(self.kit.subject)
        if unfit:
            return Verdict(Outcome.NOT_APPLICABLE, Confidence.HIGH, unfit)
        lacking = check.needs - self._given
        if lacking:
            return Verdict(Outcome.NOT_TESTED, Confidence.HIGH, missing(lacking))
        if self._over and not check.unaided:
            return Verdict(Outcome.ERROR, Confidence.HIGH, f"not asked: {self._over}")
        if Need.LOG in check.needs and self._log_is_wrong:
            return Verdict(Outcome.NOT_TESTED, Confidence.HIGH, WRONG_LOG)
        return None

    def _batch(self, checks: Sequence[Check], *, again: int) -> Iterator[Judged]:
        before = len(self._watch.strays) if self._watch is not None else 0
        chances = [_Chance(self.kit) for _ in checks]
        scripts = [check.script(chance.kit) for check, chance in zip(checks, chances, strict=True)]
        ran = self._run(scripts)
        alive = self._still_alive(checks) and self._looked(ran)
        strays = tuple(self._strays(before))
        late = []
        for check, chance, one in zip(checks, chances, ran, strict=True):
            acted_late = self._acted_late(one)
            if again and alive and acted_late:
                late.append(check)
            else:
                around = Around(alive, acted_late, strays, self.kit.key is not None, one.stopped)
                verdict = judged(one.verdict, around)
                record = Ran(
                    chance.seed,
                    tuple(chance.times),
                    tuple(one.results),
                    around,
                    verdict.outcome,
                )
                yield Judged(check, verdict, tuple(one.asked), record)
        if late:  # the window was too short for them, and has grown since
            yield from self._batch(late, again=again - 1)

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

    def _looked(self, ran: Sequence[Running]) -> bool:
        """Look once more at what was judged quiet, after the control has passed through."""
        quiet = [
            watched.canary
            for one in ran
            if one.verdict is not None
            for watched in one.verdict.quiet
        ]
        try:
            if self._watch is not None:
                self._watch.look(quiet)
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
        late = [
            watched.canary
            for watched in quiet
            if self._effects(watched.canary, watched.effects) > watched.effects
        ]
        if self._watch is not None:
            self._watch.learn_late(late)
        return bool(late)

    def _effects(self, canary: Canary, known: int) -> int:
        lines = self._watch.lines(canary) if self._watch is not None else []
        footprint = self.kit.footprint
        return footprint.effects(lines) if known else footprint.acts(lines)


class _Chance:
    """A kit of its own for one run of one check: chance and events by a seed, times noted."""

    def __init__(self, kit: Kit) -> None:
        self.seed = kit.random.getrandbits(64)
        self.times: list[float] = []
        self._now = kit.now
        self.kit = replace(kit.seeded(self.seed), now=self._noted)

    def _noted(self) -> float:
        at = self._now()
        self.times.append(at)
        return at


def receiver_skew_s(asked: Sequence[Asked]) -> float | None:
    """How far the receiver's clock is ahead by the last reply that told a time."""
    told = [skew_s(one.answer, one.at) for one in asked if isinstance(one.answer, Reply)]
    return next((skew for skew in reversed(told) if skew is not None), None)


def _reporting(part: Part[Life], found: Callable[[Life], None]) -> Script:
    """A control as a script, whose result goes to `found`."""
    life = yield from part
    found(life)
    outcome = Outcome.PASS if life.alive else Outcome.FAIL
    return Verdict(outcome, Confidence.HIGH, life.why_not)
