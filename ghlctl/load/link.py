"""What ties load runs together that go on at the same time: one beginning, and one end."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ghlctl.errors import NotMeasuredError
from ghlctl.load.messages import Progress

_LEAD_NS = 300_000_000  # for the word to reach every engine before the moment itself
Stop = Callable[[Progress], str | None]


class Meeting:
    """Where `expected` engines agree on the moment at which all begin, and end together."""

    def __init__(self, expected: int) -> None:
        self._missing = expected
        self._begin_ns = 0
        self._reason: str | None = None
        self._changed = threading.Condition()

    @property
    def reason(self) -> str | None:
        """Why all shall end, once one has."""
        return self._reason

    def end(self, reason: str) -> None:
        """End all of them; the first reason counts."""
        with self._changed:
            self._reason = self._reason or reason
            self._changed.notify_all()

    def agree(self, earliest_ns: int) -> int:
        """Wait for all; raise NotMeasuredError where one of them will not come."""
        with self._changed:
            self._missing -= 1
            self._begin_ns = max(self._begin_ns, earliest_ns, time.monotonic_ns() + _LEAD_NS)
            self._changed.notify_all()
            # The last to come says the moment, and nobody leaves before.
            self._changed.wait_for(lambda: self._missing <= 0 or self._reason is not None)
            if self._reason is not None:
                raise NotMeasuredError(f"the load was not begun: {self._reason}", "")
            return self._begin_ns


@dataclass(frozen=True, slots=True)
class Link:
    """One run's end of it; without a meeting the run is alone.

    It begins `later_ns` after the others, so that arrivals due at the same moments do not meet.
    """

    meeting: Meeting | None = None
    later_ns: int = 0

    @property
    def reason(self) -> str | None:
        return self.meeting.reason if self.meeting else None

    def over(self) -> bool:
        """Whether the runs at the same time have ended early."""
        return self.reason is not None

    @property
    def agree(self) -> Callable[[int], int] | None:
        if self.meeting is None:
            return None
        meeting = self.meeting
        return lambda earliest_ns: meeting.agree(earliest_ns) + self.later_ns

    def stops(self, own: Stop | None) -> Stop | None:
        """Why this run shall end: for its own sake, or because another one did."""
        if self.meeting is None:
            return own
        return lambda progress: self.reason or (own(progress) if own else None)
