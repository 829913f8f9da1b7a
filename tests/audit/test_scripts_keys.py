"""Checks of the topic keys, played against receivers that are functions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest

from ghlctl.audit.canary import Canary
from ghlctl.audit.checks.keys_rotation import (
    FOREIGN_ENVIRONMENT,
    OPEN_WITHOUT_KEY,
    REVOKED_KEY,
    ROTATION_GAP,
)
from ghlctl.audit.checks.keys_secrecy import (
    SHOWN_SECRET,
    WEAK_KEY,
    judged_rsa,
    strength_bits,
)
from ghlctl.audit.driver import kit_of
from ghlctl.audit.kit import Kit
from ghlctl.audit.receiver import AuditedReceiver, Bounds, Clock, HookName, Means
from ghlctl.audit.script import Check, Verdict
from ghlctl.audit.steps import (
    Hook,
    HookRan,
    LogFound,
    LogHit,
    Observation,
    Observe,
    SearchLogs,
    Send,
    Volley,
)
from ghlctl.model.delivery import Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Outcome
from ghlctl.model.sample import ErrorKind
from ghlctl.signing.catalogue import scheme_named
from ghlctl.signing.scheme import VerifyingKey
from ghlctl.transport.attempt import Answer, Failure

NOW = 1.7e9
SCHEME = scheme_named("hmac-timestamp")
FIRST, SECOND = (SCHEME.generate().private for _ in range(2))
DOWN = Failure(ErrorKind.CONNECT, "nobody listens", 1.0)


def kit(key: bytes = FIRST, scheme: str = "hmac-timestamp") -> Kit:
    audited = AuditedReceiver(
        "http://127.0.0.1:1/",
        scheme=scheme,
        key=key,
        upstream_url="http://127.0.0.1:2",
        means=Means(second_key=SECOND if scheme == SCHEME.name else None),
    )
    return kit_of(audited, Bounds(), Clock(now=lambda: NOW), Random(1))


@dataclass
class World:
    """A receiver that trusts `keys`, which hooks change; "" among them stands for none at all."""

    keys: list[bytes]
    hooks: dict[HookName, list[bytes]] = field(default_factory=dict)
    down: bool = False
    ran: HookRan = field(default_factory=HookRan)
    answer: Callable[[Send, bool], Answer] | None = None
    logged: LogFound = field(default_factory=lambda: LogFound((), seen=True))
    acted: list[tuple[Canary, LedgerEntry]] = field(default_factory=list)

    def play(self, check: Check, given: Kit) -> Verdict:
        script = check.script(given)
        try:
            step = next(script)
            while True:
                match step:
                    case Volley(sends):
                        step = script.send(tuple(map(self.ask, sends)))
                    case Send():
                        step = script.send(self.ask(step))
                    case Observe(canaries):
                        lines = tuple(line for mark, line in self.acted if mark in canaries)
                        step = script.send(Observation(lines))
                    case Hook(name):
                        self.keys = self.hooks.get(name, self.keys)
                        step = script.send(self.ran)
                    case SearchLogs():
                        step = script.send(self.logged)
                    case _:
                        raise AssertionError(step)
        except StopIteration as end:
            verdict: Verdict = end.value
            return verdict

    def ask(self, send: Send) -> Answer:
        if not self.keys and self.down:
            return DOWN
        taken = send.method == "POST" and any(self.holds(send, key) for key in self.keys)
        if taken:
            mark = send.canaries[0]
            text = " ".join(mark.texts)
            line = LedgerEntry(len(self.acted) + 1, 0, "PUT", "/x", 200, True, body=text)
            self.acted.append((mark, line))
        if self.answer is not None:
            return self.answer(send, taken)
        return reply(200 if taken else 401)

    def holds(self, send: Send, key: VerifyingKey) -> bool:
        if key == b"anybody":
            return True
        delivery = send.delivery
        rejection = SCHEME.verify(delivery.body, delivery.headers, key, now=NOW, tolerance=300)
        return rejection is None


def reply(status: int, body: bytes = b"") -> Reply:
    return Reply(status, (), body, 1.0, 1.0, 1.0)


ROTATE, REVOKE = HookName.ROTATE, HookName.REVOKE
BARE, RESTART = HookName.RESTART_WITHOUT_KEY, HookName.RESTART


def test_the_key_of_another_environment_is_refused() -> None:
    assert World([FIRST]).play(FOREIGN_ENVIRONMENT, kit()).outcome is Outcome.PASS
    assert World([FIRST, SECOND]).play(FOREIGN_ENVIRONMENT, kit()).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("trusted", "outcome"),
    [
        ([FIRST, SECOND], Outcome.PASS),
        ([FIRST], Outcome.FAIL),
        ([SECOND], Outcome.WARN),
    ],
)
def test_both_keys_hold_during_a_rotation(trusted: list[bytes], outcome: Outcome) -> None:
    world = World([FIRST], {ROTATE: trusted})
    assert world.play(ROTATION_GAP, kit()).outcome is outcome


@pytest.mark.parametrize(
    ("trusted", "outcome"),
    [
        ([SECOND], Outcome.PASS),
        ([FIRST, SECOND], Outcome.FAIL),
        ([], Outcome.INCONCLUSIVE),  # it refuses everything, which proves nothing
    ],
)
def test_a_withdrawn_key_is_refused_and_the_other_holds(
    trusted: list[bytes], outcome: Outcome
) -> None:
    world = World([FIRST], {REVOKE: trusted, ROTATE: [FIRST, SECOND]})
    assert world.play(REVOKED_KEY, kit()).outcome is outcome
    assert world.keys == [FIRST, SECOND]  # the first is good again, for the controls


@pytest.mark.parametrize("check", [ROTATION_GAP, REVOKED_KEY])
def test_a_hook_that_fails_decides_nothing(check: Check) -> None:
    world = World([FIRST], ran=HookRan("the hook ended with status 1"))
    assert world.play(check, kit()).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("without", "down", "outcome"),
    [
        ([], False, Outcome.PASS),
        ([], True, Outcome.PASS),
        ([b"anybody"], False, Outcome.FAIL),
        ([b""], False, Outcome.FAIL),
        ([FIRST], False, Outcome.INCONCLUSIVE),  # the hook did not take the key away
    ],
)
def test_a_receiver_without_its_key_stays_shut(
    without: list[bytes], down: bool, outcome: Outcome
) -> None:
    world = World([FIRST], {BARE: without, RESTART: [FIRST]}, down=down)
    assert world.play(OPEN_WITHOUT_KEY, kit()).outcome is outcome
    assert world.keys == [FIRST]


@pytest.mark.parametrize(
    ("body", "outcome"),
    [(b"fine", Outcome.PASS), (b"expected " + FIRST, Outcome.FAIL)],
    ids=["none", "one"],  # the key is made anew by every process that runs tests
)
def test_a_secret_in_a_reply_is_found(body: bytes, outcome: Outcome) -> None:
    world = World([FIRST], answer=lambda _send, taken: reply(200 if taken else 401, body))
    assert world.play(SHOWN_SECRET, kit()).outcome is outcome


def test_a_secret_in_a_log_is_found_and_without_a_log_nothing_is_claimed() -> None:
    hit = LogHit("the signing secret, in hex", "app.log", 3, b"...")
    found = World([FIRST], logged=LogFound((hit,), seen=True))
    assert found.play(SHOWN_SECRET, kit()).outcome is Outcome.FAIL
    unseen = World([FIRST], logged=LogFound((), seen=False))
    assert unseen.play(SHOWN_SECRET, kit()).outcome is Outcome.NOT_TESTED


@pytest.mark.parametrize(
    ("secret", "outcome"),
    [
        (b"secret", Outcome.FAIL),
        (b"a" * 64, Outcome.FAIL),
        (b"changeme-please-1", Outcome.WARN),
        (b"8f742231b10e8888abcd99yyyzzz85a5", Outcome.PASS),
        (b"0f8a1c3d9b7e4f62a5d80c1b3e7f9a24", Outcome.PASS),
        (b"2f1c0a7e-93b4-4d58-8e6f-a1b2c3d4e5f6", Outcome.PASS),
        pytest.param(FIRST, Outcome.PASS, id="made"),
    ],
)
def test_a_secret_is_as_strong_as_its_length_and_alphabet_allow(
    secret: bytes, outcome: Outcome
) -> None:
    assert World([]).play(WEAK_KEY, kit(secret)).outcome is outcome


def test_standard_webhooks_wants_24_bytes() -> None:
    short, long = (b"whsec_MDEyMzQ1Njc4OWFiY2RlZg==", scheme_named("standard").generate().private)
    assert World([]).play(WEAK_KEY, kit(short, "standard")).outcome is Outcome.WARN
    assert World([]).play(WEAK_KEY, kit(long, "standard")).outcome is Outcome.PASS


@pytest.mark.parametrize(("bits", "outcome"), [(1024, Outcome.FAIL), (2048, Outcome.PASS)])
def test_a_short_rsa_key_can_be_broken(bits: int, outcome: Outcome) -> None:
    assert judged_rsa(bits).outcome is outcome


def test_an_empty_secret_has_no_strength() -> None:
    assert strength_bits(b"") == 0.0
