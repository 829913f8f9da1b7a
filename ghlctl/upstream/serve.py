"""Runs the upstream until it is told to stop."""

import contextlib
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from ghlctl.transport.serving import listen, serve
from ghlctl.upstream.app import make_app
from ghlctl.upstream.ledger import Ledger
from ghlctl.upstream.ledger_file import LedgerFile
from ghlctl.upstream.network import distant
from ghlctl.upstream.settings import UpstreamSettings, checked

KEEP_ALIVE_S = 75
STOP_WITHIN_S = 5


def serve_upstream(
    settings: UpstreamSettings,
    *,
    host: str,
    port: int,
    announce: Callable[[int], None],
    ledger_file: Path | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; port 0 takes a free one, `announce` is told which.

    With `ledger_file` the ledger is a file as well. Raise UsageError for settings that make no
    sense, an address that cannot be had and a file that cannot be made.
    """
    checked(settings)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    listening = listen(host, port, "the upstream")
    with contextlib.closing(listening), contextlib.ExitStack() as held:
        copy = None
        if ledger_file is not None:
            copy = held.enter_context(contextlib.closing(LedgerFile(ledger_file)))
        ledger = Ledger(settings.ledger_entries, settings.ledger_bytes, copy)
        serve(
            make_app(settings, ledger),
            listening,
            announce,
            http=distant(settings),
            lifespan="off",
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=STOP_WITHIN_S,
        )
