"""Whether a receiver is ready to be measured: the JSON of `ghlctl health`."""

import msgspec

from ghlctl.model.finding import Outcome


class HealthCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question about readiness; `hint` says what to do where the outcome is no pass."""

    id: str
    outcome: Outcome
    detail: str
    hint: str = ""


class HealthSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`passed`: no check failed; what could not be asked does not count against the receiver."""

    schema_version: int
    checks: tuple[HealthCheck, ...]
    passed: bool = msgspec.field(name="pass")
