"""Which keys the receiver trusts now, and how it learns of new ones without a restart."""

import asyncio
import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ghlctl.errors import GhlctlError
from ghlctl.signing.scheme import VerifyingKey

LOOK_EVERY_S = 1.0
LOG = logging.getLogger(__name__)
ReadKey = Callable[[bytes], VerifyingKey]


@dataclass(frozen=True, slots=True)
class KeyText:
    """A key as its file has it; `until` in unix seconds, None for as long as it is there."""

    text: bytes = field(repr=False)
    until: float | None = None


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where keys are: `read` gives those that are there now, and `stamp` differs once they do.

    Both may raise GhlctlError or OSError. A key that is there no more holds for `overlap_s` longer.
    """

    read: Callable[[], Sequence[KeyText]]
    stamp: Callable[[], object]
    overlap_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Held:
    text: bytes = field(repr=False)
    key: VerifyingKey = field(repr=False)
    until: float | None


class KeyRing:
    """The keys that hold; one ring per process."""

    def __init__(self, read_key: ReadKey, texts: Sequence[KeyText]) -> None:
        self._read_key = read_key
        self._held = [_Held(one.text, read_key(one.text), one.until) for one in texts]

    def keys(self, now: float) -> tuple[VerifyingKey, ...]:
        """Those that hold at unix second `now`."""
        return tuple(one.key for one in self._held if one.until is None or now < one.until)

    def renew(self, texts: Sequence[KeyText], *, now: float, overlap_s: float) -> int:
        """Trust these, and for `overlap_s` those of before; how many are new.

        Raise KeyMaterialError for a text that is no key, or UsageError: all is then as before.
        """
        fresh = [_Held(one.text, self._read_key(one.text), one.until) for one in texts]
        if not fresh:
            return 0
        known = {one.text for one in self._held}
        there = {one.text for one in fresh}
        ends = now + overlap_s
        leaving = [
            _Held(one.text, one.key, ends if one.until is None else min(one.until, ends))
            for one in self._held
            if one.text not in there
        ]
        self._held = fresh + [one for one in leaving if one.until is None or now < one.until]
        return len(there - known)


async def watch(ring: KeyRing, source: KeySource, *, every_s: float = LOOK_EVERY_S) -> None:
    """Look for new keys until cancelled.

    A file is read once it has not changed between two looks: half a secret is a secret too. SIGHUP
    reads at once and ends every overlap: whoever asks by hand says that this is all there is.
    """
    read_at = last = _stamp(source)
    with _hangup() as asked:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asked.wait(), every_s)
            stamp = _stamp(source)
            if asked.is_set():
                asked.clear()
                read_at = stamp
                _renew(ring, source, overlap_s=0.0)
            elif stamp == last != read_at:
                read_at = stamp
                _renew(ring, source, overlap_s=source.overlap_s)
            last = stamp


def _renew(ring: KeyRing, source: KeySource, *, overlap_s: float) -> None:
    try:
        new = ring.renew(source.read(), now=time.time(), overlap_s=overlap_s)
    except (GhlctlError, OSError) as error:
        LOG.warning("the keys were not read again, those of before still hold: %s", error)
        return
    LOG.info("the keys were read again, %d new", new)


def _stamp(source: KeySource) -> object:
    try:
        return source.stamp()
    except (OSError, GhlctlError):
        return None


@contextlib.contextmanager
def _hangup() -> Iterator[asyncio.Event]:
    """Set by SIGHUP, where this thread may listen to signals."""
    asked = asyncio.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, asked.set)
    try:
        yield asked
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
