"""Bounds on measured numbers."""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from ghlctl.model.caution import Caution
from ghlctl.model.estimate import CompareSummary


class Level(StrEnum):
    OFF = "off"
    WARN = "warn"
    ERROR = "error"


class Threshold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bound as a person wrote it, e.g. `response_time p95 < 500ms`."""

    expr: str
    level: Level = Level.ERROR
    abort: bool = False
    after: str = "0s"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the repository a threshold is written; `line` counts from 1."""

    file: str
    line: int = 1


class ThresholdResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`passed` is None where the number could not be had: that never counts as a pass.

    `unclear`: it is None because the interval from `low` to `high` lies on both sides of the
    bound. `n` counts what stands behind the value, named by `n_of`; `margin` is how far the value
    lies on the good side, in `unit`. `word` and `bound_word` stand for numbers where verdicts are
    compared, `run` says whose value it is.
    """

    expression: str
    value: float | None
    bound: float
    passed: bool | None = msgspec.field(name="pass")
    level: Level = Level.ERROR
    unit: str = ""
    note: str = ""
    low: float | None = None
    high: float | None = None
    unclear: bool = False
    n: int | None = None
    n_of: str = ""
    margin: float | None = None
    word: str = ""
    bound_word: str = ""
    run: str = ""


class GateStanding(StrEnum):
    """What thresholds of level error come to together; a failure outweighs what is unknown."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_MEASURED = "not_measured"
    UNCLEAR = "unclear"


class GateResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Thresholds of level error, comparisons and whole runs decide together.

    `pass` is true only where `standing` is passed. `remarks` decide nothing.
    """

    schema_version: int
    thresholds: tuple[ThresholdResult, ...]
    passed: bool = msgspec.field(name="pass")
    comparisons: tuple[CompareSummary, ...] = ()
    cautions: tuple[Caution, ...] = ()
    standing: GateStanding = GateStanding.NOT_MEASURED
    remarks: tuple[Caution, ...] = ()
    policy: str = ""
