"""Whether one tenant's events stay away from another's."""

from ghlctl.audit.checks import tenancy_locations
from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = tenancy_locations.CHECKS
