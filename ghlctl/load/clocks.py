"""How far two machines' clocks are apart, from messages that went there and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PINGS = 24
TRUSTED_NS = 1_000_000
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """`sent_ns` and `back_ns` by our clock, `there_ns` by the other's in between."""

    sent_ns: int
    there_ns: int
    back_ns: int


@dataclass(frozen=True, slots=True)
class Offset:
    """Add `ns` to our clock to have the other's, within `uncertainty_ns` to both sides."""

    ns: int
    uncertainty_ns: int


SAME_CLOCK = Offset(0, 0)


def offset_from(trips: Sequence[RoundTrip]) -> Offset:
    """By the shortest trip: however its time was shared between the two ways, it bounds the error.

    Raise ValueError without any trip.
    """
    best = min(trips, key=lambda trip: trip.back_ns - trip.sent_ns)
    half = (best.back_ns - best.sent_ns + 1) // 2
    return Offset(best.there_ns - best.sent_ns - half, half)


def apart(before: Offset, after: Offset) -> int:
    """By how many ns moments of the other clock may be wrong, drift in between included."""
    drift = abs(after.ns - before.ns)
    return max(before.uncertainty_ns, after.uncertainty_ns) + drift


def this_machine() -> str:
    """The same text in all processes that share one monotonic clock."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""
