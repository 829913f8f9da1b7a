"""What is done to a receiver while deliveries come."""

import asyncio
import contextlib
import os
import random
import resource
import signal
import sqlite3
from collections.abc import Awaitable, Callable
from itertools import cycle

from benchmarks.losses.scene import Scene
from ghlctl.reference.failpoints import Failpoint

Fault = Callable[[Scene, float], Awaitable[None]]
"""Does its harm within the seconds given, and has undone it when it returns."""

ROOM_BYTES = 16 * 1024
SPARED = 5  # passings of a failpoint before the first that kills
WINDOW_S = 600.0


async def nothing(_: Scene, lasts_s: float) -> None:
    await asyncio.sleep(lasts_s)


def killed_at(*points: Failpoint, most: int = 40) -> Fault:
    """Each receiver dies at the next of `points`, after between SPARED and `most` passings."""

    async def fault(stage: Scene, lasts_s: float) -> None:
        drawn, turns = random.Random(7), cycle(points)

        def arm() -> None:
            stage.failpoint.write_text(f"{next(turns)}:{drawn.randint(SPARED, most)}")

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(lasts_s):
                arm()
                os.kill(await stage.pid(), signal.SIGKILL)  # the next one is armed
                while True:
                    pid = await stage.pid()
                    arm()  # for the one after it
                    while _alive(pid):  # noqa: ASYNC110 - a process of somebody else tells nobody
                        await asyncio.sleep(0.05)
        stage.failpoint.unlink()

    return fault


def killed_at_random(*, least_s: float = 1.0, most_s: float = 2.5) -> Fault:
    async def fault(stage: Scene, lasts_s: float) -> None:
        drawn = random.Random(11)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(lasts_s):
                while True:
                    pid = await stage.pid()
                    await asyncio.sleep(drawn.uniform(least_s, most_s))
                    os.kill(pid, signal.SIGKILL)

    return fault


async def disk_full(stage: Scene, lasts_s: float) -> None:
    """The receiver can write no file beyond its first ROOM_BYTES."""
    await asyncio.sleep(lasts_s / 4)
    pid = await stage.pid()
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, before[1]))
    await asyncio.sleep(lasts_s / 2)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


async def database_locked(stage: Scene, lasts_s: float) -> None:
    await asyncio.sleep(lasts_s / 4)
    with contextlib.closing(sqlite3.connect(stage.database, isolation_level=None)) as other:
        other.execute("PRAGMA busy_timeout=10000")
        other.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(lasts_s / 2)
        other.execute("ROLLBACK")


def redis_away(stop: Callable[[], None], start: Callable[[], None]) -> Fault:
    async def fault(_: Scene, lasts_s: float) -> None:
        await asyncio.sleep(lasts_s / 4)
        await asyncio.to_thread(stop)
        await asyncio.sleep(lasts_s / 2)
        await asyncio.to_thread(start)

    return fault


def one_after_another(*faults: Fault) -> Fault:
    async def fault(stage: Scene, lasts_s: float) -> None:
        for each in faults:
            await each(stage, lasts_s / len(faults))

    return fault


async def upstream_away(stage: Scene, lasts_s: float) -> None:
    await asyncio.sleep(lasts_s / 8)
    await stage.line.cut()
    await asyncio.sleep(lasts_s * 3 / 4)
    await stage.line.join()


async def upstream_dead(stage: Scene, lasts_s: float) -> None:
    """It takes calls and answers none."""
    await asyncio.sleep(lasts_s / 8)
    stage.line.go_dead()
    await asyncio.sleep(lasts_s * 3 / 4)
    stage.line.revive()


async def clock_stepped(stage: Scene, lasts_s: float) -> None:
    """Ten minutes forward, ten back, and right again."""
    for ahead_s in (0.0, WINDOW_S, -WINDOW_S, 0.0):
        stage.set_clock(ahead_s)
        await asyncio.sleep(lasts_s / 4)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
