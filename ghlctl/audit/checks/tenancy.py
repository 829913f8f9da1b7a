"""Whether one tenant's events stay away from another's."""

from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = ()
