"""Whether too many requests are put off, and nothing is lost by it."""

from ghlctl.audit.checks import rate_limits_bursts, rate_limits_forgeries
from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = (*rate_limits_bursts.CHECKS, *rate_limits_forgeries.CHECKS)
