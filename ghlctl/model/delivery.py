"""What is sent to a receiver, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Headers = tuple[tuple[str, str], ...]
"""Pairs rather than a mapping, so that duplicates and order survive."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in the provider's world; `occurred_at` in unix seconds."""

    type: str
    occurred_at: float
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to a receiver: the exact bytes and headers of every attempt."""

    id: str
    event_type: str
    body: bytes
    headers: Headers

    def header(self, name: str) -> str | None:
        """First value of a header by case-insensitive name, or None."""
        return first_header(self.headers, name)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a receiver answered; times in milliseconds from the start of the attempt."""

    status: int
    headers: Headers
    body: bytes
    connect_ms: float
    first_byte_ms: float
    total_ms: float

    @property
    def acknowledged(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004 - the range is HTTP's definition of success


def first_header(headers: Headers, name: str) -> str | None:
    """First value of a header by case-insensitive name, or None."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)
