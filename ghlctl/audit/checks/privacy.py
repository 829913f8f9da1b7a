"""Where personal data of deliveries ends up."""

from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = ()
