"""Carries one request at a time to the receiver: paced, bounded, patient with a busy one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ghlctl.audit.receiver import AuditedReceiver, Bounds, Clock
from ghlctl.audit.script import Push, Send
from ghlctl.model.delivery import Delivery, Reply, first_header
from ghlctl.transport.attempt import Answer, Pushed
from ghlctl.transport.push import push
from ghlctl.transport.reach import Reach

BUSY_TRIES = 3
_BUSY = (429, 503)
_TOO_MANY = 429
_SECONDS = re.compile(r"[0-9]{1,6}")


class BoundReached(Exception):  # noqa: N818 - a bound is no error of the program
    """The audit has cost as much as it may; the text says which bound."""


@dataclass(slots=True)
class Spent:
    """What the audit has cost so far."""

    requests: int = 0
    sent_bytes: int = 0


class Courier:
    """`spent` tells what was sent; every request counts, also those that got no answer."""

    def __init__(
        self, receiver: AuditedReceiver, bounds: Bounds, clock: Clock, reach: Reach
    ) -> None:
        self._receiver = receiver
        self._bounds = bounds
        self._clock = clock
        self._reach = reach
        self._ends_at = clock.monotonic() + bounds.duration_s
        self._next_at = clock.monotonic()
        self.spent = Spent()

    def carry(self, sends: Sequence[Send]) -> tuple[Answer, ...]:
        """Send all at once, then one by one again what a busy receiver put off.

        Raise BoundReached instead of sending one request too many.
        """
        self._spend([send.delivery for send in sends])
        answers = self._reach.send_together(self._receiver.url, [one.delivery for one in sends])
        return tuple(
            self._patiently(answer, send) for answer, send in zip(answers, sends, strict=True)
        )

    def push(self, step: Push) -> Pushed:
        """One large request, again when a busy receiver put it off."""
        pushed = self._push(step)
        for _ in range(BUSY_TRIES - 1):
            wait_s = self._wait_asked(pushed.answer)
            if wait_s is None:
                break
            self._clock.sleep(wait_s)
            pushed = self._push(step)
        return pushed

    def _push(self, step: Push) -> Pushed:
        self._spend([step.delivery])
        return push(self._receiver.url, step.delivery, timeout_s=3 * self._receiver.timeout_s)

    def _patiently(self, answer: Answer, send: Send) -> Answer:
        for _ in range(BUSY_TRIES - 1):
            wait_s = self._wait_asked(answer)
            if wait_s is None:
                break
            self._clock.sleep(wait_s)
            self._spend([send.delivery])
            answer = self._reach.send(self._receiver.url, send.delivery)
        return answer

    def _spend(self, deliveries: Sequence[Delivery]) -> None:
        """Wait for these requests' turn, and count them."""
        now = self._clock.monotonic()
        count, size = len(deliveries), sum(len(one.body) for one in deliveries)
        if now > self._ends_at:
            raise BoundReached(f"the audit's {self._bounds.duration_s:g} s were over")
        if self.spent.requests + count > self._bounds.requests:
            raise BoundReached(f"the audit's {self._bounds.requests} requests were spent")
        if self.spent.sent_bytes + size > self._bounds.sent_bytes:
            raise BoundReached(f"the audit's {self._bounds.sent_bytes} bytes were spent")
        if self._next_at > now:
            self._clock.sleep(self._next_at - now)
        self._next_at = max(now, self._next_at) + count / self._bounds.requests_per_s
        self.spent.requests += count
        self.spent.sent_bytes += size

    def _wait_asked(self, answer: Answer) -> float | None:
        """How long a busy receiver wants us to wait, within the bound; None if it is not busy."""
        if not isinstance(answer, Reply) or answer.status not in _BUSY:
            return None
        asked = first_header(answer.headers, "retry-after")
        if asked is None and answer.status != _TOO_MANY:
            return None
        wait_s = float(asked) if asked and _SECONDS.fullmatch(asked) else 1.0
        return min(wait_s, self._bounds.wait_when_busy_s)
