"""What the engine's processes say to each other: one JSON object per line."""

import msgspec

from ghlctl import errors
from ghlctl.model.caution import Caution
from ghlctl.model.summary import WorkerSummary


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """How far the run is. `due` counts arrivals whose moment has come, `planned` all known ones.

    All counts are of arrivals; `retries` counts the rows of retries beside them.
    Times from the intended moment, in ms, over the whole run so far; None before the first reply.
    """

    elapsed_s: float
    planned: int
    due: int
    sent: int
    done: int
    dropped: int
    in_flight: int
    connections: int
    errors: dict[str, int]
    lateness_p99_ms: float | None
    response_p50_ms: float | None
    response_p99_ms: float | None
    run_queue_wait_s: float = 0.0
    retries: int = 0
    cpu_s: float = 0.0


class Prepared(msgspec.Struct, frozen=True, tag="prepared"):
    """Only the moment to begin is missing; `origin_ns` of the monotonic clock is the earliest."""

    origin_ns: int


class Started(msgspec.Struct, frozen=True, tag="started"):
    """The first arrival's moment is set: the wall clock at the samples' zero."""

    origin_unix_ns: int
    planned: int


class Noted(msgspec.Struct, frozen=True, tag="noted"):
    caution: Caution


class Said(msgspec.Struct, frozen=True, tag="said"):
    """A line for the person who started the run."""

    text: str


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The engine ended by itself and every row is on disk; `aborted` when it was told to stop.

    `workers`: what each sent, where there are several; `elsewhere_cpu_s` of those that are not
    descendants of this process.
    """

    aborted: bool
    keeping_up: bool
    progress: Progress
    workers: tuple[WorkerSummary, ...] = ()
    elsewhere_cpu_s: float = 0.0


class Parted(msgspec.Struct, frozen=True, tag="parted"):
    """A worker has ended and its master has everything; `whole` when nothing was cut short."""

    whole: bool


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """A GhlctlError on its way to the process that a person looks at."""

    kind: str
    message: str
    hint: str


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The producer can start at once; `cost_s` is what one signed delivery takes it.

    With `stencils` it makes those, and the wire loop signs. `locations` are those of the run, in
    the order of their numbers in tags.
    """

    cost_s: float
    stencils: bool = False
    locations: tuple[str, ...] = ()


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """Make the deliveries of one segment, whose zero is at `base_unix_ns`."""

    segment: int
    base_unix_ns: int


class Credit(msgspec.Struct, frozen=True, tag="credit"):
    """A closed segment can take `count` more deliveries."""

    segment: int
    count: int


class End(msgspec.Struct, frozen=True, tag="end"):
    """Nothing more is wanted of a closed segment."""

    segment: int


FromChild = Progress | Prepared | Started | Noted | Said | Parted | Finished | Refused
FromProducer = Ready | Refused
ToProducer = Begin | Credit | End

encode = msgspec.json.encode
from_child = msgspec.json.Decoder(FromChild).decode
from_producer = msgspec.json.Decoder(FromProducer).decode
to_producer = msgspec.json.Decoder(ToProducer).decode

_KINDS = (errors.UsageError, errors.KeyMaterialError, errors.StoreError, errors.NotMeasuredError)


def refusal(fault: errors.GhlctlError) -> Refused:
    return Refused(type(fault).__name__, fault.message, fault.hint)


def as_error(refused: Refused) -> errors.GhlctlError:
    """The error of the same kind, to be raised on this side of the process border."""
    kinds = {kind.__name__: kind for kind in _KINDS}
    return kinds.get(refused.kind, errors.GhlctlError)(refused.message, refused.hint)
