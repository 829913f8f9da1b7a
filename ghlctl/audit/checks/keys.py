"""Whether keys are chosen, kept, replaced and withdrawn as they should be."""

from ghlctl.audit.checks import keys_rotation, keys_secrecy
from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = (*keys_secrecy.CHECKS, *keys_rotation.CHECKS)
