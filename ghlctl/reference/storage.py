"""What the receiver keeps, and what any database must promise that keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Protocol

from ghlctl.reference.compliance.entry import Entry
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
    It is not kept of a contact that, by its pseudonym, was erased meanwhile.
    """

    seq: int
    contact_id: str
    insight: Insight
    kept: bytes = field(default=b"", repr=False)
    contact: str = ""


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


@dataclass(frozen=True, slots=True)
class Preference:
    """Whether a contact, by its pseudonym, opted out; an older word than the known is void."""

    contact: str
    opted_out: bool
    said_at: float


@dataclass(slots=True)
class Noted:
    """An entry of the audit log, on disk there before the changes beside it are on disk here.

    `on_record` turns true once it is, so that storing the changes can be tried again.
    """

    entry: Entry
    on_record: bool = False


Change = Found | Finished | GivenUp | Preference | Noted


@dataclass(frozen=True, slots=True)
class Standing:
    """How a contact stands: opted out or not, since when that was said, when it was erased."""

    opted_out: bool = False
    said_at: float = 0.0
    erased_at: float | None = None


@dataclass(frozen=True, slots=True)
class Erasing:
    """A contact of which nothing is to be left but that it was erased, under its pseudonym."""

    contact: str
    location_id: str
    contact_id: str
    at: float


@dataclass(frozen=True, slots=True)
class Erased:
    """How many deliveries were still to be worked off, and how many results were kept."""

    deliveries: int
    insights: int


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

    async def standing(self, contact: str) -> Standing:
        """How the contact of this pseudonym stands."""
        ...

    async def erase(self, erasing: Erasing) -> Erased:
        """Forget the contact in all deliveries that are not done and all that was found out."""
        ...

    async def revive(self, contact: str) -> None:
        """A contact that was erased is there again."""
        ...

    async def overwrite(self, *, all_pages: bool) -> bool:
        """Leave nothing of deleted rows in the database's files; whether nothing is left now.

        Without `all_pages` only the log of writes is emptied, which costs little.
        """
        ...

    async def close(self) -> None:
        """Write what waits, then stop."""
        ...
