"""How calls reach the upstream: over a new connection each, or over kept ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import aiohttp
from yarl import URL

POOL = 100
CALL_TIMEOUT_S = 10.0
KEEP_ALIVE_S = 60.0


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    url: URL
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer came; whether the upstream acted is unknown."""

    reason: str


class Connections(Protocol):
    async def send(self, request: Request) -> Answered | Unanswered: ...

    async def close(self) -> None: ...


class PerCallConnections:
    """Connects, asks and hangs up, every time."""

    async def send(self, request: Request) -> Answered | Unanswered:
        async with aiohttp.ClientSession(timeout=_timeout()) as session:
            return await _ask(session, request)

    async def close(self) -> None:
        """There is nothing to close."""


class PooledConnections:
    """Keeps connections open and lends them out."""

    def __init__(self) -> None:
        connector = aiohttp.TCPConnector(limit=POOL, keepalive_timeout=KEEP_ALIVE_S)
        self._session = aiohttp.ClientSession(connector=connector, timeout=_timeout())

    async def send(self, request: Request) -> Answered | Unanswered:
        return await _ask(self._session, request)

    async def close(self) -> None:
        await self._session.close()


def _timeout() -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=CALL_TIMEOUT_S)


async def _ask(session: aiohttp.ClientSession, request: Request) -> Answered | Unanswered:
    try:
        async with session.request(
            request.method,
            request.url,
            data=request.body,
            headers=request.headers,
            allow_redirects=False,
        ) as response:
            return Answered(response.status, response.headers, await response.read())
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return Unanswered(type(error).__name__)
