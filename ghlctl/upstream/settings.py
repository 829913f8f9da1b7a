"""What the fake HighLevel API is set to; its network is the only simulated time in ghlctl."""

from enum import StrEnum

import msgspec

from ghlctl.errors import UsageError


class FaultKind(StrEnum):
    """What a request meets that draws a fault; all but SLOW leave nothing applied."""

    STATUS = "status"  # answered with `fault_status`
    RESET = "reset"  # the connection is dropped without an answer
    SLOW = "slow"  # answered as it should be, `fault_slow_ms` later


class UpstreamSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The network, the faults and the limits of one upstream; times in milliseconds.

    A request takes one round trip and a service time that is lognormal around its median
    `service_ms`; a new connection costs `setup_rtts` round trips more (TCP and TLS 1.3: two).
    `fault_rate` is the share of requests that draw a fault. `locations` is how many locations may
    call, in the order of their first call, 0 for any number. HighLevel documents no idempotency
    header, so a repeated key is applied again and a duplicated effect stays visible; with
    `honours_idempotency_keys` it is answered from memory and recorded as not applied.
    """

    rtt_ms: float = 30.0
    setup_rtts: float = 2.0
    service_ms: float = 35.0
    service_sigma: float = 0.25
    fault_rate: float = 0.0
    fault_kind: FaultKind = FaultKind.STATUS
    fault_status: int = 503
    fault_slow_ms: float = 2000.0
    seed: int = 1
    locations: int = 0
    limit: int = 100
    limit_interval_ms: int = 10_000
    limit_daily: int = 200_000
    honours_idempotency_keys: bool = False
    ledger_entries: int = 1_000_000
    ledger_bytes: int = 256 * 1024 * 1024


DEMO = UpstreamSettings(fault_rate=0.06, seed=7)
"""What the demo measures against: HighLevel as documented, behind 30 ms, failing 6 % of calls."""


def checked(settings: UpstreamSettings) -> UpstreamSettings:
    """The same settings; raise UsageError for values that no network has."""
    times = (settings.rtt_ms, settings.setup_rtts, settings.service_ms, settings.service_sigma)
    if not all(0 <= value < float("inf") for value in (*times, settings.fault_slow_ms)):
        raise UsageError("the upstream's times must be finite and not negative", "try --rtt 30")
    if not 0 <= settings.fault_rate <= 1:
        raise UsageError(f"a fault rate of {settings.fault_rate} is no share", "try --faults 6%")
    if settings.fault_status not in range(400, 600):
        raise UsageError(f"{settings.fault_status} is no status of a fault", "take 429 or 503")
    if min(settings.limit, settings.limit_interval_ms, settings.limit_daily) < 1:
        raise UsageError("the upstream's limits must be at least 1", "HighLevel's are 100 in 10 s")
    if min(settings.ledger_entries, settings.ledger_bytes) < 1 or settings.locations < 0:
        raise UsageError("the ledger's bounds must be at least 1, locations at least 0")
    return settings
