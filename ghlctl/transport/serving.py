"""Serves an ASGI app until it is told to stop: a free port, a clear refusal, a quiet end."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from ghlctl.errors import UsageError

BACKLOG = 2048


def listen(host: str, port: int, what: str) -> socket.socket:
    """A listening socket; port 0 takes a free one. UsageError names `what` could not listen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "errno", None)
        why = os.strerror(reason) if reason and reason > 0 else str(error)
        raise UsageError(
            f"{what} cannot listen on {host} port {port}: {why}",
            f"is another program on port {port}? take another with --port, or 0 for a free one",
        ) from None


def serve(
    app: Any, listening: socket.socket, announce: Callable[[int], None], **options: Any
) -> None:
    """Serve until SIGTERM or SIGINT, then end what is under way; `options` are uvicorn's."""
    config = uvicorn.Config(
        app,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        **options,
    )
    _Server(config, lambda: announce(listening.getsockname()[1])).run(sockets=[listening])


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it listens and leaves by returning, not by a signal."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn raises the signal again after a graceful stop; the contract is status 0.
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
