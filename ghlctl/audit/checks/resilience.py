"""Whether the receiver keeps working when it is asked for too much."""

from ghlctl.audit.checks import (
    resilience_bombs,
    resilience_costs,
    resilience_oddities,
    resilience_size,
    resilience_waiting,
)
from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = (
    *resilience_costs.CHECKS,
    *resilience_oddities.CHECKS,
    *resilience_waiting.CHECKS,
    *resilience_size.CHECKS,
    *resilience_bombs.CHECKS,
)
