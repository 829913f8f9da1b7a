"""Numbers with their intervals, and what follows from two of them."""

from enum import StrEnum

import msgspec

from ghlctl.model.caution import Caution


class Estimate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number with its interval; `n` counts the independent units (blocks), not requests."""

    value: float
    low: float
    high: float
    confidence: float
    n: int


class Verdict(StrEnum):
    """SAME is shown by an equivalence test; UNCLEAR is everything that is not shown."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    UNCLEAR = "unclear"


class Comparison(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One metric, before and after. `change`, `low`, `high` and `detectable` are ratios minus one.

    A metric whose baseline may be zero (error_rate) has them as plain differences, and
    `relative` is False. None: cannot be said from these runs.
    """

    metric: str
    baseline: float
    candidate: float
    change: float | None
    low: float | None
    high: float | None
    detectable: float | None
    verdict: Verdict
    relative: bool = True
    note: str = ""


class CompareSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole comparison of two runs: the JSON of `ghlctl compare`."""

    schema_version: int
    baseline: str
    candidate: str
    method: str
    metrics: tuple[Comparison, ...]
    verdict: Verdict
    cautions: tuple[Caution, ...] = ()
