"""Carries requests to the receiver: paced, counted, patient with a busy one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ghlctl.audit.receiver import AuditedReceiver, Bounds, Clock
from ghlctl.audit.steps import Push, Send, Talk, Talked, Timed, Times
from ghlctl.model.delivery import Delivery, Reply, first_header
from ghlctl.signing.catalogue import scheme_named
from ghlctl.signing.target import target_of
from ghlctl.transport.address import place_of
from ghlctl.transport.attempt import Answer, Pushed
from ghlctl.transport.conversation import Handshaken, TlsOffer
from ghlctl.transport.handshake import shake
from ghlctl.transport.push import push
from ghlctl.transport.raw import Saying, answer_of, converse, together
from ghlctl.transport.reach import Asking, Reach
from ghlctl.transport.stopwatch import laps
from ghlctl.transport.wording import request_bytes

BUSY_TRIES = 3
TOGETHER = 8
"""Requests at the same time; few enough for any receiver, and for its upstream's limits."""

_BUSY = (429, 503)
_TOO_MANY = 429
_SECONDS = re.compile(r"[0-9]{1,6}")
_LONGEST_TALK_S = 120.0


class BoundReached(Exception):  # noqa: N818 - a bound is no error of the program
    """The audit has cost as much as it may; the text says which bound."""


@dataclass(slots=True)
class Spent:
    """What the audit has cost so far; `timed` are the requests of timing checks, counted apart."""

    requests: int = 0
    timed: int = 0
    sent_bytes: int = 0


class Courier:
    """`spent` tells what was sent; every request counts, also those that got no answer."""

    def __init__(
        self, receiver: AuditedReceiver, bounds: Bounds, clock: Clock, reach: Reach
    ) -> None:
        self._receiver = receiver
        self._scheme = scheme_named(receiver.scheme)
        self._bounds = bounds
        self._clock = clock
        self._reach = reach
        self._ends_at = clock.monotonic() + bounds.duration_s
        self._next_at = clock.monotonic()
        self.spent = Spent()

    def carry(self, sends: Sequence[Send]) -> tuple[Answer, ...]:
        """Send some at a time, then one by one again what a busy receiver put off.

        Raise BoundReached instead of sending one request too many.
        """
        answers: list[Answer] = []
        for start in range(0, len(sends), TOGETHER):
            some = sends[start : start + TOGETHER]
            self._spend([send.delivery for send in some], self._bounds.requests_per_s)
            answers += self._reach.ask_together([self._asking(one) for one in some])
        return tuple(
            self._patiently(answer, send) for answer, send in zip(answers, sends, strict=True)
        )

    def burst(self, sends: Sequence[Send]) -> tuple[Answer, ...]:
        """All last bytes in one go; none is sent again."""
        self._require_room(len(sends))
        self._spend([send.delivery for send in sends], self._bounds.burst_per_s)
        written = [
            request_bytes(place_of(self.url_of(one)), one.method, one.delivery) for one in sends
        ]
        ended = together(self._receiver.url, written, within_s=self._receiver.timeout_s)
        return tuple(map(answer_of, ended))

    def flood(self, sends: Sequence[Send], per_s: float) -> tuple[Answer, ...]:
        """At a rate, whatever is answered; none is sent again."""
        per_s = min(per_s, self._bounds.burst_per_s)
        self._spend([send.delivery for send in sends], self._bounds.burst_per_s, ahead=False)
        askings = [self._asking(one) for one in sends]
        return tuple(self._reach.ask_at_rate(askings, per_s, self._bounds.connections))

    def talk(self, talks: Sequence[Talk], meanwhile: Sequence[Send], after_s: float) -> Talked:
        """Bare conversations; `meanwhile` is sent as it stands, once."""
        self._require_room(len(talks) + len(meanwhile))
        count = sum(one.requests for one in talks)
        size = sum(len(piece.content) for one in talks for piece in one.pieces)
        self._count(count, size, self._bounds.requests_per_s)
        self._spend([one.delivery for one in meanwhile], self._bounds.requests_per_s)
        place = place_of(self._receiver.url)
        timeout_s = self._receiver.timeout_s
        sayings = [
            Saying(one.pieces, one.replies, min(one.within_s, _LONGEST_TALK_S)) for one in talks
        ]
        later = [
            Saying.of(request_bytes(place, one.method, one.delivery), timeout_s)
            for one in meanwhile
        ]
        ended = converse(self._receiver.url, sayings, later, after_s=after_s)
        return Talked(tuple(ended[: len(talks)]), tuple(map(answer_of, ended[len(talks) :])))

    def time(self, step: Timed) -> Times:
        """Timed requests have a bound of their own."""
        count = len(step.deliveries)
        if self.spent.timed + count > self._bounds.timed_requests:
            raise BoundReached(
                f"the audit's {self._bounds.timed_requests} timed requests were spent"
            )
        self._require_time()
        self.spent.timed += count
        found = laps(self._receiver.url, step.deliveries, timeout_s=self._receiver.timeout_s)
        return Times(tuple(lap.first_byte_ns for lap in found), tuple(lap.status for lap in found))

    def shake(self, offer: TlsOffer) -> Handshaken:
        self._count(1, 0, self._bounds.requests_per_s)
        return shake(place_of(self._receiver.url), offer, timeout_s=self._receiver.timeout_s)

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

    def url_of(self, send: Send) -> str:
        """Where it goes: never to another host than the receiver's."""
        if not send.url:
            return target_of(self._scheme, self._receiver.url, send.delivery.body)
        if place_of(send.url).host != place_of(self._receiver.url).host:
            raise ValueError(f"{send.purpose}: {send.url} is not the receiver's host")
        return send.url

    def _push(self, step: Push) -> Pushed:
        self._spend([step.delivery], self._bounds.requests_per_s)
        return push(self._receiver.url, step.delivery, timeout_s=3 * self._receiver.timeout_s)

    def _asking(self, send: Send) -> Asking:
        return Asking(send.method, self.url_of(send), send.delivery.headers, send.delivery.body)

    def _patiently(self, answer: Answer, send: Send) -> Answer:
        for _ in range(BUSY_TRIES - 1):
            wait_s = self._wait_asked(answer) if send.patient else None
            if wait_s is None:
                break
            self._clock.sleep(wait_s)
            self._spend([send.delivery], self._bounds.requests_per_s)
            answer = self._reach.ask_together([self._asking(send)])[0]
        return answer

    def _spend(self, deliveries: Sequence[Delivery], per_s: float, *, ahead: bool = True) -> None:
        size = sum(len(one.body) for one in deliveries)
        self._count(len(deliveries), size, per_s if ahead else 0.0)

    def _count(self, count: int, size: int, per_s: float) -> None:
        """Wait for these requests' turn, and count them; `per_s` 0 paces itself."""
        self._require_time()
        if self.spent.requests + count > self._bounds.requests:
            raise BoundReached(f"the audit's {self._bounds.requests} requests were spent")
        if self.spent.sent_bytes + size > self._bounds.sent_bytes:
            raise BoundReached(f"the audit's {self._bounds.sent_bytes} bytes were spent")
        now = self._clock.monotonic()
        if self._next_at > now:
            self._clock.sleep(self._next_at - now)
        if per_s:
            self._next_at = max(now, self._next_at) + count / per_s
        self.spent.requests += count
        self.spent.sent_bytes += size

    def _require_time(self) -> None:
        if self._clock.monotonic() > self._ends_at:
            raise BoundReached(f"the audit's {self._bounds.duration_s:g} s were over")

    def _require_room(self, connections: int) -> None:
        if connections > self._bounds.connections:
            raise ValueError(
                f"{connections} connections at once, {self._bounds.connections} allowed"
            )

    def _wait_asked(self, answer: Answer) -> float | None:
        """How long a busy receiver wants us to wait, within the bound; None if it is not busy."""
        if not isinstance(answer, Reply) or answer.status not in _BUSY:
            return None
        asked = first_header(answer.headers, "retry-after")
        if asked is None and answer.status != _TOO_MANY:
            return None
        wait_s = float(asked) if asked and _SECONDS.fullmatch(asked) else 1.0
        return min(wait_s, self._bounds.wait_when_busy_s)
