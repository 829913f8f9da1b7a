"""The wire loop: waits for what comes next on any connection, on one thread."""

import os
import time
from collections.abc import Callable
from typing import Final

from ghlctl.load.attempts import Attempts
from ghlctl.load.connection import Phase, Route
from ghlctl.load.poller import READ, Poller, Ready
from ghlctl.load.retries import Retries, RetryRule
from ghlctl.load.supply import Supply
from ghlctl.model.sample import ErrorKind

FLUSH_NS: Final = 250_000_000
SPIN_NS: Final = 80_000  # a sleeping core takes about as long to wake up
_LOOKS: Final = 4  # at what is ready, before anything else is done
_IDLE, _AWAITING = Phase.IDLE, Phase.AWAITING
_now = time.monotonic_ns


class Wire:
    """`take` gets the rows of what has ended; a byte on `wake_fd` stops the loop."""

    def __init__(
        self,
        route: Route,
        supply: Supply,
        poller: Poller,
        wake_fd: int,
        take: Callable[[bytes], None],
        rule: RetryRule | None = None,
    ) -> None:
        self.attempts = Attempts(route, poller)
        self.retries = Retries(self.attempts, rule)
        self.hungry_ns = 0
        self.aborted = False
        self._supply = supply
        self._poller = poller
        self._wake_fd = wake_fd
        self._take = take
        self._listening = True
        self._timeout_ns = route.timeout_ns
        self._grain_ns = max(1_000_000, route.timeout_ns // 1000)
        self._spin_ns = SPIN_NS if len(os.sched_getaffinity(0)) > 1 else 0
        now = _now()
        self._flush_at = now + FLUSH_NS
        self._look_at = now + route.timeout_ns
        poller.add(wake_fd, READ)
        poller.add(supply.fd, READ)

    def turn(self, until_ns: int, *, hungry: bool = False, punctual: bool = False) -> None:
        """Wait for something to do until `until_ns`, and do it; `hungry`: for want of frames.

        `punctual`: an arrival is due then, for which this core is kept awake.
        """
        began_ns = _now() if hungry else 0
        if self._supply.hungry() is not self._listening:
            self._listen()
        moment_ns = min(until_ns, self._look_at, self._flush_at, self.retries.next_ns)
        spin_ns = self._spin_ns if punctual and moment_ns == until_ns else 0
        self._serve(self._poller.wait(moment_ns, spin_ns))
        now = _now()
        if hungry:
            self.hungry_ns += now - began_ns
        if now >= self.retries.next_ns:
            self.retries.send_due(now)
        if now >= self._look_at:
            self._time_out(now)
        if now >= self._flush_at:
            self._flush(now)

    def _serve(self, ready: Ready) -> None:
        """See to what is ready, and in a closed model to what became so meanwhile.

        Slots are filled after that: replies get their moments before anything else is sent, and
        requests that go out together wake the receiver once.
        """
        by_fd, receive = self.attempts.by_fd, self.attempts.receive
        looks = 1
        while ready:
            for fd, bits in ready:
                connection = by_fd.get(fd)
                if connection is None:
                    self._attend(fd)
                elif connection.phase is _AWAITING and bits == READ:
                    receive(connection)
                else:
                    self.attempts.advance(connection, bits)
            if looks == _LOOKS or not self.attempts.in_slots:
                return
            looks += 1
            ready = self._poller.wait(0)  # told once only: what it says must be seen to

    def drain(self) -> None:
        """Wait for what is in flight and for retries, both bounded; a stop waits for nothing."""
        while (self.attempts.in_flight or len(self.retries)) and not self.aborted:
            self.turn(_now() + FLUSH_NS)
        self.retries.give_up()
        for connection in list(self.attempts.by_fd.values()):
            if connection.phase is not _IDLE:
                self.attempts.abandon(connection)
            self.attempts.forget(connection)
        self._flush(_now())
        self._poller.close()

    def _attend(self, fd: int) -> None:
        if fd == self._supply.fd:
            self._supply.take_in()
        elif fd == self._wake_fd:
            self.aborted = True

    def _listen(self) -> None:
        """Listen to the producer while there is room for more: the pipe holds the rest back."""
        self._listening = not self._listening
        if self._listening:
            self._poller.add(self._supply.fd, READ)
        else:
            self._poller.remove(self._supply.fd)

    def _time_out(self, now: int) -> None:
        """End what has waited too long, and find out when the next one will have.

        Whatever begins later times out later, so this looks at every connection but rarely.
        """
        timeout_ns = self._timeout_ns
        oldest = now
        for connection in [*self.attempts.by_fd.values()]:
            if connection.phase is _IDLE:
                continue
            if connection.sent_ns + timeout_ns <= now:
                self.attempts.fail(connection, ErrorKind.TIMEOUT)
            else:
                oldest = min(oldest, connection.sent_ns)
        self._look_at = max(oldest + timeout_ns, now + self._grain_ns)

    def _flush(self, now: int) -> None:
        self._flush_at = now + FLUSH_NS
        rows = self.attempts.rows
        if rows:
            self._take(b"".join(rows))
            rows.clear()
