"""A port before other ports: what comes first decides to whom a connection is passed on."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from tests.audit.street import Talk

Choose = Callable[[bytes], str | bytes]
"""From the first bytes to an origin that serves them, or to the answer after which it closes."""


def door(choose: Choose) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(65536)
        chosen = choose(first)
        if isinstance(chosen, bytes):
            writer.write(chosen)
            return await writer.drain()
        theirs, ours = await asyncio.open_connection("127.0.0.1", urlsplit(chosen).port)
        try:
            ours.write(first)
            ways = [_copied(reader, ours), _copied(theirs, writer)]
            tasks = [asyncio.ensure_future(way) for way in ways]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            ours.transport.abort()
            with suppress(OSError):
                await ours.wait_closed()

    return talk


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while more := await reader.read(65536):
        writer.write(more)
        await writer.drain()
