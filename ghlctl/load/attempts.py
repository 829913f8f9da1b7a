"""Every attempt from its begin to its row: on which connection, and how it ends."""

import struct
import time
from collections.abc import Callable

from ghlctl.load.connection import Connection, Phase, Route
from ghlctl.load.endings import STALE, Broken, kind_of
from ghlctl.load.frames import HELD, retry_of
from ghlctl.load.head import ProtocolFault, ordinary_reply
from ghlctl.load.poller import GONE, READ, Poller
from ghlctl.load.pool import Pool
from ghlctl.load.rows import CODE, DROPPED, ERROR_BITS, ROW_FORMAT
from ghlctl.model.sample import NEVER, ErrorKind

_ROOM, _MOST_ROOM = 448, 4096  # for a reply in one piece: small ones are cheap to allocate
_OK = CODE[ErrorKind.NONE]
_STATUS = CODE[ErrorKind.STATUS]
_pack = struct.Struct(ROW_FORMAT).pack
_now = time.monotonic_ns
_IDLE, _AWAITING = Phase.IDLE, Phase.AWAITING


class Attempts:
    """The counters are written by the loop's thread; others may read them at any time.

    `sent` counts arrivals. `missed` is told of every attempt that was not acknowledged: the
    connection that still holds it, the status of its reply if there was one, and when it ended.
    `rows` are packed as `rows` reads them.
    """

    def __init__(self, route: Route, poller: Poller) -> None:
        self.sent = 0
        self.in_slots = 0
        self.cut_off = 0
        self.pool = Pool(route, poller)
        self.by_fd, self.idle = self.pool.by_fd, self.pool.idle
        self.connection, self.forget = self.pool.take, self.pool.forget
        self.rows: list[bytes] = []
        self.missed: Callable[[Connection, int | None, int], None] | None = None
        self._keep = self.rows.append
        self._room = _ROOM
        self._plain = route.tls is None
        self._usual: bytes | None = None
        self._usual_result = 0

    @property
    def opened(self) -> int:
        return self.pool.opened

    @property
    def bound(self) -> int:
        return self.pool.bound

    @property
    def in_flight(self) -> int:
        return self.pool.in_flight

    def send(
        self, connection: Connection, tag: int, name: bytes, request: bytes, intended_ns: int
    ) -> None:
        """Begin an attempt that was due at `intended_ns`."""
        connection.tag = tag if intended_ns > self.pool.held_until_ns else tag | HELD
        connection.name = name
        connection.intended_ns = intended_ns
        connection.slot = False
        self._begin(connection, request)

    def send_in_slot(self, connection: Connection, tag: int, name: bytes, request: bytes) -> None:
        """Begin an attempt that is due now, and occupies a slot until it ends."""
        self.in_slots += 1
        connection.tag = tag
        connection.name = name
        connection.slot = True
        connection.intended_ns = self._begin(connection, request)

    def drop(self, intended_ns: int, tag: int, name: bytes) -> None:
        """Record an arrival that was due and never sent."""
        self._keep(_pack(intended_ns, NEVER, NEVER, NEVER, tag, DROPPED, name))

    # Their events

    def _begin(self, connection: Connection, request: bytes) -> int:
        """Send; the moment at which that began."""
        self.sent += 1
        connection.request = request
        connection.first_byte_ns = NEVER
        if connection.phase is not _IDLE or not self._plain:
            return self._begin_slowly(connection)
        connection.phase = _AWAITING
        connection.reused = True
        connection.sent_ns = sent_ns = _now()
        try:
            sent = connection.push(request)
        except BlockingIOError:
            sent = 0
        except OSError as fault:
            connection.unsent = len(request)
            self.fail(connection, kind_of(fault))
            return sent_ns
        if sent != len(request):
            connection.unsent = len(request) - sent
            self._go_on(connection)
        return sent_ns

    def _begin_slowly(self, connection: Connection) -> int:
        connection.reused = connection.phase is Phase.IDLE
        connection.unsent = len(connection.request)
        connection.sent_ns = sent_ns = _now()
        self._go_on(connection)
        return sent_ns

    def _go_on(self, connection: Connection) -> None:
        try:
            if connection.phase is Phase.CONNECTING:
                self.pool.open(connection)
            else:
                connection.write()
                self.pool.watch(connection)
        except Broken as broken:
            self.fail(connection, broken.kind)

    def receive(self, connection: Connection) -> None:
        """The ordinary case: one piece of clear text is the reply, as the last one was."""
        try:
            received = connection.pull(self._room)
        except BlockingIOError:
            return
        except OSError as fault:
            self.fail(connection, kind_of(fault))
            return
        done_ns = _now()
        if received != self._usual:
            self._receive_other(connection, received, done_ns)
            return
        self._keep(
            _pack(
                connection.intended_ns,
                connection.sent_ns,
                done_ns,
                done_ns,
                connection.tag,
                self._usual_result,
                connection.name,
            )
        )
        self.in_slots -= connection.slot
        connection.phase = _IDLE
        self.idle.append(connection)

    def _receive_other(self, connection: Connection, received: bytes, now_ns: int) -> None:
        """Remembers an acknowledgement that came in one piece: the next may well be the same."""
        head = ordinary_reply(received)
        if head is None or len(received) >= self._room:  # there may be more
            self._take_piece(connection, received, now_ns)
            return
        error = _error_of(head.status)
        if error == _OK:
            self._usual, self._usual_result = received, head.status << ERROR_BITS | error
        connection.first_byte_ns = now_ns
        self._record(connection, head.status, error, now_ns)
        connection.phase = _IDLE
        self.idle.append(connection)

    def _take_piece(self, connection: Connection, received: bytes, now_ns: int) -> None:
        if len(received) == self._room:
            self._room = _MOST_ROOM
        try:
            if connection.take(received, now_ns) or connection.advance(READ, _now()):
                self._finish(connection)
        except Broken as broken:
            self.fail(connection, broken.kind)
        except ProtocolFault:
            self.fail(connection, ErrorKind.PROTOCOL)

    def advance(self, connection: Connection, bits: int) -> None:
        try:
            if connection.phase is Phase.IDLE:
                if connection.receive() is not None:  # closed, or bytes that nobody asked for
                    self.forget(connection)
            elif connection.advance(bits, _now()):
                self._finish(connection, gone=bool(bits & GONE))
            else:
                self.pool.watch(connection)
        except Broken as broken:
            self.fail(connection, broken.kind)
        except ProtocolFault:
            self.fail(connection, ErrorKind.PROTOCOL)

    # Endings

    def _finish(self, connection: Connection, *, gone: bool = False) -> None:
        status = connection.status
        self._record(connection, status, _error_of(status), _now())
        if connection.reusable and not gone:
            connection.phase = Phase.IDLE
            self.idle.append(connection)
        else:
            self.forget(connection)

    def fail(self, connection: Connection, kind: ErrorKind) -> None:
        untouched = connection.unsent == len(connection.request)
        if connection.phase is Phase.IDLE:
            self.forget(connection)
        elif connection.reused and untouched and kind in STALE:
            self._begin_afresh(connection)
        else:
            self._record(connection, connection.status, CODE[kind], _now())
            self.forget(connection)

    def _begin_afresh(self, stale: Connection) -> None:
        """The kept connection was dead before a byte of this attempt left: open another."""
        self.forget(stale)
        fresh = self.pool.another()
        fresh.tag, fresh.name, fresh.request = stale.tag, stale.name, stale.request
        fresh.slot, fresh.intended_ns = stale.slot, stale.intended_ns
        self._begin_slowly(fresh)

    def abandon(self, connection: Connection) -> None:
        """The run was stopped while a reply was due: what came of the attempt is not known."""
        self.drop(connection.intended_ns, connection.tag, connection.name)
        if retry_of(connection.tag):
            return  # no arrival
        self.cut_off += 1
        self.sent -= 1
        self.in_slots -= connection.slot

    def _record(self, connection: Connection, status: int, error: int, done_ns: int) -> None:
        self._keep(
            _pack(
                connection.intended_ns,
                connection.sent_ns,
                connection.first_byte_ns,
                done_ns,
                connection.tag,
                status << ERROR_BITS | error,
                connection.name,
            )
        )
        if error and self.missed is not None:
            self.missed(connection, status if error == _STATUS else None, done_ns)
        self.in_slots -= connection.slot


def _error_of(status: int) -> int:
    return _OK if 200 <= status < 300 else _STATUS  # noqa: PLR2004 - the range is HTTP's definition of success
