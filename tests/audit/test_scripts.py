"""Checks are pure: played here against receivers that are functions, without any I/O."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from ghlctl.audit.canary import Canary, Footprint
from ghlctl.audit.checks.input_types import WRONG_TYPES
from ghlctl.audit.checks.replay_duplicates import REPLAYED, RETRIED
from ghlctl.audit.checks.replay_window import LATE_RETRY, STALE_TIMESTAMP
from ghlctl.audit.checks.resilience_size import OVERSIZED_BODY
from ghlctl.audit.checks.signature_forgeries import NO_SIGNATURE, WRONG_KEY
from ghlctl.audit.kit import Kit, people_of
from ghlctl.audit.refusal import read_refusal
from ghlctl.audit.script import Check, Verdict
from ghlctl.audit.steps import Observation, Observe, Push, Send, Volley
from ghlctl.audit.strangers import stranger_to
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.model.sample import ErrorKind
from ghlctl.providers.catalogue import provider_named
from ghlctl.signing.catalogue import scheme_named
from ghlctl.transport.attempt import Answer, Failure, Pushed


def reply(status: int) -> Reply:
    return Reply(status, (), b"", 1.0, 1.0, 1.0)


TIMEOUT = Failure(ErrorKind.TIMEOUT, "no whole reply within 10 s", 10_000.0)
CLOSED = Failure(ErrorKind.CLOSED, "the connection was closed before the reply was whole", 1.0)
SECRET = b"secret-of-the-test"


def kit(scheme: str = "hmac-timestamp", *, oracle: bool = True, key: bool = True) -> Kit:
    signer = scheme_named(scheme)
    private = signer.read_signing_key(
        SECRET if scheme == "hmac-timestamp" else signer.generate().private
    )
    return Kit(
        scheme=signer,
        key=private if key else None,
        stranger=stranger_to(private, signer),
        people=people_of(provider_named("ghl"), 1),
        source=provider_named("ghl").source(1, contacts=3, locations=1),
        event_type="ContactCreate",
        now=lambda: 1_700_000_000.0,
        random=Random(5),
        oracle=oracle,
        largest_body_bytes=20_000,
        footprint=Footprint(),
    )


@dataclass
class World:
    """A receiver as two functions: what it answers, and how often it acts, by request number."""

    answer: Callable[[int, Delivery], Answer]
    acts: Callable[[int, Delivery], int] = field(default=lambda _n, _d: 0)
    oracle: bool = True
    consumes: bool = False
    path: str = "/effects"
    sent: list[Delivery] = field(default_factory=list)
    lines: list[tuple[Canary, LedgerEntry]] = field(default_factory=list)

    def ask(self, step: Send | Push) -> Answer:
        number = len(self.sent)
        self.sent.append(step.delivery)
        for _ in range(self.acts(number, step.delivery)):
            mark = step.canaries[-1]
            line = LedgerEntry(
                len(self.lines) + 1, 0, "PUT", self.path, 200, True, body=mark.delivery_id
            )
            self.lines.append((mark, line))
        return self.answer(number, step.delivery)

    def look(self, observe: Observe) -> Observation:
        if not self.oracle:
            return Observation(None)
        return Observation(tuple(line for mark, line in self.lines if mark in observe.canaries))


def play(check: Check, given: Kit, world: World) -> Verdict:
    script = check.script(given)
    try:
        step = next(script)
        while True:
            match step:
                case Send():
                    step = script.send(world.ask(step))
                case Volley(sends):
                    step = script.send(tuple(world.ask(one) for one in sends))
                case Push(delivery):
                    size = len(delivery.body)
                    sent = size if world.consumes else size // 4
                    step = script.send(Pushed(world.ask(step), sent, size))
                case Observe():
                    step = script.send(world.look(step))
    except StopIteration as end:
        verdict: Verdict = end.value
        return verdict


def always(answer: Answer) -> Callable[[int, Delivery], Answer]:
    return lambda _number, _delivery: answer


@pytest.mark.parametrize(
    ("answer", "oracle", "outcome", "confidence"),
    [
        (reply(401), True, Outcome.PASS, Confidence.CONFIRMED),
        (reply(200), True, Outcome.PASS, Confidence.CONFIRMED),
        (reply(302), True, Outcome.PASS, Confidence.CONFIRMED),
        (reply(500), True, Outcome.PASS, Confidence.CONFIRMED),
        (CLOSED, True, Outcome.PASS, Confidence.CONFIRMED),
        (reply(429), True, Outcome.INCONCLUSIVE, Confidence.LOW),
        (TIMEOUT, True, Outcome.INCONCLUSIVE, Confidence.LOW),
        (reply(401), False, Outcome.PASS, Confidence.MEDIUM),
        (reply(500), False, Outcome.PASS, Confidence.LOW),
        (reply(200), False, Outcome.INCONCLUSIVE, Confidence.LOW),
        (reply(302), False, Outcome.INCONCLUSIVE, Confidence.LOW),
        (reply(429), False, Outcome.INCONCLUSIVE, Confidence.LOW),
        (CLOSED, False, Outcome.INCONCLUSIVE, Confidence.LOW),
        (TIMEOUT, False, Outcome.INCONCLUSIVE, Confidence.LOW),
    ],
)
def test_what_an_answer_tells_where_nothing_was_seen_to_happen(
    answer: Answer, oracle: bool, outcome: Outcome, confidence: Confidence
) -> None:
    verdict = read_refusal(answer, oracle=oracle)
    assert (verdict.outcome, verdict.confidence) == (outcome, confidence)


@pytest.mark.parametrize(
    ("acted", "outcome"),
    [
        ((True, True, True), Outcome.FAIL),
        ((True, False, True), Outcome.INCONCLUSIVE),
        ((True, False, False), Outcome.INCONCLUSIVE),
        ((False,), Outcome.PASS),
    ],
)
def test_a_forgery_must_be_acted_on_every_time_to_be_a_failure(
    acted: tuple[bool, ...], outcome: Outcome
) -> None:
    world = World(always(reply(200)), lambda number, _d: int(acted[number]))
    verdict = play(WRONG_KEY, kit(), world)
    assert verdict.outcome is outcome
    assert len(world.sent) == len(acted)


def test_repetitions_have_canaries_of_their_own() -> None:
    world = World(always(reply(200)), lambda _n, _d: 1)
    play(WRONG_KEY, kit(), world)
    assert len({delivery.id for delivery in world.sent}) == 3


def test_a_server_error_is_asked_about_again_before_it_counts_as_refusal() -> None:
    """An upstream that happens to fail must not hide that a forgery was let through."""
    world = World(
        lambda number, _d: reply(503 if number == 0 else 200), lambda number, _d: int(number > 0)
    )
    verdict = play(WRONG_KEY, kit(), world)
    assert verdict.outcome is Outcome.FAIL
    assert "2 of 2" in verdict.reason


def test_a_receiver_that_hangs_is_not_asked_for_ever() -> None:
    world = World(always(TIMEOUT))
    verdict = play(WRONG_TYPES, kit(), world)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert len(world.sent) <= 8


def test_a_timeout_is_inconclusive_and_not_a_refusal() -> None:
    verdict = play(NO_SIGNATURE, kit(), World(always(TIMEOUT)))
    assert verdict.outcome is Outcome.INCONCLUSIVE


def test_no_signature_header_is_left_in_any_scheme() -> None:
    for scheme in ("ghl", "hmac-timestamp"):
        given = kit(scheme)
        world = World(always(reply(401)))
        play(NO_SIGNATURE, given, world)
        assert world.sent[0].header(given.scheme.headers[0]) is None
        assert all(world.sent[0].header(name) is None for name in given.scheme.headers)


def test_stale_deliveries_are_signed_genuinely_for_their_time() -> None:
    given = kit()
    world = World(always(reply(401)))
    play(STALE_TIMESTAMP, given, world)
    ages = [1_700_000_000 - int(d.header("X-Timestamp") or 0) for d in world.sent]
    assert ages == [600, 3600, 86400, 3650 * 86400]
    for delivery, age in zip(world.sent, ages, strict=True):
        signed_at = 1_700_000_000.0 - age
        assert (
            given.scheme.verify(
                delivery.body, delivery.headers, SECRET, now=signed_at, tolerance=1.0
            )
            is None
        )


def test_no_window_is_a_failure_where_the_scheme_signs_a_time_and_a_trade_off_where_not() -> None:
    world = World(always(reply(200)), lambda _n, _d: 1)
    strict = play(STALE_TIMESTAMP, kit(), world)
    lenient = play(STALE_TIMESTAMP, kit("ghl"), World(always(reply(200)), lambda _n, _d: 1))
    assert strict.outcome is Outcome.FAIL
    assert (lenient.outcome, lenient.severity) == (Outcome.WARN, Severity.LOW)


def test_with_clocks_apart_ages_are_not_judged() -> None:
    world = World(always(reply(200)), lambda _n, _d: 1)
    verdict = play(STALE_TIMESTAMP, replace(kit(), skew_s=-400.0), world)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "-400 s" in verdict.reason


def first_only(number: int, _delivery: Delivery) -> int:
    return int(number % 2 == 0)


@pytest.mark.parametrize("status", [200, 409])
def test_a_replay_that_is_not_acted_on_passes_whatever_it_is_answered(status: int) -> None:
    world = World(lambda n, _d: reply(200 if n == 0 else status), first_only)
    verdict = play(REPLAYED, kit(), world)
    assert (verdict.outcome, verdict.confidence) == (Outcome.PASS, Confidence.CONFIRMED)
    assert world.sent[0] == world.sent[1]


def test_a_replay_is_a_failure_only_when_it_acts_every_time() -> None:
    doubling = World(always(reply(200)), lambda _n, _d: 1)
    assert play(REPLAYED, kit(), doubling).outcome is Outcome.FAIL
    once = World(always(reply(200)), lambda n, _d: int(n in (0, 1, 2, 3)))
    assert play(REPLAYED, kit(), once).outcome is Outcome.INCONCLUSIVE


def test_a_receiver_that_does_several_things_per_event_is_not_taken_for_a_repeater() -> None:
    world = World(always(reply(200)), lambda n, _d: 5 if n == 0 else 0)
    assert play(REPLAYED, kit(), world).outcome is Outcome.PASS


def test_a_first_delivery_that_is_not_acted_on_proves_nothing_about_the_second() -> None:
    assert play(REPLAYED, kit(), World(always(reply(200)))).outcome is Outcome.INCONCLUSIVE


def test_without_an_upstream_a_replay_answered_200_stays_open() -> None:
    world = World(always(reply(200)), oracle=False)
    assert play(REPLAYED, kit(oracle=False), world).outcome is Outcome.INCONCLUSIVE
    refusing = World(lambda n, _d: reply(200 if n == 0 else 409), oracle=False)
    verdict = play(REPLAYED, kit(oracle=False), refusing)
    assert (verdict.outcome, verdict.confidence) == (Outcome.PASS, Confidence.MEDIUM)


def test_a_retry_has_the_same_body_and_a_new_signature() -> None:
    world = World(always(reply(200)), first_only)
    assert play(RETRIED, kit(), world).outcome is Outcome.PASS
    first, second = world.sent[:2]
    assert first.body == second.body
    assert first.header("X-Signature") != second.header("X-Signature")


def test_refusing_a_retry_is_a_warning() -> None:
    world = World(lambda n, _d: reply(200 if n == 0 else 409), first_only)
    verdict = play(RETRIED, kit(), world)
    assert (verdict.outcome, verdict.severity) == (Outcome.WARN, Severity.LOW)


def test_a_window_of_minutes_is_named_as_what_loses_retries() -> None:
    refused = play(LATE_RETRY, kit("ghl"), World(always(reply(400))))
    taken = play(LATE_RETRY, kit("ghl"), World(always(reply(200)), lambda _n, _d: 1))
    silent = play(LATE_RETRY, kit("ghl"), World(always(reply(200))))
    assert (refused.outcome, refused.severity) == (Outcome.WARN, Severity.LOW)
    assert taken.outcome is Outcome.PASS
    assert silent.outcome is Outcome.WARN
    assert "signs a retry as it did before" in RETRIED.fits.unfit(kit("ghl").subject)
    assert "scheme hmac-timestamp" in LATE_RETRY.fits.unfit(kit("hmac-timestamp").subject)


def body_has(text: str) -> Callable[[int, Delivery], Answer]:
    return lambda _n, delivery: reply(500 if text.encode() in delivery.body else 400)


def test_a_server_error_for_one_type_names_field_and_type() -> None:
    verdict = play(WRONG_TYPES, kit(), World(body_has('"email":null')))
    assert (verdict.outcome, verdict.confidence) == (Outcome.FAIL, Confidence.HIGH)
    assert "email as null" in verdict.reason
    assert "answered 500" in verdict.reason


def test_a_server_error_that_does_not_come_again_is_not_the_types_fault() -> None:
    world = World(lambda n, _d: reply(503 if n == 3 else 400))
    verdict = play(WRONG_TYPES, kit(), world)
    assert verdict.outcome is Outcome.PASS
    assert "did not come again" in verdict.reason


def test_types_that_are_coerced_and_acted_on_harm_nobody() -> None:
    world = World(always(reply(200)), lambda _n, _d: 1)
    assert play(WRONG_TYPES, kit(), world).outcome is Outcome.PASS


@pytest.mark.parametrize("path", ["/contacts/None", "/contacts/%5Bobject%20Object%5D/x"])
def test_a_stray_text_upstream_is_a_confirmed_failure(path: str) -> None:
    world = World(always(reply(200)), lambda _n, _d: 1, path=path)
    verdict = play(WRONG_TYPES, kit(), world)
    assert (verdict.outcome, verdict.confidence) == (Outcome.FAIL, Confidence.CONFIRMED)


def test_without_an_upstream_an_accepted_wrong_type_stays_open() -> None:
    given = kit(oracle=False)
    assert play(WRONG_TYPES, given, World(always(reply(200)), oracle=False)).outcome is (
        Outcome.INCONCLUSIVE
    )
    refused = play(WRONG_TYPES, given, World(always(reply(422)), oracle=False))
    assert (refused.outcome, refused.confidence) == (Outcome.PASS, Confidence.MEDIUM)


def oversized() -> Iterator[tuple[World, Outcome, Confidence]]:
    passes = (Outcome.PASS, Confidence.CONFIRMED)
    yield World(always(reply(413))), *passes
    yield World(always(reply(413)), consumes=True), *passes
    yield World(always(reply(401))), *passes
    yield World(always(CLOSED)), *passes
    yield World(always(reply(401)), consumes=True), Outcome.WARN, Confidence.MEDIUM
    yield World(always(reply(200)), consumes=True), Outcome.FAIL, Confidence.HIGH
    acting = World(always(reply(200)), lambda _n, _d: 1, consumes=True)
    yield acting, Outcome.FAIL, Confidence.CONFIRMED
    yield World(always(TIMEOUT)), Outcome.INCONCLUSIVE, Confidence.LOW
    yield World(always(CLOSED), consumes=True), Outcome.INCONCLUSIVE, Confidence.LOW


@pytest.mark.parametrize(("world", "outcome", "confidence"), list(oversized()))
def test_what_becomes_of_a_body_that_is_far_too_large(
    world: World, outcome: Outcome, confidence: Confidence
) -> None:
    verdict = play(OVERSIZED_BODY, kit(), world)
    assert (verdict.outcome, verdict.confidence) == (outcome, confidence)
    assert len(world.sent) <= 4


def test_a_large_body_is_asked_signed_and_unsigned_and_is_as_large_as_said() -> None:
    world = World(always(reply(413)))
    play(OVERSIZED_BODY, kit(), world)
    unsigned, signed = world.sent
    assert unsigned.header("X-Signature") is None
    assert signed.header("X-Signature") is not None
    assert {len(unsigned.body), len(signed.body)} == {20_000}
    without = World(always(reply(413)))
    play(OVERSIZED_BODY, kit(key=False), without)
    assert len(without.sent) == 1
