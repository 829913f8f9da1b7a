"""What the fake HighLevel API is set to; its network is the only simulated time in ghlctl."""

import msgspec

from ghlctl.errors import UsageError
from ghlctl.upstream.faults import Fault, FaultKind, check_fault

__all__ = ["DEMO", "Fault", "FaultKind", "UpstreamSettings", "checked"]


class UpstreamSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The network, the faults and the limits of one upstream; times in milliseconds.

    A request takes one round trip and a service time. Both are lognormal around their medians
    `rtt_ms` and `service_ms`; with a sigma of 0 they are always the same. A new connection costs
    `setup_rtts` median round trips more (TCP and TLS 1.3: two).
    `fault_rate` is the share of requests that draw a fault of `fault_kind`, all the time; `faults`
    are others, each with its own share and its own time. `locations` is how many locations may
    call, in the order of their first call, 0 for any number. HighLevel documents no idempotency
    header, so a repeated key is applied again and a duplicated effect stays visible; with
    `honours_idempotency_keys` it is answered from memory and recorded as not applied. With `oauth`
    only tokens are taken that POST /oauth/token gave; they end after `token_life_s` seconds.
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
    rtt_sigma: float = 0.0
    faults: tuple[Fault, ...] = ()
    oauth: bool = False
    token_life_s: float = 86_399.0


DEMO = UpstreamSettings(fault_rate=0.06, seed=7)
"""What the demo measures against: HighLevel as documented, behind 30 ms, failing 6 % of calls."""


def checked(settings: UpstreamSettings) -> UpstreamSettings:
    """The same settings; raise UsageError for values that no network has."""
    times = (settings.rtt_ms, settings.setup_rtts, settings.service_ms, settings.fault_slow_ms)
    if not all(0 <= value < float("inf") for value in times):
        raise UsageError("the upstream's times must be finite and not negative", "try --rtt 30")
    if not all(0 <= sigma <= 3 for sigma in (settings.rtt_sigma, settings.service_sigma)):  # noqa: PLR2004 - beyond, every hundredth call takes 1000 medians
        raise UsageError("a sigma of the upstream's times is between 0 and 3", "0.25 is usual")
    if not 0 <= settings.fault_rate <= 1:
        raise UsageError(f"a fault rate of {settings.fault_rate} is no share", "try --faults 0.06")
    for fault in settings.faults:
        check_fault(fault)
    if settings.fault_status not in range(400, 600):
        raise UsageError(f"{settings.fault_status} is no status of a fault", "take 429 or 503")
    if min(settings.limit, settings.limit_interval_ms, settings.limit_daily) < 1:
        raise UsageError("the upstream's limits must be at least 1", "HighLevel's are 100 in 10 s")
    if min(settings.ledger_entries, settings.ledger_bytes) < 1 or settings.locations < 0:
        raise UsageError("the ledger's bounds must be at least 1, locations at least 0")
    if not 1 <= settings.token_life_s < float("inf"):
        raise UsageError("a token lives for at least a second", "HighLevel's live for 86399")
    return settings
