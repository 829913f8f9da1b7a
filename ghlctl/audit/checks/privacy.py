"""What becomes of personal details: where they get to, and when they are to be forgotten."""

from ghlctl.audit.checks import privacy_flows, privacy_logs, privacy_rights
from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = (
    *privacy_logs.CHECKS,
    *privacy_flows.CHECKS,
    *privacy_rights.CHECKS,
)
