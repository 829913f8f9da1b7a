"""Whether the receiver's answers tell a stranger what they should not."""

from ghlctl.audit.checks import errors_markup, errors_places, errors_provoked, errors_told
from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = (
    *errors_provoked.CHECKS,
    *errors_told.CHECKS,
    *errors_markup.CHECKS,
    *errors_places.CHECKS,
)
