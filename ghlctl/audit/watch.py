"""Watches the upstream's ledger for canaries, for as long as effects may take."""

from collections.abc import Sequence
from dataclasses import dataclass

from ghlctl.audit.canary import Canary, reads, searchable
from ghlctl.audit.script import Observation, Observe
from ghlctl.audit.target import Bounds, Clock
from ghlctl.model.effect import LedgerEntry
from ghlctl.transport.ledger import Ledger

WINDOW_FACTOR = 3.0
POLL_S = 0.05


@dataclass(slots=True)
class _Trail:
    """When a canary was last sent, and its lines with the moment each was seen."""

    sent_at: float
    lines: list[LedgerEntry]
    last_seen_at: float = 0.0


class Watch:
    """`settle_s` starts at its least and grows with what genuine deliveries are seen to take."""

    def __init__(self, ledger: Ledger, bounds: Bounds, clock: Clock) -> None:
        self._ledger = ledger
        self._bounds = bounds
        self._clock = clock
        self._trails: dict[Canary, _Trail] = {}
        self.settle_s = bounds.settle_s

    def sent(self, canaries: Sequence[Canary]) -> None:
        """Note that a request with these canaries is on its way now."""
        for canary in canaries:
            trail = self._trails.setdefault(canary, _Trail(0.0, []))
            trail.sent_at = self._clock.monotonic()

    def answer(self, observes: Sequence[Observe]) -> list[Observation]:
        """Wait once for all of them: first for what is expected, then for what must not come."""
        expected = [canary for one in observes if one.expected for canary in one.canaries]
        self._await(expected)
        settled_at = self._settled_at(observes, expected)
        decidable = _decided_by_one_act(observes)
        while (left_s := settled_at - self._clock.monotonic()) > 0:
            self._clock.sleep(min(POLL_S, left_s))
            if expected or decidable:  # the former are timed: their last effect shows as it comes
                self.look()
            if decidable and all(self._acted(canary) for canary in decidable):
                break
        self.look()
        return [self._observation(one) for one in observes]

    def look(self) -> None:
        """Read what is new in the ledger; NotMeasuredError when it cannot be read."""
        now = self._clock.monotonic()
        for line in self._ledger.fresh():
            text = searchable(line)
            for canary, trail in self._trails.items():
                if canary.within(text):
                    trail.lines.append(line)
                    trail.last_seen_at = now

    def lines(self, canary: Canary) -> list[LedgerEntry]:
        trail = self._trails.get(canary)
        return list(trail.lines) if trail else []

    def learn(self, slowest_s: float) -> None:
        """Genuine deliveries took this long to act: wait three times as long from now on."""
        self.settle_s = max(self.settle_s, WINDOW_FACTOR * slowest_s)

    def _await(self, expected: Sequence[Canary]) -> None:
        if not expected:
            return
        ends_at = self._clock.monotonic() + self._bounds.act_within_s
        self.look()
        while not all(self._trails[canary].lines for canary in expected):
            if self._clock.monotonic() > ends_at:
                return
            self._clock.sleep(POLL_S)
            self.look()

    def _settled_at(self, observes: Sequence[Observe], expected: Sequence[Canary]) -> float:
        settling = {canary for one in observes if one.settle for canary in one.canaries}
        sent = [self._trails[canary].sent_at for canary in settling]
        seen = [self._trails[canary].last_seen_at for canary in settling.intersection(expected)]
        return max([*sent, *seen]) + self.settle_s if sent else 0.0

    def _acted(self, canary: Canary) -> bool:
        return any(not reads(line) for line in self._trails[canary].lines)

    def _observation(self, observe: Observe) -> Observation:
        trails = [self._trails[canary] for canary in observe.canaries]
        lines = {line.seq: line for trail in trails for line in trail.lines}
        slowest = max(
            (trail.last_seen_at - trail.sent_at for trail in trails if trail.lines), default=0.0
        )
        return Observation(tuple(lines[seq] for seq in sorted(lines)), slowest)


def _decided_by_one_act(observes: Sequence[Observe]) -> list[Canary]:
    """All the canaries, where nobody asks for more than whether each was acted on."""
    if not all(one.any_act for one in observes):
        return []
    return [canary for one in observes for canary in one.canaries]
