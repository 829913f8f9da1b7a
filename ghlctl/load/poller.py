"""Waiting for sockets and for a moment at once, as precisely as the system lets us.

epoll's own timeouts are rounded to whole milliseconds; a timer descriptor is not.
"""

import ctypes
import os
import select
import selectors
import sys
import time
from typing import Protocol

READ = 1
WRITE = 4
GONE = 8 | 16 | 0x2000  # errors and hang-ups, as epoll tells them
_CLOCK_MONOTONIC = 1
_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000
_ABSOLUTE = 1
_PR_SET_TIMERSLACK = 29
_SLACK_NS = 1000
_NS = 1_000_000_000
_EDGE = 1 << 31 | 0x2000  # and tell when the peer has closed its side
_AT_MOST = 64  # descriptors in one go; what is ready beyond that is so the next time

Ready = list[tuple[int, int]]
"""Descriptors with READ or WRITE bits, and others for errors."""


class Poller(Protocol):
    """One per thread; what was added by `add` is told for as long as it holds."""

    def add(self, fd: int, bits: int) -> None: ...

    def add_edge(self, fd: int, bits: int) -> None:
        """Like `add`, but where the system can, only what is new is told, and once."""
        ...

    def change_edge(self, fd: int, bits: int) -> None: ...

    def remove(self, fd: int) -> None: ...

    def wait(self, until_ns: int, spin_ns: int = 0) -> Ready:
        """What is ready, at the latest at `until_ns` of the monotonic clock.

        The last `spin_ns` are spent awake, where the system takes longer than that to wake up.
        """
        ...

    def close(self) -> None: ...


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class EpollPoller:
    """Linux."""

    def __init__(self) -> None:
        self._libc = _libc()
        self._timer = int(self._libc.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCK_CLOEXEC))
        if self._timer < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._spec = _Itimerspec()
        self._epoll = select.epoll()
        self._epoll.register(self._timer, READ)
        self._armed = 0
        self._expired = (self._timer, READ)
        self._poll = self._epoll.poll
        self.add = self._epoll.register
        self.remove = self._epoll.unregister

    def add_edge(self, fd: int, bits: int) -> None:
        self._epoll.register(fd, bits | _EDGE)

    def change_edge(self, fd: int, bits: int) -> None:
        self._epoll.modify(fd, bits | _EDGE)

    def wait(self, until_ns: int, spin_ns: int = 0) -> Ready:
        left_ns = until_ns - time.monotonic_ns()
        if left_ns <= spin_ns:
            return self._spin(until_ns)
        if until_ns - spin_ns != self._armed:
            self._arm(until_ns - spin_ns)
        ready = self._poll(-1, _AT_MOST)
        if self._expired in ready:
            ready.remove(self._expired)
        return ready if ready or not spin_ns else self._spin(until_ns)

    def _spin(self, until_ns: int) -> Ready:
        """Look until something is ready or the moment has come, at least once."""
        while True:
            ready = self._poll(0, _AT_MOST)
            if self._expired in ready:
                ready.remove(self._expired)
            if ready or time.monotonic_ns() >= until_ns:
                return ready

    def _arm(self, until_ns: int) -> None:
        # Setting a new moment also takes back an expiry that was not read.
        value = self._spec.value
        value.seconds, value.nanoseconds = divmod(until_ns, _NS)
        spec = ctypes.byref(self._spec)
        if self._libc.timerfd_settime(self._timer, _ABSOLUTE, spec, None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime")
        self._armed = until_ns

    def close(self) -> None:
        self._epoll.close()
        os.close(self._timer)


class SelectorPoller:
    """Everywhere else; moments are as precise as the system's own polling."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def add(self, fd: int, bits: int) -> None:
        self._selector.register(fd, _events(bits))

    def add_edge(self, fd: int, bits: int) -> None:
        self.add(fd, bits)

    def change_edge(self, fd: int, bits: int) -> None:
        self._selector.modify(fd, _events(bits))

    def remove(self, fd: int) -> None:
        self._selector.unregister(fd)

    def wait(self, until_ns: int, spin_ns: int = 0) -> Ready:  # noqa: ARG002 - too coarse to gain
        left_s = max(0.0, (until_ns - time.monotonic_ns()) / 1e9)
        return [(key.fd, _bits(mask)) for key, mask in self._selector.select(left_s)]

    def close(self) -> None:
        self._selector.close()


def _events(bits: int) -> int:
    read = selectors.EVENT_READ if bits & READ else 0
    return read | (selectors.EVENT_WRITE if bits & WRITE else 0)


def _bits(events: int) -> int:
    read = READ if events & selectors.EVENT_READ else 0
    return read | (WRITE if events & selectors.EVENT_WRITE else 0)


def make_poller() -> Poller:
    return EpollPoller() if sys.platform == "linux" else SelectorPoller()


def sharpen_timers() -> None:
    """Ask the kernel not to group this thread's timers with others' to save energy."""
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_TIMERSLACK, _SLACK_NS, 0, 0, 0)


def _libc() -> ctypes.PyDLL:
    return ctypes.PyDLL(None, use_errno=True)  # these calls return at once: keep the lock
