"""Where the three AI stages run: on the event loop or beside it, one after another or at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from ghlctl.reference.behaviour import Behaviour
from ghlctl.reference.incoming import Lead
from ghlctl.reference.insight import Analyst, Insight
from ghlctl.reference.profile import Concurrency, Placement, Profile

THREADS = 2  # the interpreter runs one at a time; the other waits for the database
P = ParamSpec("P")
T = TypeVar("T")


class Inference:
    """The analyst, asked as the profile's switches have it."""

    def __init__(self, profile: Profile, analyst: Analyst) -> None:
        self._analyst = analyst
        self._at_once = profile.concurrency is Concurrency.TASKGROUP
        off_loop = profile.inference is Placement.OFF_LOOP
        self._threads = ThreadPoolExecutor(THREADS, "inference") if off_loop else None

    async def behaviour(self, contact_id: str) -> Behaviour:
        return await self._run(self._analyst.behaviour, contact_id)

    async def insight(self, contact_id: str, lead: Lead, behaviour: Behaviour) -> Insight:
        return await self._run(self._analyst.insight, contact_id, lead, behaviour)

    async def everything(self, contact_id: str, lead: Lead) -> Insight:
        """Behaviour and what follows from it; in threads, matching goes on beside both."""
        if self._threads is None or not self._at_once:
            return await self._run(self._analyst.everything, contact_id, lead)
        async with asyncio.TaskGroup() as group:
            matches = group.create_task(self._run(self._analyst.matches, contact_id, lead))
            behaviour = group.create_task(self.behaviour(contact_id))
        return await self._run(self._analyst.scored, lead, behaviour.result(), matches.result())

    def close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown()
        self._analyst.close()

    async def _run(self, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._threads is None:
            return ask(*args, **kwargs)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: ask(*args, **kwargs))
