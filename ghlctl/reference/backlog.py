"""Deliveries that were acknowledged and wait to be processed, in order for each contact."""

import asyncio
import logging
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ghlctl.reference.incoming import Incoming

MOST_KEPT_BYTES = 64 * 1024 * 1024
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """An acknowledged delivery by its number in the inbox.

    `aside`: it need not wait for its contact's others, which it makes needless.
    """

    seq: int
    incoming: Incoming
    aside: bool = False


class Backlog:
    """Workers side by side; a contact's deliveries share one, so that none overtakes another.

    `bound` 0 is none.
    """

    def __init__(self, work: Callable[[Job], Awaitable[None]], workers: int, bound: int) -> None:
        self._work = work
        self._bound = bound
        # The last lane is for what goes aside: where the upstream is away, all others stand still.
        self._lanes: list[asyncio.Queue[Job]] = [asyncio.Queue() for _ in range(workers + 1)]
        self._workers: list[asyncio.Task[None]] = []
        self.waiting = 0
        self.reserved = 0
        self.kept_bytes = 0
        self.crashed = 0

    @property
    def full(self) -> bool:
        """Whether everything in hand, and about to be, reaches the bound, in number or in size."""
        if self._bound and self.kept_bytes >= MOST_KEPT_BYTES:
            return True
        return 0 < self._bound <= self.waiting + self.reserved

    def start(self) -> None:
        self._workers = [asyncio.create_task(self._serve(lane)) for lane in self._lanes]

    def put(self, job: Job) -> None:
        self.waiting += 1
        self.kept_bytes += len(job.incoming.kept)
        workers = len(self._lanes) - 1
        lane = workers if job.aside else zlib.crc32(job.incoming.contact_id.encode()) % workers
        self._lanes[lane].put_nowait(job)

    async def drain(self, within_s: float) -> int:
        """Work on for at most `within_s` seconds, then stop; what is left stays in the inbox."""
        done = asyncio.gather(*(lane.join() for lane in self._lanes))
        await asyncio.wait([done], timeout=within_s)
        done.cancel()
        for worker in self._workers:
            worker.cancel()
        await asyncio.wait(self._workers)
        return self.waiting

    async def _serve(self, lane: asyncio.Queue[Job]) -> None:
        while True:
            job = await lane.get()
            # A task of its own: whatever it raises is a value here, and the lane lives on.
            task = asyncio.ensure_future(self._work(job))
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                task.cancel()
                await asyncio.wait([task])
                raise
            error = task.exception() if not task.cancelled() else None
            if error is not None:
                self.crashed += 1
                LOG.error("delivery %d crashed: %s", job.seq, type(error).__name__)
            self.waiting -= 1
            self.kept_bytes -= len(job.incoming.kept)
            lane.task_done()
