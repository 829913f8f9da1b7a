"""A fast receiver for benchmarks: `python -m benchmarks.receiver [DELAY_MS [PERIOD_S FROZEN_S]]`.

Prints its port; for each line of input, requests answered so far and its CPU time in ns; on end of
input the median of its own service time in ms. With a period it does nothing at all for the last
FROZEN_S of every PERIOD_S, counted from the first request.
"""

import asyncio
import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import cast

import uvloop

REPLY = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
_LENGTH = b"content-length: "


@dataclass(slots=True)
class Behaviour:
    delay_s: float = 0.0
    period_s: float = 0.0
    frozen_s: float = 0.0
    began: float = 0.0
    served_ms: list[float] = field(default_factory=list)
    answered: int = 0

    def freeze(self) -> None:
        """Block the whole receiver when its time has come."""
        if not self.period_s:
            return
        now = time.monotonic()
        self.began = self.began or now
        within = (now - self.began) % self.period_s
        if within >= self.period_s - self.frozen_s:
            time.sleep(self.period_s - within)


class Answering(asyncio.Protocol):
    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._unread = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass of it

    def data_received(self, data: bytes) -> None:
        self._behaviour.freeze()
        unread = self._unread + data
        while (end := _end_of_request(unread)) is not None:
            unread = unread[end:]
            if self._behaviour.delay_s:
                loop = asyncio.get_running_loop()
                loop.call_later(self._behaviour.delay_s, self._answer, time.perf_counter())
            else:
                self._reply()
        self._unread = unread

    def _answer(self, came: float) -> None:
        self._reply()
        self._behaviour.served_ms.append((time.perf_counter() - came) * 1e3)

    def _reply(self) -> None:
        self._behaviour.answered += 1
        if self._transport is not None:
            self._transport.write(REPLY)


def _end_of_request(unread: bytes) -> int | None:
    head = unread.find(b"\r\n\r\n")
    if head < 0:
        return None
    at = unread[:head].lower().index(_LENGTH) + len(_LENGTH)
    end = head + 4 + int(unread[at : unread.index(b"\r\n", at)])
    return end if len(unread) >= end else None


async def _serve(behaviour: Behaviour) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(behaviour), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    while await loop.run_in_executor(None, sys.stdin.readline):
        sys.stdout.write(f"{behaviour.answered} {time.process_time_ns()}\n")
        sys.stdout.flush()
    served = behaviour.served_ms
    sys.stdout.write(f"{statistics.median(served) if served else 0.0}\n")


if __name__ == "__main__":
    numbers = [float(text) for text in sys.argv[1:]]
    delay_ms, period_s, frozen_s = (*numbers, 0.0, 0.0, 0.0)[:3]
    uvloop.run(_serve(Behaviour(delay_ms / 1e3, period_s, frozen_s)))
