"""What the receiver's address offers beside its webhook, and over which TLS."""

from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = ()
