"""What a check says of itself: the source of its findings, its docs and its references."""

from dataclasses import dataclass
from enum import StrEnum

from ghlctl.model.finding import Severity


class Topic(StrEnum):
    """Checks that belong together; grading weighs topics, not single checks, against each other."""

    CONTROLS = "controls"
    SIGNATURE = "signature"
    REPLAY = "replay"
    TENANCY = "tenancy"
    INPUT = "input"
    RESILIENCE = "resilience"
    RATE_LIMITS = "rate_limits"
    KEYS = "keys"
    ERRORS = "errors"
    NETWORK = "network"
    PRIVACY = "privacy"
    COMPLIANCE = "compliance"
    TIMING = "timing"


@dataclass(frozen=True, slots=True)
class About:
    """`title` is the behaviour of a receiver that passes; `asks` what is sent to find out.

    `id` never changes its meaning; `name` says the failing state in words, for people.
    `correct` is the right reaction, `references` are ids: CWE, ASVS 5.0.0, API Top 10 2023.
    """

    id: str
    name: str
    topic: Topic
    title: str
    severity: Severity
    asks: str
    correct: str
    why: str
    remedy: str
    references: tuple[str, ...] = ()
