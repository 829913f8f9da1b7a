"""A cache in Redis, which several receivers may share, and which may be away.

A value that is missing is claimed for as long as it takes to find it, so that of many processes one
asks the upstream. To forget a name ends its claim too: what was fetched before an event said that
the contact changed is then not stored over what is fetched after it.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec
from redis import asyncio as redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from ghlctl.errors import UsageError
from ghlctl.model.address import shown_url
from ghlctl.reference.contact_cache import TTL_S
from ghlctl.reference.counters import Counters

PREFIX = "ghlctl:"
CLAIM = ":claim"
CLAIM_S = 15.0  # longer than a call to the upstream may take
POLL_S = 0.02
ANSWER_WITHIN_S = 0.25
REST_S = 1.0  # without Redis, before it is tried again
OWED = 10_000
T = TypeVar("T")
LOG = logging.getLogger(__name__)

_PUT = """
if ARGV[3] ~= '' then
    if redis.call('GET', KEYS[2]) ~= ARGV[3] then return 0 end
    redis.call('DEL', KEYS[2])
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""


def check_url(url: str) -> str:
    """The same URL; raise UsageError for one that Redis cannot be reached by."""
    try:
        parse_url(url)
    except ValueError:
        raise UsageError(
            f"{shown_url(url)!r} is no URL of a Redis", "try --cache redis://127.0.0.1:6379/0"
        ) from None
    return url


async def cached_about(url: str, contact_ids: Sequence[str]) -> list[dict[str, object]]:
    """What receivers cached of contacts, in whichever location. Raise UsageError without Redis."""
    found: list[dict[str, object]] = []
    try:
        async with redis.Redis.from_url(check_url(url)) as client:
            for contact_id in contact_ids:
                pattern = f"{PREFIX}*/{_literal(contact_id)}/*"
                async for name in client.scan_iter(match=pattern, count=1000):
                    value = await client.get(name)
                    if isinstance(value, bytes) and not name.decode().endswith(CLAIM):
                        kept = {"name": name.decode(), "value": msgspec.json.decode(value)}
                        found.append(kept)
    except (RedisError, OSError, TimeoutError) as error:
        raise UsageError(
            f"the cache {shown_url(url)} cannot be read: {type(error).__name__}", "is it running?"
        ) from None
    return found


def _literal(text: str) -> str:
    """Without what a pattern of Redis means by it."""
    return "".join(f"\\{one}" if one in "*?[]^-\\" else one for one in text)


class RedisCache:
    """Where `url` leads; a Redis that is not there is no error."""

    def __init__(self, url: str, counters: Counters) -> None:
        self._counters = counters
        self._quiet_until = 0.0
        self._owed: dict[str, None] = {}
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=ANSWER_WITHIN_S,
            socket_connect_timeout=ANSWER_WITHIN_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._put = self._redis.register_script(_PUT)

    async def get(self, name: str) -> bytes | None:
        return (await self._values(PREFIX + name))[0]

    async def claim(self, name: str) -> str | None:
        token = secrets.token_hex(8)

        async def claim() -> str | None:
            key = PREFIX + name + CLAIM
            taken = await self._redis.set(key, token, nx=True, px=round(CLAIM_S * 1000))
            return token if taken else None

        return await self._ask(claim, token)

    async def awaited(self, name: str) -> bytes | None:
        until = time.monotonic() + CLAIM_S
        while time.monotonic() < until:
            value, claim = await self._values(PREFIX + name, PREFIX + name + CLAIM)
            if value is not None or claim is None:
                return value
            await asyncio.sleep(POLL_S)
        return None

    async def put(self, name: str, value: bytes, claim: str = "") -> None:
        key = PREFIX + name
        await self._ask(
            lambda: self._put(keys=[key, key + CLAIM], args=[value, round(TTL_S * 1000), claim]), 0
        )

    async def forget(self, *names: str) -> bool:
        keys = [key for name in names for key in (PREFIX + name, PREFIX + name + CLAIM)]
        gone = await self._ask(lambda: self._redis.delete(*keys), -1) >= 0
        if not gone:
            self._owe(keys)
        return gone

    async def sweep(self) -> None:
        """Nothing: Redis lets go by itself."""

    async def close(self) -> None:
        await self._redis.aclose()

    async def _values(self, *keys: str) -> list[bytes | None]:
        async def values() -> list[bytes | None]:
            found = await self._redis.mget(*keys)
            return [value if isinstance(value, bytes) else None for value in found]

        return await self._ask(values, [None] * len(keys))

    async def _ask(self, ask: Callable[[], Awaitable[T]], without: T) -> T:
        """The answer, or `without` one; after a failure Redis is left alone for a while."""
        if time.monotonic() < self._quiet_until:
            self._counters.cache_errors += 1
            return without
        try:
            if self._owed:
                await self._pay()
            return await ask()
        except (RedisError, OSError, TimeoutError) as error:
            self._counters.cache_errors += 1
            self._quiet_until = time.monotonic() + REST_S
            LOG.warning("the cache does not answer: %s", type(error).__name__)
            return without

    def _owe(self, keys: list[str]) -> None:
        """What could not be forgotten is so before anything is read again."""
        self._owed |= dict.fromkeys(keys)
        while len(self._owed) > OWED:
            del self._owed[next(iter(self._owed))]

    async def _pay(self) -> None:
        owed = list(self._owed)
        await self._redis.delete(*owed)
        for key in owed:
            self._owed.pop(key, None)
