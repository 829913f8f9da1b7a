"""Named places at which a test lets a receiver die: the crash matrix is then no matter of luck.

Nothing happens unless GHLCTL_FAILPOINTS names a file when the process starts. Its text is
`NAME:COUNT`; the process kills itself when it comes to that place for the COUNTth time.
"""

import os
import signal
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

VARIABLE = "GHLCTL_FAILPOINTS"


class Failpoint(StrEnum):
    BEFORE_COMMIT = "before_commit"
    AFTER_COMMIT = "after_commit"  # and before the acknowledgement
    AFTER_ACKNOWLEDGEMENT = "after_acknowledgement"
    BEFORE_EFFECT = "before_effect"
    AFTER_EFFECT = "after_effect"  # and before the delivery is marked as done
    AFTER_MARK = "after_mark"


@dataclass(slots=True)
class _Armed:
    point: Failpoint
    left: int


def reach(point: Failpoint) -> None:
    """Do nothing, or die here."""
    armed = _armed()
    if armed is None or armed.point is not point:
        return
    armed.left -= 1
    if armed.left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)


def watched(point: Failpoint) -> bool:
    armed = _armed()
    return armed is not None and armed.point is point


@cache
def _armed() -> _Armed | None:
    place = os.environ.get(VARIABLE)
    if not place:
        return None
    try:
        name, _, count = Path(place).read_text().strip().partition(":")
    except FileNotFoundError:
        return None
    return _Armed(Failpoint(name), int(count or 1)) if name else None
