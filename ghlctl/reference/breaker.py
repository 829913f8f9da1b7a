"""A circuit breaker: calls that would fail anyway are not made."""

import logging
from dataclasses import dataclass
from enum import StrEnum

LOG = logging.getLogger(__name__)


class Position(StrEnum):
    CLOSED = "closed"  # calls pass
    OPEN = "open"  # calls wait
    HALF_OPEN = "half_open"  # one call passes and decides


@dataclass(slots=True)
class Breaker:
    """Opens after `failures` calls in a row that failed, tries one call after `rest_s` seconds.

    `now` is monotonic seconds everywhere. Every call that was let through must be reported.
    """

    failures: int = 8
    rest_s: float = 2.0
    position: Position = Position.CLOSED
    opened: int = 0
    _in_a_row: int = 0
    _until: float = 0.0

    def delay(self, now: float) -> float:
        """Seconds to wait before asking again; 0.0 lets the call pass."""
        match self.position:
            case Position.CLOSED:
                return 0.0
            case Position.OPEN if now < self._until:
                return self._until - now
            case Position.HALF_OPEN if now < self._until:
                return self.rest_s / 10
            case _:
                # The probe may never report, if its task was cancelled: another follows in time.
                self._until = now + self.rest_s * 5
                self._move(Position.HALF_OPEN)
                return 0.0

    def succeeded(self) -> None:
        self._in_a_row = 0
        if self.position is not Position.CLOSED:
            self._move(Position.CLOSED)

    def failed(self, now: float) -> None:
        self._in_a_row += 1
        if self.position is Position.HALF_OPEN or (
            self.position is Position.CLOSED and self._in_a_row >= self.failures
        ):
            self._until = now + self.rest_s
            self.opened += 1
            self._move(Position.OPEN)

    def _move(self, position: Position) -> None:
        if position is not self.position:
            LOG.warning("circuit breaker %s after %d failures", position, self._in_a_row)
        self.position = position
