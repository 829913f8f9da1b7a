"""Times that a command prints about what is kept. Pure."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from ghlctl.audit.steps import OldestSaid
from ghlctl.model.visible import visible

_NUMBER = re.compile(r"\d{1,16}(?:\.\d{1,9})?")
_MILLISECONDS_FROM = 1e11
_SHOWN = 60


def ages_in(lines: Sequence[bytes]) -> OldestSaid:
    """Unix seconds or milliseconds, or ISO 8601, one a line; without a zone it is UTC."""
    times = []
    for line in lines:
        text = line.decode("utf-8", "replace").strip().strip('"')
        at = _time(text)
        if at is None:
            shown = visible(text)[:_SHOWN]
            return OldestSaid((), failure=f"the command for the oldest record printed {shown!r}")
        times.append(at)
    return OldestSaid(tuple(sorted(times)))


def _time(text: str) -> float | None:
    if _NUMBER.fullmatch(text):
        value = float(text)
        return value / 1e3 if value >= _MILLISECONDS_FROM else value
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        return None
    at = (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
    return at if math.isfinite(at) else None
