"""Whether too many requests are put off, and nothing is lost by it."""

from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = ()
