"""What to send, how often and for how long; a scenario that exists is one that makes sense."""

import math
from enum import StrEnum

import msgspec

from ghlctl.errors import UsageError
from ghlctl.model.threshold import Threshold
from ghlctl.scenario.bounds import (
    MAX_ARRIVALS,
    MAX_CONCURRENCY,
    MAX_LOCATIONS,
    MAX_PATH,
    check_count,
    check_duration,
    check_ramp,
    check_rate,
    check_seed,
    check_speed,
    check_text,
    check_weights,
)
from ghlctl.scenario.units import write_duration


class Constant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="constant"):
    """One arrival every 1/rate seconds, the first at once."""

    rate_per_s: float
    for_s: float

    def __post_init__(self) -> None:
        check_rate(self.rate_per_s, self.for_s)

    @property
    def arrivals(self) -> float:
        return self.rate_per_s * self.for_s


class Ramp(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="ramp"):
    """A rate that goes evenly from one value to another; one of them may be zero."""

    from_per_s: float
    to_per_s: float
    for_s: float

    def __post_init__(self) -> None:
        check_ramp(self.from_per_s, self.to_per_s, self.for_s)

    @property
    def arrivals(self) -> float:
        return (self.from_per_s + self.to_per_s) / 2 * self.for_s


class Poisson(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="poisson"):
    """Arrivals that know nothing of each other: their number varies with the seed."""

    rate_per_s: float
    for_s: float

    def __post_init__(self) -> None:
        check_rate(self.rate_per_s, self.for_s)

    @property
    def arrivals(self) -> float:
        """How many are expected."""
        return self.rate_per_s * self.for_s


class Burst(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="burst"):
    """All at one moment, without a duration."""

    count: int

    def __post_init__(self) -> None:
        check_count("a burst", self.count, MAX_ARRIVALS)

    @property
    def arrivals(self) -> float:
        return float(self.count)


class Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="closed"):
    """`concurrency` senders, each of which waits for its reply before it sends again.

    Ends after `iterations` deliveries of all senders together, or after `for_s` seconds.
    """

    concurrency: int
    iterations: int | None = None
    for_s: float | None = None

    def __post_init__(self) -> None:
        check_count("concurrency", self.concurrency, MAX_CONCURRENCY)
        if (self.iterations is None) == (self.for_s is None):
            raise UsageError(
                "a closed stage ends either after iterations or after a time",
                "write {concurrency: 10, iterations: 100} or {concurrency: 10, for: 30s}",
            )
        if self.iterations is not None:
            check_count("iterations", self.iterations, MAX_ARRIVALS)
        if self.for_s is not None:
            check_duration(self.for_s)


class Replay(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="replay"):
    """Captured deliveries at their own distances in time, divided by `speed`."""

    path: str
    speed: float = 1.0

    def __post_init__(self) -> None:
        check_text("the path to replay", self.path, most=MAX_PATH)
        check_speed("a replay", self.speed, "as captured")


Stage = Constant | Ramp | Poisson | Burst | Closed | Replay


class ReceiverSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where deliveries go; `key` is a reference, env:NAME or file:PATH, and never a secret."""

    url: str
    scheme: str | None = None
    key: str | None = None


class EmbeddedSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The receiver that ships inside: a profile, and single switches turned in it."""

    profile: str
    set: dict[str, str] = {}


class EffectsSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which upstream's ledger to read, and how long after the last delivery effects may come."""

    upstream: str
    within_s: float = 10.0

    def __post_init__(self) -> None:
        check_duration(self.within_s, "within")


class Signature(StrEnum):
    """What a retry is signed with: a new timestamp where the scheme has one, or the first one."""

    FRESH = "fresh"
    SAME = "same"


class RetriesSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which policy retries what was not acknowledged, and how many times faster than it says.

    Without a `speed` it is chosen so that all retries of a delivery fit into half a minute.
    """

    policy: str
    speed: float | None = None
    signature: Signature = Signature.FRESH

    def __post_init__(self) -> None:
        if self.speed is not None:
            check_speed("retries", self.speed, "as the policy says")


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`events`: weights by event type; `duplicates`: a ratio from 0 to 1; times in seconds.

    `locations`: how many tenants the events are about; None leaves it to the provider.
    """

    name: str
    provider: str
    events: dict[str, float]
    arrivals: tuple[Stage, ...]
    receiver: ReceiverSpec | None = None
    embedded: EmbeddedSpec | None = None
    warmup_s: float = 0.0
    duplicates: float = 0.0
    retries: RetriesSpec | None = None
    timeout_s: float = 10.0
    effects: EffectsSpec | None = None
    thresholds: tuple[Threshold, ...] = ()
    seed: int | None = None
    locations: int | None = None

    def __post_init__(self) -> None:
        check_text("a scenario's name", self.name)
        check_one_receiver(self.receiver, self.embedded)
        check_weights(self.events)
        check_arrivals(self.arrivals)
        check_warmup(self.warmup_s, self.arrivals)
        check_duration(self.timeout_s, "timeout")
        if not 0 <= self.duplicates <= 1:
            raise UsageError("duplicates are a ratio from 0 to 1", "write duplicates: 1%")
        check_seed(self.seed)
        if self.locations is not None:
            check_count("locations", self.locations, MAX_LOCATIONS)


def known_duration_s(stages: tuple[Stage, ...]) -> float | None:
    """How long the stages last together, or None where only a receiver or a file can tell."""
    total = 0.0
    for stage in stages:
        match stage:
            case Burst():
                pass
            case Replay() | Closed(for_s=None):
                return None
            case Constant() | Ramp() | Poisson() | Closed():
                total += stage.for_s or 0.0
    return total


def check_one_receiver(receiver: ReceiverSpec | None, embedded: EmbeddedSpec | None) -> None:
    """Raise UsageError for both; neither is fine, as a receiver may come from elsewhere."""
    if receiver is not None and embedded is not None:
        raise UsageError(
            "a scenario names a receiver or the embedded one, not both",
            "remove receiver or embedded",
        )


def check_arrivals(stages: tuple[Stage, ...]) -> None:
    """Raise UsageError for no stage, and for more deliveries in all than a run can hold."""
    if not stages:
        raise UsageError(
            "there is no stage of arrivals", "write arrivals: [{constant: 25/s, for: 30s}]"
        )
    total = 0.0
    for stage in stages:
        match stage:
            case Closed(iterations=count):
                total += count or 0
            case Replay():
                pass
            case _:
                total += stage.arrivals
    if total > MAX_ARRIVALS:
        raise UsageError(
            f"{total:,.0f} arrivals are more than a run holds",
            f"keep rate times duration under {MAX_ARRIVALS:,} over all stages",
        )


def check_warmup(warmup_s: float, stages: tuple[Stage, ...]) -> None:
    """Raise UsageError for a warm-up that leaves nothing to count."""
    if not (math.isfinite(warmup_s) and warmup_s >= 0):
        raise UsageError("a warm-up lasts zero seconds or more", "write warmup: 5s")
    lasts = known_duration_s(stages)
    if warmup_s > 0 and lasts is not None and warmup_s >= lasts:
        raise UsageError(
            f"a warm-up of {write_duration(warmup_s)} leaves nothing to count",
            f"all stages together last {write_duration(lasts)}",
        )
