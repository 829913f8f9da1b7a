"""Checks of the topic replay, played against receivers that are functions."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from ghlctl.audit.canary import Canary
from ghlctl.audit.checks.replay_disguises import SIGNATURE_REWRITTEN, UNSIGNED_ID
from ghlctl.audit.checks.replay_duplicates import DUPLICATE_REFUSED, REPLAYED
from ghlctl.audit.checks.replay_losses import FORGETFUL_RESTART, LOST_UPSTREAM, OUT_OF_ORDER
from ghlctl.audit.checks.replay_races import RACED, SUPPRESSED
from ghlctl.audit.checks.replay_times import FUTURE_TIMESTAMP, GARBLED_TIMESTAMP, NO_TIMESTAMP
from ghlctl.audit.driver import kit_of
from ghlctl.audit.kit import Kit
from ghlctl.audit.receiver import AuditedReceiver, Bounds, Clock
from ghlctl.audit.script import Check, Verdict
from ghlctl.audit.signed_times import KNOWN, body_alone, time_cut_out, with_time, without_time
from ghlctl.audit.steps import Burst, Done, Fault, Hook, HookRan, Observation, Observe, Send, Volley
from ghlctl.model.delivery import Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Outcome
from ghlctl.signing.catalogue import SCHEMES, scheme_named
from ghlctl.transport.attempt import Answer

NOW = 1.7e9
TIMED = [name for name, scheme in SCHEMES.items() if scheme.timestamped]


def reply(status: int) -> Reply:
    return Reply(status, (), b"", 1.0, 1.0, 1.0)


def kit(scheme: str = "ghl") -> Kit:
    audited = AuditedReceiver(
        "http://127.0.0.1:1/",
        scheme=scheme,
        key=scheme_named(scheme).generate().private,
        upstream_url="http://127.0.0.1:2",
    )
    return kit_of(audited, Bounds(), Clock(now=lambda: NOW), Random(1))


@dataclass
class World:
    """`take` is told the request's number and itself, and says status and number of effects."""

    take: Callable[[int, Send], tuple[int, int]]
    restarts: HookRan = field(default_factory=HookRan)
    method: str = "PUT"
    sent: list[Send] = field(default_factory=list)
    failing: list[Canary] = field(default_factory=list)
    lines: list[tuple[tuple[Canary, ...], LedgerEntry]] = field(default_factory=list)

    def play(self, check: Check, given: Kit) -> Verdict:
        script = check.script(given)
        try:
            step = next(script)
            while True:
                match step:
                    case Send():
                        step = script.send(self.ask(step))
                    case Volley(sends) | Burst(sends):
                        step = script.send(tuple(map(self.ask, sends)))
                    case Observe(canaries):
                        step = script.send(self.look(canaries))
                    case Fault(canary):
                        self.failing.append(canary)
                        step = script.send(Done())
                    case Hook():
                        step = script.send(self.restarts)
                    case _:
                        raise AssertionError(step)
        except StopIteration as end:
            verdict: Verdict = end.value
            return verdict

    def ask(self, send: Send) -> Answer:
        self.sent.append(send)
        status, effects = self.take(len(self.sent) - 1, send)
        for _ in range(effects):
            self.write(send, 200)
        return reply(status)

    def write(self, send: Send, status: int) -> None:
        text = " ".join(t for canary in send.canaries for t in canary.texts)
        line = LedgerEntry(
            len(self.lines) + 1, 0, self.method, "/x", status, status == 200, body=text
        )
        self.lines.append((send.canaries, line))

    def look(self, canaries: tuple[Canary, ...]) -> Observation:
        return Observation(
            tuple(line for marks, line in self.lines if not set(marks).isdisjoint(canaries))
        )


def once(world: World) -> Callable[[int, Send], tuple[int, int]]:
    def take(_number: int, send: Send) -> tuple[int, int]:
        known = any(set(marks) & set(send.canaries) for marks, _ in world.lines)
        return 200, 0 if known else 1

    return take


def correct() -> World:
    world = World(lambda _n, _s: (200, 0))
    world.take = once(world)
    return world


def always_acts(_number: int, _send: Send) -> tuple[int, int]:
    return 200, 1


@pytest.mark.parametrize("scheme", TIMED)
def test_a_time_in_any_text_is_signed_as_the_scheme_signs_its_own(scheme: str) -> None:
    given = kit(scheme)
    assert isinstance(given.scheme, KNOWN)
    genuine = given.genuine()
    ticks = str(int(genuine.at * getattr(given.scheme, "ticks_per_s", 1)))
    again = with_time(given, genuine, ticks)
    assert sorted(again.headers) == sorted(genuine.delivery.headers)


@pytest.mark.parametrize("scheme", TIMED)
@pytest.mark.parametrize("make", [without_time, body_alone, time_cut_out])
def test_a_delivery_without_its_time_carries_none_and_is_refused(
    scheme: str, make: Callable[..., object]
) -> None:
    given = kit(scheme)
    genuine = given.genuine()
    delivery = make(given, genuine)
    headers = delivery.headers  # type: ignore[attr-defined] # reason: all three make deliveries
    assert not any("timestamp" in name.lower() for name, _ in headers)
    assert all(value and "t=" not in value for _, value in headers)
    assert given.public is not None
    assert given.scheme.verify(
        genuine.delivery.body, headers, given.public, now=NOW, tolerance=300, request=given.request
    )


@pytest.mark.parametrize("check", [NO_TIMESTAMP, GARBLED_TIMESTAMP])
def test_times_that_are_none_must_be_refused(check: Check) -> None:
    assert World(always_acts).play(check, kit("standard")).outcome is Outcome.FAIL
    assert World(lambda _n, _s: (401, 0)).play(check, kit("standard")).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("scheme", "outcome"),
    [
        ("standard", Outcome.FAIL),
        ("slack", Outcome.FAIL),
        ("hmac-timestamp", Outcome.WARN),
        ("stripe", Outcome.INFORMATIVE),
        ("hubspot", Outcome.INFORMATIVE),
    ],
)
def test_a_time_to_come_counts_as_the_schemes_own_documents_say(
    scheme: str, outcome: Outcome
) -> None:
    assert World(always_acts).play(FUTURE_TIMESTAMP, kit(scheme)).outcome is outcome
    skewed = replace(kit(scheme), skew_s=90.0)
    assert World(always_acts).play(FUTURE_TIMESTAMP, skewed).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("check", [REPLAYED, SIGNATURE_REWRITTEN, UNSIGNED_ID, RACED])
def test_whatever_comes_again_is_acted_on_once(check: Check) -> None:
    assert correct().play(check, kit()).outcome is Outcome.PASS
    assert World(always_acts).play(check, kit()).outcome is Outcome.FAIL


@pytest.mark.parametrize("check", [REPLAYED, SIGNATURE_REWRITTEN, RACED])
def test_an_oracle_that_cannot_count_shows_nothing_about_repetition(check: Check) -> None:
    world = correct()
    world.method = "STATE"
    assert world.play(check, kit()).outcome is Outcome.INCONCLUSIVE


def test_a_providers_own_unsigned_id_is_a_warning() -> None:
    ids: set[str] = set()

    def by_header(_number: int, send: Send) -> tuple[int, int]:
        name = send.delivery.header("X-GitHub-Delivery") or ""
        known = name in ids
        ids.add(name)
        return 200, 0 if known else 1

    assert World(by_header).play(UNSIGNED_ID, kit("github")).outcome is Outcome.WARN


def test_what_a_duplicate_is_answered_is_noted() -> None:
    world = correct()
    assert world.play(DUPLICATE_REFUSED, kit()).outcome is Outcome.PASS
    stern = World(lambda number, _s: (200, 1) if number == 0 else (409, 0))
    assert stern.play(DUPLICATE_REFUSED, kit()).outcome is Outcome.INFORMATIVE
    shut = World(lambda _n, _s: (503, 0))
    assert shut.play(DUPLICATE_REFUSED, kit()).outcome is Outcome.INCONCLUSIVE


def test_a_race_that_is_lost_once_decides_nothing() -> None:
    world = correct()
    usual = world.take

    def unlucky(number: int, send: Send) -> tuple[int, int]:
        return (200, 2) if number == 3 else usual(number, send)

    world.take = unlucky
    assert world.play(RACED, kit()).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        ((200, 1), Outcome.PASS),
        ((200, 0), Outcome.FAIL),
        ((409, 0), Outcome.FAIL),
        ((429, 0), Outcome.INCONCLUSIVE),
        ((503, 0), Outcome.INCONCLUSIVE),
    ],
)
def test_a_genuine_delivery_counts_after_a_forgery_with_its_id(
    after: tuple[int, int], outcome: Outcome
) -> None:
    world = World(lambda number, _s: (401, 0) if number % 2 == 0 else after)
    assert world.play(SUPPRESSED, kit()).outcome is outcome


def broken_first(world: World, first: int, then: tuple[int, int]) -> Verdict:
    """The first attempt about each canary meets a failing upstream."""

    def take(_number: int, send: Send) -> tuple[int, int]:
        if send.canaries[0] in world.failing:
            world.failing.remove(send.canaries[0])
            world.write(send, 500)
            return first, 0
        return then

    world.take = take
    return world.play(LOST_UPSTREAM, kit())


@pytest.mark.parametrize(
    ("first", "then", "outcome"),
    [
        (503, (200, 1), Outcome.PASS),
        (503, (200, 0), Outcome.FAIL),
        (503, (409, 0), Outcome.FAIL),
        (503, (503, 0), Outcome.INCONCLUSIVE),
        (200, (200, 1), Outcome.FAIL),
    ],
)
def test_what_the_upstream_failed_is_done_at_the_next_attempt(
    first: int, then: tuple[int, int], outcome: Outcome
) -> None:
    assert broken_first(World(always_acts), first, then).outcome is outcome


def test_an_upstream_that_was_never_asked_decides_nothing() -> None:
    assert World(always_acts).play(LOST_UPSTREAM, kit()).outcome is Outcome.INCONCLUSIVE


def test_a_replay_after_a_restart_is_known() -> None:
    assert correct().play(FORGETFUL_RESTART, kit()).outcome is Outcome.PASS
    assert World(always_acts).play(FORGETFUL_RESTART, kit()).outcome is Outcome.FAIL
    broken = replace_restart(correct(), HookRan("the hook restart ended with status 1"))
    assert broken.play(FORGETFUL_RESTART, kit()).outcome is Outcome.INCONCLUSIVE


def replace_restart(world: World, ran: HookRan) -> World:
    world.restarts = ran
    return world


def test_nothing_can_be_overwritten_by_a_receiver_that_copies_nothing() -> None:
    assert World(always_acts).play(OUT_OF_ORDER, kit()).outcome is Outcome.INFORMATIVE
