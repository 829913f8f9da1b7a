"""The open connections: which are idle, how many there may be, what the poller looks for."""

import time

from ghlctl.load.connection import Connection, Phase, Route
from ghlctl.load.poller import Poller

_now = time.monotonic_ns


class Pool:
    """The counters are written by the loop's thread; others may read them at any time.

    `held_until_ns`: what was due before then may have waited for a connection.
    """

    def __init__(self, route: Route, poller: Poller) -> None:
        self.opened = 0
        self.bound = route.max_in_flight
        self.held_until_ns = 0
        self.by_fd: dict[int, Connection] = {}
        self.idle: list[Connection] = []
        self._route = route
        self._poller = poller

    @property
    def in_flight(self) -> int:
        return len(self.by_fd) - len(self.idle)

    def take(self) -> Connection | None:
        """A connection to send on; None when as many as allowed are busy."""
        if self.idle:
            return self.idle.pop()
        if len(self.by_fd) < self.bound:
            try:
                return self.another()
            except OSError:  # no descriptors left: what is open must do
                self.bound = len(self.by_fd)
        self.held_until_ns = _now()
        return None

    def another(self) -> Connection:
        """One that is not open yet."""
        return Connection(self._route)

    def open(self, connection: Connection) -> None:
        """Begin to connect; raise Broken when that is refused at once."""
        self.opened += 1
        self.by_fd[connection.fd] = connection
        try:
            connection.open()
        finally:
            connection.bits = connection.wanted
            self._poller.add_edge(connection.fd, connection.bits)

    def watch(self, connection: Connection) -> None:
        """Have the poller look for what the connection wants now."""
        if connection.bits != connection.wanted:
            connection.bits = connection.wanted
            self._poller.change_edge(connection.fd, connection.bits)

    def forget(self, connection: Connection) -> None:
        """Close a connection that will carry nothing more."""
        if connection.phase is Phase.IDLE:
            self.idle.remove(connection)
        if self.by_fd.pop(connection.fd, None) is not None:
            self._poller.remove(connection.fd)
        connection.close()
