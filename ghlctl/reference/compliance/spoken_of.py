"""Whose details the code that runs now has in hand, so that no log line of it repeats them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import msgspec

from ghlctl.reference.incoming import Incoming

MOST_BYTES = 64 * 1024
MOST_VALUES = 200
SHORTEST = 3
NOT_PERSONAL = frozenset({"type", "webhookId", "locationId", "companyId", "appId", "timestamp"})

_SPOKEN_OF: ContextVar[bytes | Incoming | None] = ContextVar("spoken_of", default=None)


@contextmanager
def speaking_of(delivery: bytes | Incoming) -> Iterator[None]:
    """A body as it came, or what was read from it; looked into only when something is logged."""
    token = _SPOKEN_OF.set(delivery)
    try:
        yield
    finally:
        _SPOKEN_OF.reset(token)


def personal_values() -> frozenset[str] | None:
    """All values of the delivery in hand but its ids; None for more than can be looked through."""
    match _SPOKEN_OF.get():
        case None | b"":
            return frozenset()
        case bytes() as body if len(body) > MOST_BYTES:
            return None
        case bytes() as body:
            return _bounded(_read(body))
        case Incoming() as incoming:
            return _bounded(msgspec.to_builtins(incoming.lead) | {"id": incoming.contact_id})


def _read(body: bytes) -> Any:
    """A body that is no JSON is one value, and so are its words."""
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        text = body.decode(errors="replace")
        return [text, *text.replace('"', " ").split()]


def _bounded(content: Any) -> frozenset[str] | None:
    values: set[str] = set()
    open_ = [content]
    while open_ and len(values) <= MOST_VALUES:
        match open_.pop():
            case dict() as fields:
                open_ += [value for name, value in fields.items() if name not in NOT_PERSONAL]
            case list() | tuple() as several:
                open_ += several
            case str() as text if len(text.strip()) >= SHORTEST:
                values.add(text.strip())
            case int() | float() as number if not isinstance(number, bool) and abs(number) > 999:  # noqa: PLR2004 - shorter ones tell nobody
                values.add(str(number))
    return None if open_ else frozenset(values)
