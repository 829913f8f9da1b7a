"""All flawed receivers, topic by topic, and the correct ones that must trip nothing.

A topic's file names its own, so that a new one touches nothing here.
"""

from dataclasses import replace

from ghlctl.signing.catalogue import SCHEMES
from tests.audit.flaws import (
    compliance,
    errors,
    input,  # noqa: A004 - the topic's name
    keys,
    network,
    privacy,
    rate_limits,
    replay,
    resilience,
    signature,
    tenancy,
    timing,
)
from tests.audit.flaws.flaw import Flaw
from tests.audit.receivers import Steps

FLAWS = (
    *signature.FLAWS,
    *replay.FLAWS,
    *tenancy.FLAWS,
    *input.FLAWS,
    *errors.FLAWS,
    *network.FLAWS,
    *privacy.FLAWS,
    *compliance.FLAWS,
    *resilience.FLAWS,
    *rate_limits.FLAWS,
    *keys.FLAWS,
    *timing.FLAWS,
)


UNPROVEN = ("none", "header-secret")
"""Schemes that prove nothing about a delivery: no receiver of theirs is beyond reproach."""


def as_it_is(steps: Steps) -> Steps:
    return steps


def acknowledges_first(steps: Steps) -> Steps:
    return replace(steps, delay_s=0.15)


def answers_200_to_all(steps: Steps) -> Steps:
    return replace(steps, refusal=200)


CORRECT = (
    *(Flaw("correct", scheme, as_it_is) for scheme in SCHEMES if scheme not in UNPROVEN),
    Flaw("acknowledges-first", "ghl", acknowledges_first),
    Flaw("answers-200", "hmac-timestamp", answers_200_to_all),
)
