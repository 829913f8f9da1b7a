"""What the engine and the process that records for it say to each other."""

import msgspec


class Assignment(msgspec.Struct, frozen=True):
    """What to make of the rows. `bursts` are stages whose lateness is by design."""

    folder: str
    events: tuple[str, ...]
    bursts: tuple[int, ...]
    warmup_ns: int


class Opening(msgspec.Struct, frozen=True):
    """The samples' zero, as the monotonic clock says it; nothing but rows follows."""

    origin_ns: int
    locations: tuple[str, ...]


class Prepared(msgspec.Struct, frozen=True, tag="prepared"):
    """It can take rows."""


class EventCount(msgspec.Struct, frozen=True):
    """One event type's replies: whole ms of response time and how many of each, as 64-bit ints."""

    event: int
    response_ms: bytes
    counts: bytes
    failures: dict[str, int]


class Counted(msgspec.Struct, frozen=True, tag="counted"):
    """What some rows add to the run; `lateness` and `response` are packed histograms."""

    done: int
    dropped: int
    held: int
    retries: int
    errors: dict[str, int]
    lateness: bytes
    response: bytes
    events: tuple[EventCount, ...]


class Kept(msgspec.Struct, frozen=True, tag="kept"):
    """Every row is on disk, in one file."""


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """Rows could not be written; `system`: the system refused, as a full disk does."""

    reason: str
    system: bool


FromScribe = Prepared | Counted | Kept | Failed

encode = msgspec.json.encode
assignment_of = msgspec.json.Decoder(Assignment).decode
opening_of = msgspec.json.Decoder(Opening).decode
from_scribe = msgspec.json.Decoder(FromScribe).decode
