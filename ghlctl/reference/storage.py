"""What the receiver keeps, and what any database must promise that keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Protocol

from ghlctl.reference.insight import Insight

RETRIED_S = 3 * 86_400  # how long HighLevel sends a delivery again
KEEP_S = 7 * 86_400  # longer than that


class StorageError(Exception):
    """A write is not on disk, or nobody knows whether it is. The text names no content."""


class State(IntEnum):
    OPEN = 0
    DONE = 1
    FAILED = 2


class Claim(StrEnum):
    """What became of the attempt to store a delivery."""

    FRESH = "fresh"
    IN_WORK = "in_work"  # the same webhookId is being processed and nobody knows how that ends
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A delivery to be stored; with `once`, only the first of its webhookId is."""

    webhook_id: str
    route: str | None
    body: bytes = field(repr=False)
    acknowledged: bool
    once: bool


@dataclass(frozen=True, slots=True)
class Stored:
    seq: int
    claim: Claim


@dataclass(frozen=True, slots=True)
class Leftover:
    """An acknowledged delivery that an earlier process did not finish."""

    seq: int
    route: str | None
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found out from a delivery; found out again, it replaces the first.

    `kept`: JSON of what the delivery said beside, nothing where that is nothing.
    """

    seq: int
    contact_id: str
    insight: Insight
    kept: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Finished:
    """A delivery is done, and its body forgotten: people's details are kept no longer."""

    seq: int
    webhook_id: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A delivery failed; `forget` its id where the provider was told and may try again.

    One that was finished in the meantime stays finished, and its id known.
    """

    seq: int
    webhook_id: str
    reason: str
    forget: bool


Change = Found | Finished | GivenUp


class Storage(Protocol):
    """Whatever a method returned from is on disk. Every method may raise StorageError."""

    async def insert(self, arrival: Arrival) -> Stored: ...

    async def write(self, changes: Sequence[Change]) -> None:
        """All of them or none."""
        ...

    async def adopt(self) -> list[Leftover]:
        """What processes that ended have left undone, each handed to one caller only, in order.

        What they had not acknowledged is dropped and its id freed: it will be sent again.
        """
        ...

    async def purge(self, before: float) -> int:
        """Drop ids and finished deliveries older than unix second `before`; how many rows."""
        ...

    async def close(self) -> None:
        """Write what waits, then stop."""
        ...
