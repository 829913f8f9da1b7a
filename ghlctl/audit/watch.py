"""Watches for what canaries cause, for as long as effects may take."""

from collections.abc import Sequence
from dataclasses import dataclass

from ghlctl.audit.canary import Canary, Marks, reads, searchable
from ghlctl.audit.receiver import Bounds, Clock
from ghlctl.audit.steps import Callback, Observation, Observe
from ghlctl.audit.witness import Witness
from ghlctl.model.effect import LedgerEntry
from ghlctl.transport.hearing import Heard

WINDOW_FACTOR = 3.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A line of the ledger, and the monotonic second at which it was read."""

    line: LedgerEntry
    at: float


@dataclass(slots=True)
class _Trail:
    """When a canary was last sent, and what was seen of it."""

    sent_at: float
    seen: list[Seen]

    @property
    def last_seen_at(self) -> float:
        return self.seen[-1].at if self.seen else 0.0


class Watch:
    """`settle_s` starts at its least and grows with what genuine deliveries are seen to take.

    `strays` are the lines since the first request that carry no canary, without those that are
    like what the receiver did of its own accord beside genuine deliveries.
    """

    def __init__(
        self, witness: Witness, bounds: Bounds, clock: Clock, heard: Heard | None = None
    ) -> None:
        self._witness = witness
        self._heard = heard
        self._bounds = bounds
        self._clock = clock
        self._trails: dict[Canary, _Trail] = {}
        self._marks = Marks()
        self._usual: set[tuple[str, str]] = set()
        self._told_strays = 0
        self.strays: list[LedgerEntry] = []
        self.settle_s = bounds.settle_s

    def sent(self, canaries: Sequence[Canary]) -> None:
        """Note that a request with these canaries is on its way now."""
        for canary in canaries:
            self._trail(canary).sent_at = self._clock.monotonic()

    def answer(self, observes: Sequence[Observe]) -> list[Observation]:
        """Wait once for all of them: first for what is expected, then for what must not come."""
        asked = [canary for one in observes for canary in one.canaries]
        for canary in asked:
            self._trail(canary)
        expected = [canary for one in observes if one.expected for canary in one.canaries]
        self._await(expected)
        settled_at = self._settled_at(observes, expected)
        decidable = _decided_by_one_act(observes)
        while (left_s := settled_at - self._clock.monotonic()) > 0:
            self._clock.sleep(min(self._witness.poll_s, left_s))
            if expected or decidable:  # the former are timed: their last effect shows as it comes
                self.look(asked)
            if decidable and all(self._acted(canary) for canary in decidable):
                break
        self.look(asked)
        strays = self.strays[self._told_strays :]
        self._told_strays = len(self.strays)
        for one in observes:
            if one.alone:
                self._put_down(strays, one.canaries[0])
        return [self._observation(one, strays) for one in observes]

    def look(self, canaries: Sequence[Canary] = ()) -> None:
        """Read what is new about them; NotMeasuredError when it cannot be read."""
        known = [canary for canary in dict.fromkeys(canaries) if canary in self._trails]
        now = self._clock.monotonic()
        for line in self._witness.fresh(known):
            text = searchable(line)
            own = self._marks.within(text)
            for canary in own:
                self._trails[canary].seen.append(Seen(line, now))
            # What stands in the ledger before the first request is nobody's.
            if not own and self._trails and _kind(line) not in self._usual:
                self.strays.append(line)

    def seen(self, canary: Canary) -> list[Seen]:
        trail = self._trails.get(canary)
        return list(trail.seen) if trail else []

    def lines(self, canary: Canary) -> list[LedgerEntry]:
        return [one.line for one in self.seen(canary)]

    def accustom(self) -> None:
        """Strays so far came with genuine deliveries: more of the same tell nothing."""
        self._usual.update(map(_kind, self.strays))
        self.strays.clear()
        self._told_strays = 0

    def learn(self, slowest_s: float) -> None:
        """Genuine deliveries took this long to act: wait three times as long from now on."""
        self.settle_s = max(self.settle_s, WINDOW_FACTOR * slowest_s)

    def learn_late(self, canaries: Sequence[Canary]) -> None:
        """These acted after their window, as late as they were seen, or somewhat sooner."""
        trails = [self._trails[canary] for canary in canaries]
        took = max((trail.last_seen_at - trail.sent_at for trail in trails), default=0.0)
        self.settle_s = max(self.settle_s, min(WINDOW_FACTOR * took, self._bounds.act_within_s))

    def _trail(self, canary: Canary) -> _Trail:
        if canary not in self._trails:
            self._trails[canary] = _Trail(self._clock.monotonic(), [])
            self._marks.add(canary)
        return self._trails[canary]

    def _await(self, expected: Sequence[Canary]) -> None:
        if not expected:
            return
        ends_at = self._clock.monotonic() + self._bounds.act_within_s
        self.look(expected)
        while not all(self._trails[canary].seen for canary in expected):
            if self._clock.monotonic() > ends_at:
                return
            self._clock.sleep(self._witness.poll_s)
            self.look([canary for canary in expected if not self._trails[canary].seen])

    def _settled_at(self, observes: Sequence[Observe], expected: Sequence[Canary]) -> float:
        settling = {canary for one in observes if one.settle for canary in one.canaries}
        sent = [self._trails[canary].sent_at for canary in settling]
        seen = [self._trails[canary].last_seen_at for canary in settling.intersection(expected)]
        return max([*sent, *seen]) + self.settle_s if sent else 0.0

    def _acted(self, canary: Canary) -> bool:
        return any(not reads(one.line) for one in self._trails[canary].seen)

    def _put_down(self, strays: Sequence[LedgerEntry], canary: Canary) -> None:
        now = self._clock.monotonic()
        self._trails[canary].seen += [Seen(line, now) for line in strays]

    def _observation(self, observe: Observe, strays: Sequence[LedgerEntry]) -> Observation:
        trails = [self._trails[canary] for canary in observe.canaries]
        lines = {one.line.seq: one.line for trail in trails for one in trail.seen}
        slowest = max(
            (trail.last_seen_at - trail.sent_at for trail in trails if trail.seen), default=0.0
        )
        return Observation(
            tuple(lines[seq] for seq in sorted(lines)),
            slowest,
            tuple(strays),
            callbacks_of(self._heard, observe.canaries),
        )


def callbacks_of(heard: Heard | None, canaries: Sequence[Canary]) -> tuple[Callback, ...]:
    """What came to the listener with one of the canaries in its path."""
    lines = list(heard.lines) if heard is not None else []
    return tuple(
        Callback(method, path)
        for method, path in lines
        if any(canary.within(path.casefold()) for canary in canaries)
    )


def _kind(line: LedgerEntry) -> tuple[str, str]:
    return line.method, line.path.partition("?")[0]


def _decided_by_one_act(observes: Sequence[Observe]) -> list[Canary]:
    """All the canaries, where nobody asks for more than whether each was acted on."""
    if not all(one.any_act for one in observes):
        return []
    return [canary for one in observes for canary in one.canaries]
