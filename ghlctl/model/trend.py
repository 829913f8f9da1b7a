"""How a receiver fared over many runs: the JSON of `ghlctl trend`."""

import msgspec

from ghlctl.model.caution import Caution
from ghlctl.model.estimate import Verdict


class TrendChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lasting change: the first run of the new level, and the means of the levels around it.

    `change` is a ratio minus one, None from a level of zero; `p` is of a t test of both levels.
    """

    run: str
    started_at: str
    before: float
    after: float
    change: float | None
    p: float
    verdict: Verdict


class TrendSeries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One metric over the runs that have it, oldest first."""

    metric: str
    values: tuple[float, ...]
    changes: tuple[TrendChange, ...]


class TrendSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`runs`: the ids looked at, oldest first."""

    schema_version: int
    name: str
    method: str
    runs: tuple[str, ...]
    metrics: tuple[TrendSeries, ...]
    cautions: tuple[Caution, ...] = ()
