"""The receiver's clock against ours, as far as an HTTP Date header tells."""

from datetime import UTC
from email.utils import parsedate_to_datetime

from ghlctl.model.delivery import Reply

RESOLUTION_S = 1.0
"""A Date header is cut to whole seconds, so that no skew under this can be told from none."""


def skew_s(reply: Reply, now: float) -> float | None:
    """How far the receiver's clock is ahead, in seconds; None without a usable Date header.

    `now`: unix seconds when the reply was read.
    """
    date = next((value for name, value in reply.headers if name.lower() == "date"), None)
    if date is None:
        return None
    try:
        told = parsedate_to_datetime(date)
    except ValueError:
        return None
    if told.tzinfo is None:
        told = told.replace(tzinfo=UTC)
    written = now - (reply.total_ms - reply.first_byte_ms) / 1e3
    return told.timestamp() + RESOLUTION_S / 2 - written
