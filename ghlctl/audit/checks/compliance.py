"""What is on record about deliveries, and how consent, erasure and retention are kept."""

from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = ()
