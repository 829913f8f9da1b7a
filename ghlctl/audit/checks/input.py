"""Whether a genuinely signed body of any content is handled."""

from ghlctl.audit.checks import (
    input_extras,
    input_injection,
    input_size,
    input_syntax,
    input_text,
    input_types,
)
from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = (
    *input_syntax.CHECKS,
    *input_types.CHECKS,
    *input_injection.CHECKS,
    *input_extras.CHECKS,
    *input_text.CHECKS,
    *input_size.CHECKS,
)
