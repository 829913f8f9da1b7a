"""A run: everything one command measured, and where."""

from enum import StrEnum
from typing import Any

import msgspec

from ghlctl.model.caution import Caution
from ghlctl.model.estimate import Mode

SCHEMA_VERSION = 1


class RunKind(StrEnum):
    LOADTEST = "loadtest"
    BASELINE = "baseline"
    AUDIT = "audit"
    DEMO = "demo"
    COMPARE = "compare"


class RunState(StrEnum):
    """RUNNING on disk without a living process is a killed run: it is read as ABORTED."""

    RUNNING = "running"
    COMPLETE = "complete"
    ABORTED = "aborted"


class Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The machine as far as it changes numbers; never a host name, a user or a path."""

    system: str
    machine: str
    cpu: str
    cores: int
    memory_bytes: int
    python: str
    load_1m: float


class Interleaved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a live comparison shared its time out. `order`: who was loaded in each turn, as letters.

    `arms`: receivers by letter, the control arm C among them. `attempt` counts from 1.
    """

    mode: Mode
    order: str
    arms: dict[str, str]
    pairs: int
    block_s: float
    pause_s: float
    attempt: int


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """run.json. `origin_unix_ns` is the wall clock at the samples' monotonic zero, 0 if unknown.

    `interleaved` is set where the run is a live comparison, whose arms are runs inside it.
    """

    schema_version: int
    id: str
    kind: RunKind
    state: RunState
    name: str
    scenario: dict[str, Any]
    seed: int
    receiver: str
    scheme: str
    environment: Environment
    started_at: str
    ended_at: str = ""
    tool_version: str = ""
    origin_unix_ns: int = 0
    cautions: tuple[Caution, ...] = ()
    interleaved: Interleaved | None = None
