"""Runs the upstream until it is told to stop."""

import logging
import sys
from collections.abc import Callable

from ghlctl.transport.serving import listen, serve
from ghlctl.upstream.app import make_app
from ghlctl.upstream.ledger import Ledger
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
) -> None:
    """Serve until SIGTERM or SIGINT; port 0 takes a free one, `announce` is told which.

    Raise UsageError for settings that make no sense and for an address that cannot be had.
    """
    checked(settings)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    listening = listen(host, port, "the upstream")
    ledger = Ledger(settings.ledger_entries, settings.ledger_bytes)
    serve(
        make_app(settings, ledger),
        listening,
        announce,
        http=distant(settings),
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )
