"""Whether only what the provider signed is acted on."""

from ghlctl.audit.checks import signature_forgeries
from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = signature_forgeries.CHECKS
