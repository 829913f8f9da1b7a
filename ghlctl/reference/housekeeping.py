"""What a receiver does beside its deliveries: take over, and throw away what is old."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ghlctl.reference.compliance.conduct import Conduct
from ghlctl.reference.receiver import Receiver
from ghlctl.reference.storage import KEEP_S, Storage, StorageError

ADOPT_EVERY_S = 1.0
PURGE_EVERY_S = 600.0
EMPTY_EVERY_S = 60.0
REWRITE_EVERY_S = 5.0  # at the most, however many contacts are erased
LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Housekeeping:
    """All at once, then again and again until cancelled. `clock` says what is old."""

    storage: Storage
    receiver: Receiver
    conduct: Conduct
    purge_every_s: float = PURGE_EVERY_S
    rewrite_every_s: float = REWRITE_EVERY_S
    clock: Callable[[], float] = time.time
    _purge_at: float = 0.0
    _empty_at: float = 0.0
    _rewrite_at: float = 0.0
    _rewritten_for: int = 0
    _to_rewrite: bool = field(default=True)  # what an earlier process deleted

    async def keep_house(self) -> None:
        while True:
            await self._adopt()
            await self.throw_away()
            await asyncio.sleep(ADOPT_EVERY_S)

    async def throw_away(self) -> None:
        """Whatever is due of purging, of emptying the log of writes, and of rewriting the files."""
        now = time.monotonic()
        if now >= self._purge_at:
            await self._purge()
            self._purge_at = now + self.purge_every_s
        asked = self.conduct.erasures
        if (self._to_rewrite or asked != self._rewritten_for) and now >= self._rewrite_at:
            self._rewrite_at = now + self.rewrite_every_s
            if await self._overwrite(all_pages=True):
                self._to_rewrite, self._rewritten_for = False, asked
        elif now >= self._empty_at:
            await self._overwrite(all_pages=False)
            self._empty_at = now + EMPTY_EVERY_S

    async def _adopt(self) -> None:
        try:
            leftovers = await self.storage.adopt()
        except StorageError as error:
            LOG.warning("cannot look for what other receivers left undone: %s", error)
            return
        self.receiver.recover(leftovers)

    async def _purge(self) -> None:
        if self.conduct.cache is not None:
            await self.conduct.cache.sweep()
        try:
            purged = await self.storage.purge(self.clock() - KEEP_S)
        except StorageError as error:
            LOG.warning("what is old cannot be dropped now: %s", error)
            return
        if purged:
            LOG.info("dropped %d old rows", purged)
            self._to_rewrite = True

    async def _overwrite(self, *, all_pages: bool) -> bool:
        """Whether it was tried: a file that is too large now is not tried again at once."""
        try:
            await self.storage.overwrite(all_pages=all_pages)
        except StorageError as error:
            LOG.warning("what was deleted cannot be overwritten now: %s", error)
            return False
        return True
