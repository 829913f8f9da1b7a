"""All flawed receivers, topic by topic, and the correct ones that must trip nothing.

A topic's file names its own, so that a new one touches nothing here.
"""

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module

from ghlctl.audit.about import Topic
from ghlctl.audit.catalogue import about
from ghlctl.signing.catalogue import SCHEMES
from tests.audit.flaws.flaw import Flaw
from tests.audit.receivers import Steps


def flaws_of(topic: Topic) -> tuple[Flaw, ...]:
    return tuple(import_module(f"tests.audit.flaws.{topic.value}").FLAWS)


BY_TOPIC: Mapping[Topic, tuple[Flaw, ...]] = {
    topic: flaws_of(topic) for topic in Topic if topic is not Topic.CONTROLS
}
FLAWS = tuple(flaw for flaws in BY_TOPIC.values() for flaw in flaws)

SAMPLE = tuple(
    min(flaws, key=lambda flaw: (flaw.name, flaw.scheme)) for flaws in BY_TOPIC.values() if flaws
)
"""One of each topic that meets every check on every run; `benchmarks.flaw_matrix` asks all."""


def scope_of(flaw: Flaw) -> frozenset[str]:
    """The topics of its file and of what it trips; all of them for the sample."""
    if flaw in SAMPLE:
        return frozenset()
    own = {topic.value for topic, flaws in BY_TOPIC.items() if flaw in flaws}
    return frozenset(own | {about(check).topic.value for check in flaw.trips})


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
