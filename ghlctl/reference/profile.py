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


class Placement(StrEnum):
    ON_LOOP = "on_loop"
    OFF_LOOP = "off_loop"


class Connections(StrEnum):
    PER_CALL = "per_call"
    POOLED = "pooled"


class Updates(StrEnum):
    PER_FIELD = "per_field"
    BULK = "bulk"
    MERGED = "merged"


class Writes(StrEnum):
    SINGLE = "single"
    BATCHED = "batched"
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
    REDIS = "redis"


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
    RETRIES = "3d"


class Types(StrEnum):
    LENIENT = "lenient"
    STRICT = "strict"


class BodyLimit(StrEnum):
    NONE = "none"
    ONE_MEBIBYTE = "1MiB"


class ErrorDetail(StrEnum):
    SHOWN = "shown"
    HIDDEN = "hidden"


class AuditLogging(StrEnum):
    OFF = "off"
    CHAINED = "chained"


class LogRedaction(StrEnum):
    OFF = "off"
    ON = "on"


class Structure(StrEnum):
    ANY = "any"
    BOUNDED = "bounded"


class UnknownFields(StrEnum):
    DROPPED = "dropped"
    KEPT = "kept"


class Text(StrEnum):
    AS_IS = "as_is"
    CLEANED = "cleaned"


class RateLimit(StrEnum):
    OFF = "off"
    ON = "on"


class TenantCheck(StrEnum):
    OFF = "off"
    ON = "on"


class KeyReload(StrEnum):
    AT_START = "at_start"
    WATCHED = "watched"


class Answers(StrEnum):
    BARE = "bare"
    GUARDED = "guarded"


class Media(StrEnum):
    ANY = "any"
    JSON = "json"


class Wire(StrEnum):
    UNBOUNDED = "unbounded"
    BOUNDED = "bounded"


class Health(StrEnum):
    OPEN = "open"
    PRIVATE = "private"


class Consent(StrEnum):
    IGNORED = "ignored"
    HONOURED = "honoured"


class Erasure(StrEnum):
    OFF = "off"
    EVERYWHERE = "everywhere"


class Deletion(StrEnum):
    MARKED = "marked"
    OVERWRITTEN = "overwritten"


_WORKERS = (1, 1024)
_BACKLOG = (0, 10_000_000)


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every switch of the receiver; the defaults are the baseline's."""

    concurrency: Annotated[
        Concurrency,
        Meta(description="taskgroup overlaps waiting; one failure then cancels its siblings"),
    ] = Concurrency.SEQUENTIAL
    inference: Annotated[
        Placement,
        Meta(description="off_loop answers others while it computes; a hop to a thread each time"),
    ] = Placement.ON_LOOP
    upstream_connections: Annotated[
        Connections,
        Meta(description="pooled saves two round trips per call; holds sockets open"),
    ] = Connections.PER_CALL
    upstream_updates: Annotated[
        Updates,
        Meta(description="merged: one call for five, replaces all tags; bulk: adds tags together"),
    ] = Updates.PER_FIELD
    database_writes: Annotated[
        Writes,
        Meta(description="group_commit: one sync for all that wait; batched: waits 10 ms for more"),
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
        Meta(
            description="contacts and scores for 3600 s; changes without an event come late;"
            " redis is shared, and needs --cache"
        ),
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
    workers: Annotated[
        int,
        Meta(
            ge=_WORKERS[0],
            le=_WORKERS[1],
            description="deliveries worked off at once after their acknowledgement",
        ),
    ] = 1
    backlog: Annotated[
        int,
        Meta(
            ge=_BACKLOG[0],
            le=_BACKLOG[1],
            description="acknowledged deliveries that may wait, then 429; 0 is no bound but memory",
        ),
    ] = 0
    deduplicate: Annotated[
        Deduplication,
        Meta(description="atomic acts once per webhookId, replays included; one row per delivery"),
    ] = Deduplication.OFF
    timestamp_window: Annotated[
        TimestampWindow,
        Meta(
            description="3d: a header's time 300 s, the body's own as long as retries come;"
            " 300s: both alike, and late retries are lost"
        ),
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
        Meta(description="hidden tells callers a code only; counters tell how often each"),
    ] = ErrorDetail.SHOWN
    structure: Annotated[
        Structure,
        Meta(description="bounded refuses depth, sizes and names that no event has; reads twice"),
    ] = Structure.ANY
    unknown_fields: Annotated[
        UnknownFields,
        Meta(description="kept stores what the provider added, to the byte; takes space"),
    ] = UnknownFields.DROPPED
    text: Annotated[
        Text,
        Meta(description="cleaned: no control characters, and HTML made safe where HTML is meant"),
    ] = Text.AS_IS
    rate_limit: Annotated[
        RateLimit,
        Meta(description="on: 429 for a source or location beyond its rate; others are served"),
    ] = RateLimit.OFF
    tenant_check: Annotated[
        TenantCheck,
        Meta(description="on acts only for the apps and locations that --app-id, --location name"),
    ] = TenantCheck.OFF
    key_reload: Annotated[
        KeyReload,
        Meta(description="watched takes up a new key without a restart; looks once a second"),
    ] = KeyReload.AT_START
    answers: Annotated[
        Answers,
        Meta(description="guarded: security headers, a code for every error, no redirects"),
    ] = Answers.BARE
    media: Annotated[
        Media,
        Meta(description="json refuses other types, and compressed bodies unread"),
    ] = Media.ANY
    wire: Annotated[
        Wire,
        Meta(description="bounded ends slow and endless requests; slow senders must try again"),
    ] = Wire.UNBOUNDED
    health: Annotated[
        Health,
        Meta(description="private tells switches and counters only to holders of a token"),
    ] = Health.OPEN
    audit_log: Annotated[
        AuditLogging,
        Meta(description="chained: a record of every delivery that shows if it is altered"),
    ] = AuditLogging.OFF
    log_redaction: Annotated[
        LogRedaction,
        Meta(description="on: no personal detail in the log; exceptions lose their words"),
    ] = LogRedaction.OFF
    consent: Annotated[
        Consent,
        Meta(description="honoured: who opted out is not scored, and not updated upstream"),
    ] = Consent.IGNORED
    erasure: Annotated[
        Erasure,
        Meta(description="everywhere: ContactDelete empties storage, queue and caches"),
    ] = Erasure.OFF
    deletion: Annotated[
        Deletion,
        Meta(description="overwritten leaves nothing in the files; writes them anew at times"),
    ] = Deletion.MARKED


BASELINE = Profile()
OPTIMIZED = Profile(
    concurrency=Concurrency.TASKGROUP,
    inference=Placement.OFF_LOOP,
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
    workers=64,
    backlog=10_000,
    deduplicate=Deduplication.ATOMIC,
    timestamp_window=TimestampWindow.RETRIES,
    types=Types.STRICT,
    body_limit=BodyLimit.ONE_MEBIBYTE,
    error_detail=ErrorDetail.HIDDEN,
    structure=Structure.BOUNDED,
    unknown_fields=UnknownFields.KEPT,
    text=Text.CLEANED,
    rate_limit=RateLimit.ON,
    tenant_check=TenantCheck.ON,
    key_reload=KeyReload.WATCHED,
    answers=Answers.GUARDED,
    media=Media.JSON,
    wire=Wire.BOUNDED,
    health=Health.PRIVATE,
    audit_log=AuditLogging.CHAINED,
    log_redaction=LogRedaction.ON,
    consent=Consent.HONOURED,
    erasure=Erasure.EVERYWHERE,
    deletion=Deletion.OVERWRITTEN,
)
_BOUNDS = {"workers": _WORKERS, "backlog": _BACKLOG}
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
        turned[switch] = _value(switch, type(getattr(profile, switch)), value)
    return msgspec.convert(turned, Profile)


def _value(switch: str, kind: type[StrEnum] | type[int], text: str) -> str | int:
    if issubclass(kind, StrEnum):
        values = [str(known) for known in kind]
        if text not in values:
            raise UsageError(
                f"switch {switch} has no value {text!r}", suggestion(text, values, "values")
            )
        return text
    least, most = _BOUNDS[switch]
    if not (text.isascii() and text.isdigit() and least <= int(text[:10]) <= most):
        raise UsageError(
            f"switch {switch} has no value {text!r}", f"a whole number from {least} to {most}"
        )
    return int(text)
