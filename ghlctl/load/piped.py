"""Requests that come whole from the producer: signatures too dear for the wire loop."""

import os
import time
from collections import deque
from typing import Final

from ghlctl.load.frames import Ready, unpack
from ghlctl.load.producing import Producer
from ghlctl.load.schedule import ClosedSegment, Segment
from ghlctl.load.supply import AT_ONCE

ENOUGH: Final = 256
_READ_BYTES: Final = 256 * 1024
_CREDIT_NS: Final = 250_000_000


class Piped:
    """Keeps a few at hand; the pipe holds the rest back."""

    def __init__(self, producer: Producer) -> None:
        self.frames: deque[Ready] = deque()
        self.fd = producer.fd
        self.ended = False
        self._producer = producer
        self._unread = b""
        self._number = 0
        self._credit: _Credit | None = None

    def hungry(self) -> bool:
        return len(self.frames) < ENOUGH and not self.ended

    def take_in(self) -> None:
        try:
            received = os.read(self.fd, _READ_BYTES)
        except BlockingIOError:
            return
        if not received:
            self.ended = True
            return
        frames, self._unread = unpack(self._unread + received)
        for segment, tag, offset_ns, name, request in frames:
            if segment == self._number:
                self.frames.append((offset_ns, tag, name, request))

    def begin(self, number: int, segment: Segment, base_unix_ns: int) -> None:
        self._number = number
        self.frames.clear()
        self._producer.begin(number, base_unix_ns)
        self._credit = _Credit(segment) if isinstance(segment, ClosedSegment) else None

    def due(self) -> None:
        self.take_in()

    def slots(self, room: int, sent: int) -> None:  # noqa: ARG002 - credit runs ahead of the slots
        if self._credit is not None:
            asked = self._credit.lacking(sent)
            if asked:
                self._producer.credit(self._number, asked)

    def end(self) -> None:
        self._producer.end(self._number)


class _Credit:
    """How many deliveries a closed segment has asked for: a quarter second's worth ahead.

    More would go out with old timestamps, fewer would make slots wait for a signature.
    """

    def __init__(self, segment: ClosedSegment) -> None:
        self._ahead = max(2 * segment.concurrency, AT_ONCE)
        self._least = self._ahead
        self._most = segment.iterations
        self._given = 0
        self._counted = (0, time.monotonic_ns())

    def lacking(self, sent: int) -> int:
        """How many more to ask for: none before half of what was asked for has gone out."""
        before, at_ns = self._counted
        now = time.monotonic_ns()
        if now - at_ns > _CREDIT_NS:
            self._ahead = max(self._least, sent - before)
            self._counted = (sent, now)
        wanted = sent + self._ahead
        if self._most is not None:
            wanted = min(wanted, self._most)
        lacking = wanted - self._given
        if lacking <= 0 or (2 * lacking < self._ahead and wanted != self._most):
            return 0
        self._given += lacking
        return lacking
