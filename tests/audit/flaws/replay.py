"""Receivers whose one flaw is in what they do with old and repeated deliveries."""

import itertools
import time
from dataclasses import replace
from datetime import datetime

from ghlctl.model.delivery import Headers, first_header
from ghlctl.signing.scheme import Rejection
from tests.audit.flaws.flaw import FAIL, WARN, Flaw
from tests.audit.receivers import Payload, Steps


def has_no_window(steps: Steps) -> Steps:
    """Never compares the signed time with its clock."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        return steps.scheme.verify(body, headers, steps.key, now=time.time(), tolerance=None)

    return replace(steps, verify=verify, stale=lambda _steps, _payload: False)


def has_a_window_of_minutes(steps: Steps) -> Steps:
    """Refuses what the platform tries again after a quarter of an hour."""

    def stale(_steps: Steps, payload: Payload) -> bool:
        return abs(time.time() - datetime.fromisoformat(payload["timestamp"]).timestamp()) > 300

    return replace(steps, stale=stale)


def forgets_every_id(steps: Steps) -> Steps:
    """Keeps no memory of deliveries."""
    fresh = map(str, itertools.count())
    return replace(steps, identity=lambda _payload, _headers: next(fresh))


def knows_deliveries_by_signature(steps: Steps) -> Steps:
    """Recognises a repeated request, but not the same delivery signed again."""
    name = steps.scheme.headers[0]
    return replace(steps, identity=lambda _payload, headers: first_header(headers, name) or "")


FLAWS = (
    Flaw("no-window", "hmac-timestamp", has_no_window, {"RPL-01": FAIL}),
    Flaw("no-window", "ghl", has_no_window, {"RPL-01": WARN}),
    Flaw("narrow-window", "ghl", has_a_window_of_minutes, {"RPL-14": WARN}),
    Flaw("no-memory", "ghl", forgets_every_id, {"RPL-05": FAIL}),
    Flaw(
        "no-memory",
        "hmac-timestamp",
        forgets_every_id,
        {"RPL-05": FAIL, "RPL-07": FAIL},
        "a receiver that forgets what it has seen forgets both ways of sending it again",
    ),
    Flaw(
        "memory-of-signatures",
        "hmac-timestamp",
        knows_deliveries_by_signature,
        {"RPL-07": FAIL},
    ),
)
