"""The wire loop: every attempt on every connection, on one thread, without waiting for any."""

import ssl
import time
from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ghlctl.load.address import Address, Place
from ghlctl.load.connection import Broken, Connection, Phase
from ghlctl.load.frames import Frame
from ghlctl.load.poller import READ, WRITE, Poller
from ghlctl.load.recorder import CODE, Chunk
from ghlctl.load.reply import ProtocolFault
from ghlctl.load.supply import ENOUGH, Supply
from ghlctl.model.sample import NEVER, ErrorKind

FLUSH_NS = 250_000_000
_OK = CODE[ErrorKind.NONE]
_STATUS = CODE[ErrorKind.STATUS]
_DROPPED = CODE[ErrorKind.DROPPED]
_STALE = (ErrorKind.CLOSED, ErrorKind.RESET)

_now = time.monotonic_ns


@dataclass(frozen=True, slots=True)
class Route:
    """Where and under which bounds requests go; `tls` is None for plain HTTP."""

    address: Address
    place: Place
    tls: ssl.SSLContext | None
    timeout_ns: int
    max_in_flight: int


class Wire:
    """The counters are written by the loop's thread; others may read them at any time."""

    def __init__(
        self,
        route: Route,
        supply: Supply,
        poller: Poller,
        wake_fd: int,
        take: Callable[[Chunk], None],
    ) -> None:
        self.sent = 0
        self.in_flight = 0
        self.in_slots = 0
        self.opened = 0
        self.cut_off = 0
        self.hungry_ns = 0
        self.aborted = False
        self.bound = route.max_in_flight
        self._route = route
        self._supply = supply
        self._poller = poller
        self._wake_fd = wake_fd
        self._take = take
        self._by_fd: dict[int, Connection] = {}
        self._idle: list[Connection] = []
        self._deadlines: deque[tuple[int, Connection, int]] = deque()
        self._numbers = array("q")
        self._ids: list[str] = []
        self._held_until = 0
        self._listening = True
        self._flush_at = _now() + FLUSH_NS
        poller.add(wake_fd, READ)
        poller.add(supply.fd, READ)

    # What pacing asks for

    def connection(self) -> Connection | None:
        """A connection to send on; None when as many as allowed are busy."""
        if self._idle:
            return self._idle.pop()
        if len(self._by_fd) < self.bound:
            try:
                return Connection(self._route.place)
            except OSError:  # no descriptors left: what is open must do
                self.bound = len(self._by_fd)
        self._held_until = _now()
        return None

    def send(self, connection: Connection, frame: Frame, intended_ns: int | None) -> None:
        """Begin an attempt; without an intended moment it belongs to a slot and is due now."""
        self.sent += 1
        self.in_flight += 1
        connection.attempt = (frame.delivery_id, frame.stage, frame.event, frame.attempt)
        connection.request = frame.request
        connection.slot = intended_ns is None
        self.in_slots += connection.slot
        connection.intended_ns = _now() if intended_ns is None else intended_ns
        connection.held = connection.intended_ns <= self._held_until
        self._begin(connection)
        if intended_ns is None:
            connection.intended_ns = connection.sent_ns

    def drop(self, intended_ns: int, stage: int, event: int, attempt: int, name: str) -> None:
        """Record an arrival that was due and never sent."""
        never = (NEVER, NEVER, NEVER, NEVER)
        self._numbers.extend((intended_ns, *never, _DROPPED, stage, event, attempt, 0))
        self._ids.append(name)

    def turn(self, until_ns: int, *, hungry: bool = False) -> None:
        """Wait for something to do until `until_ns`, and do it; `hungry`: for want of frames."""
        began_ns = _now() if hungry else 0
        deadline_ns = self._next_deadline()
        self._listen()
        for fd, bits in self._poller.wait(min(until_ns, deadline_ns, self._flush_at)):
            connection = self._by_fd.get(fd)
            if connection is not None:
                self._advance(connection, bits)
            elif fd == self._supply.fd:
                self._supply.fill()
            elif fd == self._wake_fd:
                self.aborted = True
        now = _now()
        if hungry:
            self.hungry_ns += now - began_ns
        if now >= deadline_ns:
            self._time_out(now)
        if now >= self._flush_at:
            self._flush(now)

    def drain(self) -> None:
        """Wait for what is in flight, which the deadlines bound; a stop waits for nothing."""
        while self.in_flight and not self.aborted:
            self.turn(_now() + FLUSH_NS)
        for connection in list(self._by_fd.values()):
            if connection.phase is not Phase.IDLE:
                self._cut_off(connection)
            self._forget(connection)
        self._flush(_now())
        self._poller.close()

    # One turn

    def _listen(self) -> None:
        """Listen to the producer while there is room for more: the pipe holds the rest back."""
        wanted = len(self._supply.frames) < ENOUGH and not self._supply.ended
        if wanted != self._listening:
            self._listening = wanted
            if wanted:
                self._poller.add(self._supply.fd, READ)
            else:
                self._poller.remove(self._supply.fd)

    def _next_deadline(self) -> int:
        deadlines = self._deadlines
        while deadlines:
            deadline_ns, connection, serial = deadlines[0]
            if connection.serial == serial:
                return deadline_ns
            deadlines.popleft()
        return self._flush_at

    def _time_out(self, now: int) -> None:
        while self._deadlines and self._deadlines[0][0] <= now:
            _, connection, serial = self._deadlines.popleft()
            if connection.serial == serial:
                self._fail(connection, ErrorKind.TIMEOUT)

    def _flush(self, now: int) -> None:
        self._flush_at = now + FLUSH_NS
        if self._ids:
            self._take(Chunk(self._numbers.tobytes(), self._ids))
            self._numbers, self._ids = array("q"), []

    # One attempt

    def _begin(self, connection: Connection) -> None:
        connection.unsent = len(connection.request)
        connection.first_byte_ns = NEVER
        connection.reader.begin()
        connection.sent_ns = now = _now()
        self._deadlines.append((now + self._route.timeout_ns, connection, connection.serial))
        try:
            if connection.phase is Phase.CONNECTING:
                self._open(connection)
            else:
                connection.phase = Phase.SENDING
                self._write(connection)
        except Broken as broken:
            self._fail(connection, broken.kind)

    def _open(self, connection: Connection) -> None:
        self.opened += 1
        self._by_fd[connection.fd] = connection
        connection.bits = WRITE
        self._poller.add(connection.fd, WRITE)
        connection.connect(self._route.place)

    def _write(self, connection: Connection) -> None:
        whole = connection.send()
        connection.phase = Phase.AWAITING if whole else Phase.SENDING
        self._want(connection, READ if whole else READ | WRITE)

    def _want(self, connection: Connection, bits: int) -> None:
        if connection.bits != bits:
            connection.bits = bits
            self._poller.change(connection.fd, bits)

    def _advance(self, connection: Connection, bits: int) -> None:
        try:
            match connection.phase:
                case Phase.AWAITING | Phase.IDLE:
                    self._read(connection)
                case Phase.CONNECTING:
                    self._establish(connection)
                case Phase.HANDSHAKE:
                    self._shake(connection)
                case _:
                    self._go_on(connection, bits)
        except Broken as broken:
            self._fail(connection, broken.kind)
        except ProtocolFault:
            self._fail(connection, ErrorKind.PROTOCOL)

    def _go_on(self, connection: Connection, bits: int) -> None:
        """The request is half out: a receiver may well answer before it has read it all."""
        if bits & ~WRITE:
            self._read(connection)
        if connection.phase is Phase.SENDING and bits & WRITE:
            self._write(connection)

    def _establish(self, connection: Connection) -> None:
        connection.connected()
        if self._route.tls is None:
            self._write(connection)
            return
        connection.wrap(self._route.tls, self._route.address.host)
        connection.phase = Phase.HANDSHAKE
        self._shake(connection)

    def _shake(self, connection: Connection) -> None:
        wanted = connection.shake()
        if wanted:
            self._want(connection, wanted)
        else:
            self._write(connection)

    def _read(self, connection: Connection) -> None:
        while True:
            received = connection.receive()
            if received is None:
                return
            if connection.phase is Phase.IDLE:  # closed while idle, or bytes that nobody asked for
                self._forget(connection)
                return
            if connection.first_byte_ns == NEVER and received:
                connection.first_byte_ns = _now()
            whole = connection.reader.feed(received) if received else connection.reader.close()
            if whole:
                self._finish(connection)
                return
            if not received:
                raise Broken(ErrorKind.CLOSED)
            if not connection.pending():
                return

    # Endings

    def _finish(self, connection: Connection) -> None:
        reader = connection.reader
        status = reader.status
        self._record(connection, status, _OK if 200 <= status < 300 else _STATUS)  # noqa: PLR2004 - the range is HTTP's definition of success
        if reader.reusable and connection.phase is Phase.AWAITING:
            connection.phase = Phase.IDLE
            connection.reused = True
            self._idle.append(connection)
        else:
            self._forget(connection)

    def _fail(self, connection: Connection, kind: ErrorKind) -> None:
        untouched = connection.unsent == len(connection.request)
        if connection.phase is Phase.IDLE:
            self._forget(connection)
        elif connection.reused and untouched and kind in _STALE:
            self._begin_afresh(connection)
        else:
            self._record(connection, connection.reader.status, CODE[kind])
            self._forget(connection)

    def _begin_afresh(self, stale: Connection) -> None:
        """The kept connection was dead before a byte of this attempt left: open another."""
        self._forget(stale)
        stale.serial += 1
        fresh = Connection(self._route.place)
        fresh.attempt, fresh.request = stale.attempt, stale.request
        fresh.slot, fresh.held, fresh.intended_ns = stale.slot, stale.held, stale.intended_ns
        self._begin(fresh)

    def _cut_off(self, connection: Connection) -> None:
        """The run was stopped while a reply was due: what came of the attempt is not known."""
        delivery_id, stage, event, attempt = connection.attempt
        self.drop(connection.intended_ns, stage, event, attempt, delivery_id)
        self.cut_off += 1
        self.sent -= 1
        self._release(connection)

    def _record(self, connection: Connection, status: int, error: int) -> None:
        done_ns = _now()
        delivery_id, stage, event, attempt = connection.attempt
        self._numbers.extend(
            (
                connection.intended_ns,
                connection.sent_ns,
                connection.first_byte_ns,
                done_ns,
                status,
                error,
                stage,
                event,
                attempt,
                connection.held,
            )
        )
        self._ids.append(delivery_id)
        self._release(connection)

    def _release(self, connection: Connection) -> None:
        connection.serial += 1
        self.in_flight -= 1
        self.in_slots -= connection.slot

    def _forget(self, connection: Connection) -> None:
        """Close a connection that will carry nothing more."""
        if connection.phase is Phase.IDLE:
            self._idle.remove(connection)
        if self._by_fd.pop(connection.fd, None) is not None:
            self._poller.remove(connection.fd)
        connection.close()
