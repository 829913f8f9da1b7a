"""Whether a genuinely signed body of any content is handled."""

from ghlctl.audit.checks import input_types
from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = input_types.CHECKS
