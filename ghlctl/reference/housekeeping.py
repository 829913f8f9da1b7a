"""What a receiver does beside its deliveries: take over, and throw away what is old."""

import asyncio
import logging
import time
from dataclasses import dataclass

from ghlctl.reference.receiver import Receiver
from ghlctl.reference.storage import KEEP_S, Storage, StorageError

ADOPT_EVERY_S = 1.0
PURGE_EVERY_S = 600.0
LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Housekeeping:
    """Both at once, then again and again until cancelled."""

    storage: Storage
    receiver: Receiver
    purge_every_s: float = PURGE_EVERY_S

    async def keep_house(self) -> None:
        purge_at = 0.0
        while True:
            await self._adopt()
            if time.monotonic() >= purge_at:
                await self._purge()
                purge_at = time.monotonic() + self.purge_every_s
            await asyncio.sleep(ADOPT_EVERY_S)

    async def _adopt(self) -> None:
        try:
            leftovers = await self.storage.adopt()
        except StorageError as error:
            LOG.warning("cannot look for what other receivers left undone: %s", error)
            return
        self.receiver.recover(leftovers)

    async def _purge(self) -> None:
        try:
            purged = await self.storage.purge(time.time() - KEEP_S)
        except StorageError as error:
            LOG.warning("what is old cannot be dropped now: %s", error)
            return
        if purged:
            LOG.info("dropped %d old rows", purged)
