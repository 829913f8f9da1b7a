"""What the receiver tells a stranger when something goes wrong."""

from ghlctl.audit.checks import errors_answers, errors_places
from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = (*errors_answers.CHECKS, *errors_places.CHECKS)
