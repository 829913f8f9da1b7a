"""Servers for tests: many on one event loop in one thread, each on a port of its own."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Self, TypeVar

import uvicorn
from starlette.applications import Starlette

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
T = TypeVar("T")


class Street:
    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._closing: list[Callable[[], Coroutine[Any, Any, None]]] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=20)

    def app(self, app: Starlette) -> str:
        """Serve an app; returns its origin."""
        return self.run(self._app(app))

    def raw(self, talk: Talk, secure: ssl.SSLContext | None = None) -> str:
        """Serve a conversation over bare TCP, or over TLS; returns its origin."""
        return self.run(self._raw(talk, secure))

    async def _close(self) -> None:
        await asyncio.gather(*(close() for close in self._closing))
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:  # an upstream that was told to be slow may still be at it
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _app(self, app: Starlette) -> str:
        listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        config = uvicorn.Config(
            app, lifespan="off", log_level="critical", access_log=False, http="httptools"
        )
        server = uvicorn.Server(config)
        serving = self._loop.create_task(server.serve(sockets=[listening]))

        async def close() -> None:
            server.should_exit = server.force_exit = True
            await serving

        self._closing.append(close)
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it by a flag alone
            await asyncio.sleep(0.01)
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    async def _raw(self, talk: Talk, secure: ssl.SSLContext | None) -> str:
        talks: set[asyncio.Task[None]] = set()

        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            talks.add(task)
            try:
                await talk(reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                talks.discard(task)
                writer.transport.abort()

        server = await asyncio.start_server(one, "127.0.0.1", 0, ssl=secure)

        async def close() -> None:
            server.close()
            for task in list(talks):
                task.cancel()
            await asyncio.gather(*talks, return_exceptions=True)

        self._closing.append(close)
        kind = "https" if secure else "http"
        return f"{kind}://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
