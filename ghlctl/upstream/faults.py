"""What goes wrong, how often and when: seeded, and told to the second."""

import re
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from ghlctl.errors import UsageError

ERROR_STATUSES = range(400, 600)


class FaultKind(StrEnum):
    """What a request meets that draws a fault; all but SLOW leave nothing applied."""

    STATUS = "status"  # answered with the fault's status
    RESET = "reset"  # the connection is dropped without an answer
    HANG = "hang"  # the connection stays, and no answer ever comes
    SLOW = "slow"  # answered as it should be, `fault_slow_ms` later


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A share of requests that go wrong, from so many seconds after the first request on.

    `until_s` None is for good. `status` counts for FaultKind.STATUS alone.
    """

    share: float
    kind: FaultKind = FaultKind.STATUS
    status: int = 503
    from_s: float = 0.0
    until_s: float | None = None

    def active(self, elapsed_s: float) -> bool:
        return self.from_s <= elapsed_s and (self.until_s is None or elapsed_s < self.until_s)


def chosen(faults: Sequence[Fault], elapsed_s: float, drawn: float) -> Fault | None:
    """The fault for one draw from 0 to 1: their shares lie side by side and never overlap."""
    for fault in faults:
        if fault.active(elapsed_s):
            drawn -= fault.share
            if drawn < 0:
                return fault
    return None


_WRITTEN = re.compile(
    r"(?P<what>\d{3}|reset|hang|slow)=(?P<share>\d+(?:\.\d+)?)(?P<percent>%?)"
    r"(?:@(?P<start>\d+(?:\.\d+)?)s?-(?:(?P<end>\d+(?:\.\d+)?)s?)?)?"
)


def fault_from(text: str) -> Fault:
    """`503=35%@10s-70s`, `reset=1%`, `hang=0.005@60s-`. Raise UsageError for anything else."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise UsageError(
            f"{text!r} is no fault", "write 503=35%@10s-70s, reset=1%, hang=1% or slow=5%@60s-"
        )
    what, start, end = match["what"], match["start"], match["end"]
    fault = Fault(
        share=float(match["share"]) / (100 if match["percent"] else 1),
        kind=FaultKind.STATUS if what.isdigit() else FaultKind(what),
        status=int(what) if what.isdigit() else 503,
        from_s=float(start or 0),
        until_s=float(end) if end else None,
    )
    check_fault(fault)
    return fault


def check_fault(fault: Fault) -> None:
    """Raise UsageError for a fault that no request can meet."""
    if not 0 <= fault.share <= 1:
        raise UsageError(f"a fault's share of {fault.share:g} is none", "try 503=6%")
    if fault.status not in ERROR_STATUSES:
        raise UsageError(f"{fault.status} is no status of a fault", "take 429 or 503")
    if not 0 <= fault.from_s < (fault.until_s or float("inf")):
        raise UsageError("a fault ends after it begins", "write 503=35%@10s-70s")
