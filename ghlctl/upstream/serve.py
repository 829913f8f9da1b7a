"""Runs the upstream until it is told to stop."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator

import uvicorn

from ghlctl.errors import UsageError
from ghlctl.upstream.app import make_app
from ghlctl.upstream.ledger import Ledger
from ghlctl.upstream.network import distant
from ghlctl.upstream.settings import UpstreamSettings, checked

KEEP_ALIVE_S = 75
STOP_WITHIN_S = 5
BACKLOG = 2048


def serve_upstream(
    settings: UpstreamSettings,
    *,
    host: str,
    port: int,
    announce: Callable[[int], None],
) -> None:
    """Serve until SIGTERM or SIGINT; port 0 takes a free one, `announce` is told which.

    Raise UsageError for settings that make no sense and for an address that cannot be had.
    """
    checked(settings)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    listening = _listen(host, port)
    ledger = Ledger(settings.ledger_entries, settings.ledger_bytes)
    config = uvicorn.Config(
        make_app(settings, ledger),
        http=distant(settings),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_WITHIN_S,
        backlog=BACKLOG,
    )
    server = _Server(config, lambda: announce(listening.getsockname()[1]))
    server.run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "errno", None)
        why = os.strerror(reason) if reason and reason > 0 else str(error)
        raise UsageError(
            f"the upstream cannot listen on {host} port {port}: {why}",
            f"is another program on port {port}? take another with --port, or 0 for a free one",
        ) from None


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
