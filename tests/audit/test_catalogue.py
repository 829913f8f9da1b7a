"""The catalogue is complete, and says of every check what a reader needs."""

import importlib
import pkgutil
import re
from random import Random
from types import ModuleType

import pytest

from ghlctl.audit import checks
from ghlctl.audit.about import Topic
from ghlctl.audit.catalogue import CHECKS, CONTROLS, EVERYTHING, about, about_all, in_scope
from ghlctl.audit.driver import kit_of
from ghlctl.audit.grading import CATEGORIES
from ghlctl.audit.receiver import AuditedReceiver, Bounds, Clock
from ghlctl.audit.rehearsal import Imagined, Manner
from ghlctl.audit.script import Check
from ghlctl.errors import UsageError
from ghlctl.model.finding import Severity
from ghlctl.signing.catalogue import scheme_named

PREFIXES = {
    Topic.CONTROLS: "CTL",
    Topic.SIGNATURE: "SIG",
    Topic.REPLAY: "RPL",
    Topic.TENANCY: "TEN",
    Topic.INPUT: "INP",
    Topic.RESILIENCE: "RES",
    Topic.RATE_LIMITS: "RES",
    Topic.KEYS: "KEY",
    Topic.ERRORS: "ERR",
    Topic.NETWORK: "NET",
    Topic.PRIVACY: "PRV",
    Topic.COMPLIANCE: "PRV",
    Topic.TIMING: "TIM",
}
MOST_REQUESTS = 2000  # of one check, to the worst receiver
REFERENCE = re.compile(
    r"CWE-\d+|ASVS v5\.0\.0-\d+\.\d+\.\d+|API(?:10|[1-9]):2023|CVE-\d{4}-\d+"
    r"|GDPR \d+(?:\(\d\))?(?:\([a-z]\))?|CCPA 1798\.\d+(?:\([a-z]\))?|RFC \d+"
)


def modules() -> list[ModuleType]:
    names = [one.name for one in pkgutil.iter_modules(checks.__path__)]
    return [importlib.import_module(f"ghlctl.audit.checks.{name}") for name in names]


def test_every_check_that_is_written_is_in_the_catalogue() -> None:
    written = {v.about.id for m in modules() for v in vars(m).values() if isinstance(v, Check)}
    assert written == {check.about.id for check in CHECKS}


def test_every_file_of_checks_names_them_and_belongs_to_a_topic() -> None:
    for module in modules():
        file = module.__name__.rpartition(".")[2]
        topic = next((one for one in Topic if re.fullmatch(rf"{one.value}(_\w+)?", file)), None)
        assert topic is not None, file
        assert all(check.about.topic is topic for check in module.CHECKS), file


def test_every_topic_that_is_asked_about_is_graded_or_is_timing() -> None:
    graded = {topic for group in CATEGORIES for topic in group.topics}
    assert set(Topic) - graded == {Topic.CONTROLS, Topic.TIMING}


def test_names_are_words_and_unique() -> None:
    names = [one.name for one in about_all()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)


@pytest.mark.parametrize("manner", list(Manner))
@pytest.mark.parametrize("scheme", ["ghl", "standard", "stripe", "github", "none"])
def test_every_check_comes_to_a_verdict_with_any_receiver(scheme: str, manner: Manner) -> None:
    """And every time that it is asked the same, it asks the same and says the same."""
    audited = AuditedReceiver(
        "http://127.0.0.1:1/", scheme=scheme, key=scheme_named(scheme).generate().private
    )
    given = kit_of(audited, Bounds(largest_body_bytes=20_000), Clock(now=lambda: 1.7e9), Random(1))
    for check in CHECKS:
        if check.fits.unfit(given.subject):
            continue
        told = []
        for _ in range(2):
            imagined = Imagined(given, manner)
            verdict = imagined.play(check.script(given.seeded(1)))
            told.append((verdict, imagined.requests))
        assert told[0] == told[1], check.about.id
        assert told[0][0].reason
        assert told[0][1] <= MOST_REQUESTS, check.about.id


def test_ids_are_unique_and_tell_their_topic() -> None:
    ids = [one.id for one in about_all()]
    assert len(ids) == len(set(ids))
    assert all(one.id.startswith(PREFIXES[one.topic] + "-") for one in about_all())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.about.id)
def test_a_check_says_what_it_asks_why_and_what_to_do(check: Check) -> None:
    one = check.about
    assert all((one.title, one.asks, one.correct, one.why, one.remedy, one.references))
    assert all(REFERENCE.fullmatch(reference) for reference in one.references)
    assert one.severity is not Severity.INFO
    assert not one.title.endswith(".")


def test_controls_weigh_nothing() -> None:
    assert all(one.severity is Severity.INFO for one in CONTROLS)


def test_a_scope_is_a_topic_an_id_or_everything() -> None:
    assert in_scope(None) == in_scope(frozenset({EVERYTHING})) == CHECKS
    sized = {check.about.id for check in CHECKS if check.about.topic is Topic.RESILIENCE}
    found = {check.about.id for check in in_scope(frozenset({"resilience", "SIG-01"}))}
    assert found == {*sized, "SIG-01"}


def test_an_unknown_check_is_answered_with_the_closest() -> None:
    assert about("sig-01").id == "SIG-01"
    with pytest.raises(UsageError) as refused:
        about("SIG-001")
    assert "SIG-01" in refused.value.hint
