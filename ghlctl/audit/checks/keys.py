"""Whether keys are chosen, kept, replaced and withdrawn as they should be."""

from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = ()
