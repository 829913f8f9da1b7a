"""What turning switches one after another did: the JSON of `ghlctl ladder`."""

import msgspec

from ghlctl.model.caution import Caution
from ghlctl.model.estimate import Comparison, Estimate


class Rung(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One run, with `turned` switches more than the rung before. None: not measured.

    Estimates are of blocks, and None with fewer than two of them. `p95_ms` is of the whole run and
    `p95_blocks_ms` of the blocks' own. `call_ms` is one call to the upstream as the receiver waited
    for it; `recovered`, of the calls that failed at first, the share that succeeded later;
    `hit_rate` that of scores. `load_1m` is the machine's before the run.
    """

    turned: tuple[str, ...]
    run: str
    sent: int
    mean_ms: Estimate | None
    p95_ms: float | None
    p95_blocks_ms: Estimate | None
    end_to_end_mean_ms: Estimate | None
    end_to_end_p95_ms: float | None
    error_rate: Estimate
    throughput_per_s: Estimate | None
    calls_per_event: float | None
    call_ms: float | None
    hit_rate: float | None
    recovered: float | None
    cpu_ms_per_event: float | None
    lost: int | None
    duplicated: int | None
    load_1m: float
    mean_against_before: Comparison | None
    cautions: tuple[Caution, ...]


class LadderSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`state` is complete, or aborted where not every rung was measured."""

    schema_version: int
    kind: str
    state: str
    start: str
    rate_per_s: float
    duration_s: float
    upstream: dict[str, float]
    rungs: tuple[Rung, ...]
