"""Whether an old or repeated delivery is acted on again."""

from ghlctl.audit.checks import replay_duplicates, replay_window
from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = (*replay_window.CHECKS, *replay_duplicates.CHECKS)
