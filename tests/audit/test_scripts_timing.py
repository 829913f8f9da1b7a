"""What time tells is found where it is there, and nothing is ever claimed from noise."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest

from ghlctl.audit.checks.timing_comparison import (
    AGAIN_ALPHA,
    EARLY_COMPARISON,
    KNOWN_TENANT,
    LEAST_NS,
    Trial,
    read,
)
from ghlctl.audit.checks.timing_source import PLAIN_COMPARISON
from ghlctl.audit.driver import kit_of, run_audit
from ghlctl.audit.kit import Kit
from ghlctl.audit.receiver import AuditedReceiver, Bounds, Clock, Means
from ghlctl.audit.script import Check, Verdict
from ghlctl.audit.steps import Timed, Times
from ghlctl.model.delivery import Delivery
from ghlctl.model.finding import Outcome
from ghlctl.signing.catalogue import scheme_named
from tests.audit.conftest import KEYS, QUICK, Serve

SCHEME = scheme_named("github")
KEY = SCHEME.generate().private
HEADER = "X-Hub-Signature-256"
Delay = Callable[[Delivery], float]
"""Nanoseconds that a receiver takes longer over a request."""


def kit(seed: int) -> Kit:
    audited = AuditedReceiver("http://127.0.0.1:1/", scheme=SCHEME.name, key=KEY)
    return kit_of(audited, Bounds(), Clock(now=lambda: 1.7e9), Random(seed))


def played(
    check: Check, seed: int, delay: Delay, status: Callable[[int], int] = lambda _number: 401
) -> Verdict:
    """The check against times that are made up: noise, stretches of it, and the delay."""
    chance = np.random.default_rng(seed)
    script = check.script(kit(seed))
    asked = 0
    try:
        step = next(script)
        while True:
            assert isinstance(step, Timed)
            count = len(step.deliveries)
            delays = {one: delay(one) for one in set(step.deliveries)}
            times = 150_000 * chance.lognormal(0, 0.3, count)
            times += np.repeat(chance.random(count // 30 + 1) < 0.1, 30)[:count] * 900_000
            times += [delays[one] for one in step.deliveries]
            statuses = tuple(status(asked + number) for number in range(count))
            asked += count
            step = script.send(Times(tuple(int(one) for one in times), statuses))
    except StopIteration as end:
        verdict: Verdict = end.value
        return verdict


def nothing(_delivery: Delivery) -> float:
    return 0.0


def matched(delivery: Delivery) -> int:
    """How many characters of the signature are right."""
    expected = dict(SCHEME.sign(delivery.body, KEY, at=0.0, delivery_id=""))[HEADER]
    sent = delivery.header(HEADER) or ""
    return next(n for n, (a, b) in enumerate(zip(expected, sent, strict=True)) if a != b)


@pytest.mark.parametrize("check", [EARLY_COMPARISON, KNOWN_TENANT], ids=["position", "tenant"])
@pytest.mark.parametrize("seed", range(6))
def test_a_receiver_in_constant_time_never_fails(check: Check, seed: int) -> None:
    verdict = played(check, seed, nothing)
    assert verdict.outcome in (Outcome.INFORMATIVE, Outcome.INCONCLUSIVE)
    if verdict.outcome is Outcome.INFORMATIVE:
        assert "no difference of" in verdict.reason
        assert "cannot be seen" in verdict.reason


def test_noise_alone_almost_never_shows_anything_and_never_twice() -> None:
    trial = Trial(lambda _kit: (), "", (500,), LEAST_NS)  # type: ignore[arg-type,return-value] # reason: nothing is made of it
    shown = 0
    for seed in range(200):
        chance = np.random.default_rng(seed)
        times = 150_000 * chance.lognormal(0, 0.5, (1000, 3))
        times += np.cumsum(chance.normal(0, 3_000, 1000))[:, None]
        shown += read(times).shows(trial, AGAIN_ALPHA)
    assert shown <= 1


def test_a_comparison_that_stops_early_is_found() -> None:
    verdict = played(EARLY_COMPARISON, 3, lambda one: 1_000.0 * matched(one))
    assert verdict.outcome is Outcome.FAIL
    assert "later when all but the last byte" in verdict.reason


def test_what_is_smaller_than_what_can_be_seen_is_not_found_and_not_passed() -> None:
    verdict = played(EARLY_COMPARISON, 4, lambda one: 0.1 * matched(one))  # as memcmp
    assert verdict.outcome in (Outcome.INFORMATIVE, Outcome.INCONCLUSIVE)


def test_a_machine_on_which_the_same_takes_different_times_decides_nothing() -> None:
    kinds: dict[str, int] = {}

    def by_kind(one: Delivery) -> float:
        """The second of the two that are alike is slow, as if it had met another cache."""
        position = matched(one)
        letter = (one.header(HEADER) or "")[7]
        return 0.0 if position > 7 else (0.0 if kinds.setdefault(letter, len(kinds)) % 2 else 9e4)

    assert played(EARLY_COMPARISON, 5, by_kind).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (lambda number: 429 if number > 700 else 401, "401, 429"),
        (lambda _number: 429, "put all of the requests off"),
    ],
)
def test_requests_that_were_not_compared_are_no_sample(
    status: Callable[[int], int], words: str
) -> None:
    verdict = played(EARLY_COMPARISON, 6, nothing, status)
    assert (verdict.outcome, words in verdict.reason) == (Outcome.INCONCLUSIVE, True)


@pytest.fixture
def slow() -> Iterator[str]:
    """The URL of a receiver that compares byte by byte."""
    words = [sys.executable, "-m", "tests.audit.flaws.timing"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, **pipes) as process:  # type: ignore[call-overload] # reason: the pipes are named once
        process.stdin.write(KEY.decode() + "\n")
        process.stdin.flush()
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        process.kill()


def test_a_receiver_that_compares_byte_by_byte_is_found(slow: str) -> None:
    audited = AuditedReceiver(slow, scheme="github", key=KEY, means=Means(timing=True))
    summary = run_audit(audited, checks=(EARLY_COMPARISON,), bounds=QUICK)
    found = next(one for one in summary.checks if one.id == "TIM-01")
    assert (found.outcome, found.reason) == (Outcome.FAIL, found.reason)


def test_locations_that_take_longer_are_told_apart() -> None:
    """Each step is about three deliveries: the known one, the same again, and the unknown."""
    source = kit(7).source
    events = (source.event("ContactCreate", at=0.0, delivery_id=str(n)) for n in range(60))
    usual = {str(event.payload["locationId"]) for event in events}

    def delay(one: Delivery) -> float:
        return 0.0 if json.loads(one.body)["locationId"] in usual else 2e6

    verdict = played(KNOWN_TENANT, 1, delay)
    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, verdict.reason)
    assert "to a location that nobody has" in verdict.reason


PLAIN = """\
import hmac
def ok(body, signature):
    return hmac.new(K, body, 'sha256').hexdigest() == signature
"""
CONSTANT = """\
import hmac
def ok(body, signature):
    return hmac.compare_digest(hmac.new(K, body, 'sha256').hexdigest(), signature)
"""
SAID = (
    "app.py:3 compares `hmac.new(K, body, 'sha256').hexdigest() == signature`: "
    "hmac.compare_digest(a, b)"
)


@pytest.mark.parametrize(
    ("text", "outcome", "words"),
    [
        (PLAIN, Outcome.FAIL, SAID),
        (CONSTANT, Outcome.INFORMATIVE, "one call"),
        ("x = 1 == 2\n", Outcome.NOT_TESTED, "no comparison of signatures"),
    ],
)
def test_source_is_looked_at_and_never_passed(
    serve: Serve, upstream: str, tmp_path: Path, text: str, outcome: Outcome, words: str
) -> None:
    (tmp_path / "app.py").write_text(text)
    audited = AuditedReceiver(
        serve("ghl"), key=KEYS["ghl"], upstream_url=upstream, means=Means(source=tmp_path)
    )
    summary = run_audit(audited, checks=(PLAIN_COMPARISON,), bounds=QUICK)
    found = next(one for one in summary.checks if one.id == "TIM-03")
    assert (found.outcome, words in found.reason) == (outcome, True), found.reason
