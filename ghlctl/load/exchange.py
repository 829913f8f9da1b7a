"""What master and workers say to each other, inside Locust's messages of one type."""

import msgspec

from ghlctl.load.messages import Progress, Refused
from ghlctl.load.plan import LoadPlan
from ghlctl.model.caution import Caution

WORD = "ghlctl"
"""The type of those messages, and the key of the report inside Locust's own."""

PIECE_BYTES = 128 * 1024  # of samples in one message: what copying it takes is no lateness


class Join(msgspec.Struct, frozen=True):
    """The order that a worker's process gets on its standard input.

    `token` says that the master itself started it, on its own machine.
    """

    host: str
    port: int
    token: str = ""
    within_s: float = 60.0


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """A worker that has come; `machine` is the same for processes that share a clock."""

    version: str
    locust: str
    host: str
    pid: int
    machine: str
    token: str = ""


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """The plan with the worker's share in it; without a folder the samples come back by message."""

    plan: LoadPlan
    machine: str


class Fit(msgspec.Struct, frozen=True, tag="fit"):
    """Prepared: `lead_ns` is what it needs before its first arrival."""

    lead_ns: int


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """Answered at once: `sent_ns` of the master's monotonic clock."""

    sent_ns: int


class Pong(msgspec.Struct, frozen=True, tag="pong"):
    """`here_ns`, `unix_ns`: the worker's monotonic and wall clocks when the ping came."""

    sent_ns: int
    here_ns: int
    unix_ns: int


class Go(msgspec.Struct, frozen=True, tag="go"):
    """The moment of the plan's zero on the worker's monotonic clock."""

    origin_ns: int


class Reached(msgspec.Struct, frozen=True, tag="reached"):
    """A worker could begin a later segment so long after the plan's zero."""

    segment: int
    after_ns: int


class Zero(msgspec.Struct, frozen=True, tag="zero"):
    """Every worker begins the segment then."""

    segment: int
    after_ns: int


class Halt(msgspec.Struct, frozen=True, tag="halt"):
    """The run is over before its end."""


class Report(msgspec.Struct, frozen=True, tag="report"):
    """A worker's run so far; its two histograms, packed."""

    progress: Progress
    lateness: bytes
    response: bytes


class Piece(msgspec.Struct, frozen=True, tag="piece"):
    """Bytes of a finished file of samples, in order; `last` completes the file."""

    name: str
    content: bytes
    last: bool


class Taken(msgspec.Struct, frozen=True, tag="taken"):
    """A piece has arrived: there is room for another."""


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """Every row of this worker is on disk or sent; `left` when nobody here had asked it to end."""

    report: Report
    aborted: bool
    left: bool
    keeping_up: bool
    cautions: tuple[Caution, ...]
    cpu_s: float


class Bye(msgspec.Struct, frozen=True, tag="bye"):
    """The master has all it needs of this worker."""


FromMaster = Welcome | Refused | Ping | Go | Zero | Halt | Taken | Bye
FromWorker = Hello | Fit | Refused | Pong | Reached | Piece | Ended

encode = msgspec.msgpack.encode
from_master = msgspec.msgpack.Decoder(FromMaster).decode
from_worker = msgspec.msgpack.Decoder(FromWorker).decode
to_report = msgspec.msgpack.Decoder(Report).decode
encode_order = msgspec.json.encode
to_order = msgspec.json.Decoder(Join).decode
