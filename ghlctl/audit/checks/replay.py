"""Whether an old or repeated delivery is acted on again."""

from ghlctl.audit.checks import (
    replay_disguises,
    replay_duplicates,
    replay_losses,
    replay_races,
    replay_times,
    replay_window,
)
from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = (
    *replay_window.CHECKS,
    *replay_times.CHECKS,
    *replay_duplicates.CHECKS,
    *replay_disguises.CHECKS,
    *replay_races.CHECKS,
    *replay_losses.CHECKS,
)
