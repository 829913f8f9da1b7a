"""Whether comparing signatures takes a time that tells where they differ."""

from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = ()
