"""What the receiver tells a stranger when something goes wrong."""

from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = ()
