"""Whether what happens is on record, and what people asked for is heeded."""

from ghlctl.audit.checks import (
    compliance_consent,
    compliance_forgery,
    compliance_policy,
    compliance_records,
    compliance_refusals,
)
from ghlctl.audit.script import Check

CHECKS: tuple[Check, ...] = (
    *compliance_records.CHECKS,
    *compliance_forgery.CHECKS,
    *compliance_consent.CHECKS,
    *compliance_policy.CHECKS,
    *compliance_refusals.CHECKS,  # last, because it is asked alone
)
