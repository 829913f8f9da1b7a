"""Bounds on measured numbers."""

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


class ThresholdResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`passed` is None where the number could not be had: that never counts as a pass."""

    expression: str
    value: float | None
    bound: float
    passed: bool | None = msgspec.field(name="pass")
    level: Level = Level.ERROR
    unit: str = ""
    note: str = ""


class GateResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Thresholds of level error, comparisons and cautions about whole runs decide together."""

    schema_version: int
    thresholds: tuple[ThresholdResult, ...]
    passed: bool = msgspec.field(name="pass")
    comparisons: tuple[CompareSummary, ...] = ()
    cautions: tuple[Caution, ...] = ()
