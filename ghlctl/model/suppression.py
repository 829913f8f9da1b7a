"""Risks that somebody accepts for a time, instead of mending them."""

from enum import StrEnum

import msgspec

LONGEST_DAYS = 180
"""How long a risk may be accepted before somebody has to look again."""


class AcceptedBecause(StrEnum):
    """A closed list, so that a reader can count them."""

    ACCEPTED_RISK = "accepted-risk"
    MITIGATED_ELSEWHERE = "mitigated-elsewhere"
    FIX_PLANNED = "fix-planned"
    FALSE_POSITIVE = "false-positive"
    TEST_SETUP = "test-setup"


class Suppression(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One check, by id, on receivers whose URL the glob `target` fits; `expires` is an ISO date."""

    id: str
    reason: AcceptedBecause
    statement: str
    owner: str
    expires: str
    target: str = "*"
