"""A cache in this process: the least recently used go first."""

import time
from collections import OrderedDict
from collections.abc import Callable

from ghlctl.reference.contact_cache import TTL_S

ENTRIES = 50_000


class MemoryCache:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    async def get(self, name: str) -> bytes | None:
        expires, value = self._entries.get(name, (0.0, None))
        if value is None or self._clock() >= expires:
            self._entries.pop(name, None)
            return None
        self._entries.move_to_end(name)
        return value

    async def claim(self, name: str) -> str | None:  # noqa: ARG002 - there is no other process
        return ""

    async def awaited(self, name: str) -> bytes | None:
        return await self.get(name)

    async def put(self, name: str, value: bytes, claim: str = "") -> None:  # noqa: ARG002 - as above
        self._entries[name] = (self._clock() + TTL_S, value)
        self._entries.move_to_end(name)
        if len(self._entries) > ENTRIES:
            self._entries.popitem(last=False)

    async def forget(self, *names: str) -> bool:
        for name in names:
            self._entries.pop(name, None)
        return True

    async def sweep(self) -> None:
        now = self._clock()
        for name in [name for name, (expires, _) in self._entries.items() if now >= expires]:
            del self._entries[name]

    async def close(self) -> None:
        self._entries.clear()
