"""Whether time tells what a refusal should not, by the clock and by the source."""

from ghlctl.audit.checks import timing_comparison, timing_source
from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = (*timing_source.CHECKS, *timing_comparison.CHECKS)
