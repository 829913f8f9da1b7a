"""Whether the receiver keeps working when it is asked for too much."""

from ghlctl.audit.checks import resilience_size
from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = resilience_size.CHECKS
