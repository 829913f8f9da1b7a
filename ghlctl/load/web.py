"""Locust's own page for a run: it shows everything, and of what it can do only Stop is left."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from ghlctl.errors import UsageError
from ghlctl.load import parent
from ghlctl.load.messages import Said
from ghlctl.load.unpatched import asked, jsonify, pywsgi, stats_history

_HOST = "127.0.0.1"
_OWN_NAMES = (_HOST, "localhost")
_REFUSED = "ghlctl runs one plan: start another run from the command line"


@contextmanager
def web_page(environment: Any, port: int | None, stop: Callable[[], None]) -> Iterator[None]:
    """Serve it on this machine alone until the block ends; with no port there is none.

    `stop` is what its Stop button does. Raise UsageError for a port that is taken.
    """
    if port is None:
        yield
        return
    page = environment.create_web_ui(host=_HOST, port=port, delayed_start=True)
    page.app.before_request(lambda: _answer_here(stop))
    log = logging.getLogger(__name__)
    server = pywsgi.WSGIServer((_HOST, port), page.app, log=None, error_log=log)
    try:
        server.start()
    except OSError as fault:
        hint = "another port, or 0 for any that is free"
        why = os.strerror(fault.errno or 0)  # gevent adds the place, which is said already
        raise UsageError(f"the web page cannot have port {port}: {why}", hint) from None
    environment.runner.greenlet.spawn(stats_history, environment.runner)
    parent.say(Said(f"Locust's page for this run: http://{_HOST}:{server.server_port}"))
    try:
        yield
    finally:
        server.stop(timeout=0.2)


def _answer_here(stop: Callable[[], None]) -> Any:
    """None lets Locust answer: to all that only looks, asked for by a page of this machine."""
    if urlsplit(f"//{asked.host}").hostname not in _OWN_NAMES:
        return _no("this page is for this machine alone")
    if asked.method in ("GET", "HEAD", "OPTIONS"):
        return None
    origin = asked.headers.get("Origin")
    if origin is not None and origin != f"http://{asked.host}":
        return _no("another site cannot stop this run")
    if asked.path == "/stop":
        stop()
        return jsonify({"success": True, "message": "the run ends, and counts as aborted"})
    return _no(_REFUSED)


def _no(message: str) -> Any:
    return jsonify({"success": False, "message": message}), 403
