"""Whether a genuinely signed body of any content is handled."""

from ghlctl.audit.checks import (
    input_addresses,
    input_code,
    input_extras,
    input_queries,
    input_size,
    input_syntax,
    input_text,
    input_types,
)
from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = (
    *input_syntax.CHECKS,
    *input_types.CHECKS,
    *input_queries.CHECKS,
    *input_code.CHECKS,
    *input_addresses.CHECKS,
    *input_extras.CHECKS,
    *input_text.CHECKS,
    *input_size.CHECKS,
)
