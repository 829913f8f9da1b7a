"""The receiver's profiles: every difference between slow and fast, safe and hasty, is a switch."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from ghlctl.errors import UsageError
from ghlctl.model.suggestion import suggestion


class Concurrency(StrEnum):
    SEQUENTIAL = "sequential"
    TASKGROUP = "taskgroup"


class Connections(StrEnum):
    PER_CALL = "per_call"
    POOLED = "pooled"


class Updates(StrEnum):
    PER_FIELD = "per_field"
    MERGED = "merged"


class Writes(StrEnum):
    SINGLE = "single"
    GROUP_COMMIT = "group_commit"


class ModelLoading(StrEnum):
    PER_EVENT = "per_event"
    KEPT = "kept"


class Lookup(StrEnum):
    SCAN = "scan"
    INDEX = "index"


class Cache(StrEnum):
    NONE = "none"
    MEMORY = "memory"


class Retry(StrEnum):
    ONCE = "once"
    BACKOFF = "backoff"


class CircuitBreaker(StrEnum):
    OFF = "off"
    ON = "on"


class Pacing(StrEnum):
    OFF = "off"
    BUCKET = "bucket"


class Acknowledge(StrEnum):
    AFTER_PROCESSING = "after_processing"
    AFTER_STORING = "after_storing"


class Deduplication(StrEnum):
    OFF = "off"
    ATOMIC = "atomic"


class TimestampWindow(StrEnum):
    OFF = "off"
    FIVE_MINUTES = "300s"


class Types(StrEnum):
    LENIENT = "lenient"
    STRICT = "strict"


class BodyLimit(StrEnum):
    NONE = "none"
    ONE_MEBIBYTE = "1MiB"


class ErrorDetail(StrEnum):
    SHOWN = "shown"
    HIDDEN = "hidden"


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sixteen switches; the first value of each is the baseline's, the second the optimized's."""

    concurrency: Annotated[
        Concurrency,
        Meta(description="taskgroup overlaps waiting; one failure then cancels its siblings"),
    ] = Concurrency.SEQUENTIAL
    upstream_connections: Annotated[
        Connections,
        Meta(description="pooled saves two round trips per call; holds sockets open"),
    ] = Connections.PER_CALL
    upstream_updates: Annotated[
        Updates,
        Meta(description="merged is one call for five; it succeeds or fails as a whole"),
    ] = Updates.PER_FIELD
    database_writes: Annotated[
        Writes,
        Meta(description="group_commit shares one sync among many writes; needs a writer thread"),
    ] = Writes.SINGLE
    model: Annotated[
        ModelLoading,
        Meta(description="kept reads the model once; a new model needs a restart"),
    ] = ModelLoading.PER_EVENT
    lookup: Annotated[
        Lookup,
        Meta(description="index finds listings and histories without reading all; costs memory"),
    ] = Lookup.SCAN
    cache: Annotated[
        Cache,
        Meta(description="memory keeps contacts for 3600 s; changes without an event come late"),
    ] = Cache.NONE
    retry: Annotated[
        Retry,
        Meta(
            description="backoff outlasts failures, later each time; once gives up after a second"
        ),
    ] = Retry.ONCE
    circuit_breaker: Annotated[
        CircuitBreaker,
        Meta(description="on spares an upstream that is down; the first calls after it wait"),
    ] = CircuitBreaker.OFF
    pacing: Annotated[
        Pacing,
        Meta(description="bucket waits before a location's limit is hit, instead of after a 429"),
    ] = Pacing.OFF
    acknowledge: Annotated[
        Acknowledge,
        Meta(description="after_storing answers in milliseconds; failures show in the log only"),
    ] = Acknowledge.AFTER_PROCESSING
    deduplicate: Annotated[
        Deduplication,
        Meta(description="atomic acts once per webhookId, replays included; one row per delivery"),
    ] = Deduplication.OFF
    timestamp_window: Annotated[
        TimestampWindow,
        Meta(description="300s refuses old deliveries; also retries that keep their timestamp"),
    ] = TimestampWindow.OFF
    types: Annotated[
        Types,
        Meta(description="strict refuses wrong types; a change of the provider's shows as 422"),
    ] = Types.LENIENT
    body_limit: Annotated[
        BodyLimit,
        Meta(description="1MiB bounds memory per request; larger deliveries are refused"),
    ] = BodyLimit.NONE
    error_detail: Annotated[
        ErrorDetail,
        Meta(description="hidden tells callers a code only; the reason is in the log"),
    ] = ErrorDetail.SHOWN


BASELINE = Profile()
OPTIMIZED = Profile(
    concurrency=Concurrency.TASKGROUP,
    upstream_connections=Connections.POOLED,
    upstream_updates=Updates.MERGED,
    database_writes=Writes.GROUP_COMMIT,
    model=ModelLoading.KEPT,
    lookup=Lookup.INDEX,
    cache=Cache.MEMORY,
    retry=Retry.BACKOFF,
    circuit_breaker=CircuitBreaker.ON,
    pacing=Pacing.BUCKET,
    acknowledge=Acknowledge.AFTER_STORING,
    deduplicate=Deduplication.ATOMIC,
    timestamp_window=TimestampWindow.FIVE_MINUTES,
    types=Types.STRICT,
    body_limit=BodyLimit.ONE_MEBIBYTE,
    error_detail=ErrorDetail.HIDDEN,
)
PROFILES = {"baseline": BASELINE, "optimized": OPTIMIZED}


def profile_named(name: str) -> Profile:
    """Raise UsageError for a name that is not in PROFILES."""
    if name not in PROFILES:
        raise UsageError(f"unknown profile {name!r}", suggestion(name, PROFILES, "profiles"))
    return PROFILES[name]


def name_of(profile: Profile) -> str:
    """The profile's name, "custom" once a switch was turned."""
    return next((name for name, known in PROFILES.items() if known == profile), "custom")


def with_switches(profile: Profile, settings: Sequence[str]) -> Profile:
    """The profile with `switch=value` for each of `settings`, later ones over earlier.

    Raise UsageError for a switch or a value that does not exist.
    """
    turned = msgspec.to_builtins(profile)
    for setting in settings:
        switch, equals, value = setting.partition("=")
        if not equals:
            raise UsageError(f"{setting!r} turns no switch", "write it as cache=memory")
        if switch not in turned:
            raise UsageError(f"unknown switch {switch!r}", suggestion(switch, turned, "switches"))
        values = [str(known) for known in type(getattr(profile, switch))]
        if value not in values:
            raise UsageError(
                f"switch {switch} has no value {value!r}", suggestion(value, values, "values")
            )
        turned[switch] = value
    return msgspec.convert(turned, Profile)
