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
    `relative` is False. None: cannot be said from these runs. `change_ms`, `low_ms`, `high_ms`:
    the same change of a time in milliseconds. `margin`: a change up to it does not matter, in the
    unit of `change`. `effect_size`: Cliff's delta, -1 to 1, descriptive. `p`: corrected by Holm.
    `n` counts the pairs, or the blocks of both runs; `more_needed`: how many more of them would
    show any change of twice the margin. `outliers` were counted and kept.
    """

    metric: str
    baseline: float | None
    candidate: float | None
    change: float | None
    low: float | None
    high: float | None
    detectable: float | None
    verdict: Verdict
    relative: bool = True
    note: str = ""
    change_ms: float | None = None
    low_ms: float | None = None
    high_ms: float | None = None
    margin: float | None = None
    effect_size: float | None = None
    p: float | None = None
    n: int = 0
    more_needed: int | None = None
    outliers: int = 0


class Mode(StrEnum):
    """How the arms were measured; only SEQUENTIAL leaves drift of the machine uncontrolled."""

    SEQUENTIAL = "sequential"  # two stored runs
    DUET = "duet"  # both loaded at the same time: ratios only
    ABBA = "abba"  # in turns, the order drawn anew for every quad


class NoiseFloor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a receiver differs from itself by, as measured; ratios, or differences for error_rate.

    `interleaved` in the schedule of the comparison, `sequential` between the halves of the
    session, as two runs one after another would have.
    """

    metric: str
    interleaved: float | None
    sequential: float | None


class CompareSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole comparison of two runs: the JSON of `ghlctl compare`.

    `noise_floor`: the most drift that the method leaves uncontrolled, a ratio.
    `attempts`: how many live comparisons of this pair the store holds, this one among them.
    `noise_floors` come from a control arm, and are empty without one.
    """

    schema_version: int
    baseline: str
    candidate: str
    method: str
    metrics: tuple[Comparison, ...]
    verdict: Verdict
    cautions: tuple[Caution, ...] = ()
    run: str = ""
    mode: Mode = Mode.SEQUENTIAL
    state: str = "complete"
    attempts: int = 0
    noise_floor: float | None = None
    noise_floors: tuple[NoiseFloor, ...] = ()
