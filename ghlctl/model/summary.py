"""The small, stable account of a load run: summary.json, and the JSON of `ghlctl loadtest`."""

import msgspec

from ghlctl.model.caution import Caution
from ghlctl.model.threshold import ThresholdResult


class Latency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Milliseconds. A percentile without enough samples behind it is None, never a guess."""

    mean: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    p99_9: float | None
    max: float | None


class EventSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sent: int
    errors: int
    error_rate: float
    response_time_ms: Latency


class EffectsSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Deliveries acknowledged (`expected`) against the ledger.

    `lost`: acknowledged without any effect. `duplicated`: an operation applied more than once for
    one delivery. `unacknowledged`: an effect although the sender saw no acknowledgement.
    """

    expected: int
    seen: int
    lost: int
    duplicated: int
    unacknowledged: int
    end_to_end_ms: Latency
    calls_per_event: float | None = None


class RetriesSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Deliveries that no first attempt had acknowledged, and what sending them again came to.

    `policy` was run `speed` times faster than it says. `sent` counts attempts, beside the run's
    own `sent`; the others count deliveries: acknowledged by a retry; given up, as the policy sends
    no more; unfinished, as the run did not send what the policy would have.
    """

    policy: str
    speed: float
    signature: str
    sent: int
    acknowledged: int
    given_up: int
    unfinished: int = 0


class WorkerSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of several workers that sent the load between them; counts include the warm-up."""

    worker: int
    sent: int
    dropped: int
    cpu_s: float
    lateness_p99_ms: float | None
    keeping_up: bool


class GeneratorSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the load engine says of itself; `cpu_s` over all its processes.

    It keeps up when every worker does; `by_worker` is empty where one process sent everything.
    """

    cpu_s: float
    workers: int
    keeping_up: bool
    run_queue_wait_s: float = 0.0
    by_worker: tuple[WorkerSummary, ...] = ()


class ReceiverCost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """CPU of a receiver whose process could be read; None elsewhere."""

    cpu_s: float
    cpu_ms_per_event: float
    run_queue_wait_s: float


class BlockSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One block of load after the warm-up: the unit of inference.

    CPU seconds are None where they could not be read.
    """

    start_s: float
    duration_s: float
    sent: int
    errors: int
    throughput_per_s: float
    response_time_ms: Latency
    end_to_end_ms: Latency | None = None
    service_time_ms: Latency | None = None
    planned: int = 0
    receiver_cpu_s: float | None = None
    generator_cpu_s: float | None = None


class LoadSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Counts are of counted (not warm-up) arrivals; rates per second of the counted time.

    Times and errors are of arrivals: a retry is in none of them, but in `retries`. In
    `throughput_per_s` every acknowledgement counts. `by_location` holds the locations to which
    most was sent, of `locations` in all, and those that a threshold names.
    `open_model`: every arrival had a planned moment; where closed stages waited for replies,
    `concurrency` is the most that they kept in flight, and `planned_per_s` follows the receiver.
    """

    schema_version: int
    run: str
    kind: str
    state: str
    scenario: str
    receiver: str
    planned: int
    sent: int
    dropped: int
    errors: int
    errors_by_kind: dict[str, int]
    error_rate: float
    throughput_per_s: float
    planned_per_s: float
    duration_s: float
    response_time_ms: Latency
    service_time_ms: Latency
    lateness_ms: Latency
    by_event: dict[str, EventSummary]
    effects: EffectsSummary | None
    generator: GeneratorSummary
    receiver_cost: ReceiverCost | None
    blocks: tuple[BlockSummary, ...]
    thresholds: tuple[ThresholdResult, ...]
    cautions: tuple[Caution, ...]
    passed: bool = msgspec.field(name="pass")
    open_model: bool = True
    concurrency: int = 0
    retries: RetriesSummary | None = None
    locations: int = 0
    by_location: dict[str, EventSummary] = {}
