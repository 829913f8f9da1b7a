"""Verdicts about too much, too slow and too odd, with answers that are chosen here."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ghlctl.audit.checks.resilience_bombs import INFLATED
from ghlctl.audit.checks.resilience_costs import PARSED_BEFORE_VERIFIED
from ghlctl.audit.checks.resilience_oddities import CRASHED, OVERLONG_HEAD
from ghlctl.audit.checks.resilience_size import UNANNOUNCED_BODY
from ghlctl.audit.checks.resilience_waiting import STARVED_BY_SLOW, WAITS_FOR_UPSTREAM
from ghlctl.audit.rehearsal import fed
from ghlctl.audit.script import Check, Verdict
from ghlctl.audit.steps import Done, Observation, Result, Talked
from ghlctl.model.delivery import Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.model.sample import ErrorKind
from ghlctl.transport.attempt import Answer, Failure
from ghlctl.transport.conversation import Conversation, Ending
from tests.audit.conftest import KEYS, Audit, Serve
from tests.audit.door import door
from tests.audit.flaws.resilience import parses_first
from tests.audit.flaws.signature_raw import bare, each_by_itself
from tests.audit.receivers import PATH, steps_for
from tests.audit.street import Street
from tests.audit.test_scripts import kit, reply

ODD = 10
REFUSED = Failure(ErrorKind.CONNECT, "cannot connect: connection refused", 1.0)
SILENT = Conversation((), Ending.CLOSED, False, 10, 10, 0.1)
HANGING = Conversation((), Ending.LEFT, True, 10, 10, 4.0)
QUIET = Observation(())


def verdict(check: Check, *results: Result) -> Verdict:
    found = fed(check.script(kit()), results)
    assert found is not None, "the script wants more"
    return found


def said(*statuses: int, total_ms: float = 2.0) -> Conversation:
    replies = tuple(replace(reply(status), total_ms=total_ms) for status in statuses)
    return Conversation(replies, Ending.LEFT, False, 10, 10, 0.1)


def odd(*first: Conversation) -> Talked:
    return Talked((*first, *[said(401)] * (ODD - len(first))))


def test_a_receiver_that_is_gone_after_odd_requests_has_crashed() -> None:
    gone: list[Result] = [REFUSED, Done()] * 3
    found = verdict(CRASHED, reply(200), QUIET, odd(SILENT), *gone)
    assert (found.outcome, found.confidence) == (Outcome.FAIL, Confidence.CONFIRMED)
    assert "3 of 3" in found.reason


def test_a_receiver_that_comes_back_has_not_gone() -> None:
    found = verdict(CRASHED, reply(200), QUIET, odd(), REFUSED, Done(), reply(200))
    assert found.outcome is Outcome.PASS


def test_a_connection_closed_over_plain_http_every_time_is_a_warning() -> None:
    thrice: list[Result] = [odd(SILENT), reply(200)] * 3
    found = verdict(CRASHED, reply(200), QUIET, *thrice)
    assert (found.outcome, found.severity) == (Outcome.WARN, Severity.MEDIUM)
    assert "with nothing in it" in found.reason
    once = verdict(CRASHED, reply(200), QUIET, odd(SILENT), reply(200), odd(), reply(200))
    assert once.outcome is Outcome.PASS


def test_what_is_no_http_may_be_closed_upon() -> None:
    rude = Talked((*[said(401)] * (ODD - 3), SILENT, SILENT, SILENT))
    assert verdict(CRASHED, reply(200), QUIET, rude, reply(200)).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("rounds", "outcome"),
    [
        ([(431, 431, 414)], Outcome.PASS),
        ([(200, 200, 404)], Outcome.PASS),
        ([(500, 431, 414)] * 3, Outcome.FAIL),
        ([(500, 431, 414), (431, 500, 414)], Outcome.PASS),
    ],
)
def test_only_a_server_error_that_comes_again_is_the_length_s_fault(
    rounds: Sequence[tuple[int, ...]], outcome: Outcome
) -> None:
    talked = [Talked(tuple(said(status) for status in one)) for one in rounds]
    assert verdict(OVERLONG_HEAD, *talked).outcome is outcome


def test_a_head_that_is_held_without_an_answer_decides_nothing() -> None:
    found = verdict(OVERLONG_HEAD, Talked((HANGING, said(431), said(414))))
    assert found.outcome is Outcome.INCONCLUSIVE


def slowly(*answers: Answer) -> Talked:
    return Talked((HANGING,) * 16, answers)


def after(seconds: float) -> Reply:
    return replace(reply(200), total_ms=seconds * 1e3)


def test_who_waits_for_slow_senders_to_end_is_starved_by_them() -> None:
    late = slowly(after(2.5), after(2.6))
    assert verdict(STARVED_BY_SLOW, late, late, late).outcome is Outcome.FAIL
    none = slowly(*[Failure(ErrorKind.TIMEOUT, "no reply within 10 s")] * 2)
    assert verdict(STARVED_BY_SLOW, none, none, none).outcome is Outcome.FAIL


def test_a_busy_machine_is_not_taken_for_starvation() -> None:
    quick, late = slowly(after(0.1), after(1.5)), slowly(after(2.5), after(0.1))
    assert verdict(STARVED_BY_SLOW, quick).outcome is Outcome.PASS
    assert verdict(STARVED_BY_SLOW, late, late, late).outcome is Outcome.INCONCLUSIVE
    assert verdict(STARVED_BY_SLOW, late, quick).outcome is Outcome.PASS
    put_off = slowly(reply(429), reply(429))
    assert verdict(STARVED_BY_SLOW, put_off).outcome is Outcome.INCONCLUSIVE


def waiting(*spoken: Conversation, seen: Observation = QUIET) -> Verdict:
    return verdict(WAITS_FOR_UPSTREAM, Done(), Done(), Done(), Talked(spoken), seen)


def acted(slowest_s: float) -> Observation:
    return Observation((LedgerEntry(1, 0, "PUT", "/contacts/x", 200, True),), slowest_s)


def test_no_answer_in_time_is_a_failure_only_every_time() -> None:
    assert waiting(HANGING, HANGING, HANGING).outcome is Outcome.FAIL
    assert waiting(HANGING, said(200), said(200)).outcome is Outcome.INCONCLUSIVE
    assert waiting(said(200), said(200), said(200)).outcome is Outcome.PASS
    assert waiting(*[said(503, total_ms=5e3)] * 3).outcome is Outcome.PASS


def test_an_upstream_that_was_not_slow_for_it_proves_nothing() -> None:
    """Nothing of the delivery was in its first call, or it refused before it called."""
    quick = waiting(*[said(200)] * 3, seen=acted(0.1))
    assert quick.outcome is Outcome.INCONCLUSIVE
    assert waiting(*[said(401)] * 3).outcome is Outcome.INCONCLUSIVE
    assert waiting(*[said(200, total_ms=9e2)] * 3, seen=acted(3.0)).outcome is Outcome.PASS


def series(small: float, text: float, nested: float) -> list[Result]:
    return [replace(reply(401), total_ms=ms) for _ in range(4) for ms in (small, text, nested)]


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        ((2.0, 9.0, 10.0), None, Outcome.PASS),
        ((2.0, 9.0, 26.0), None, Outcome.PASS),
        ((50.0, 90.0, 180.0), None, Outcome.PASS),
        ((2.0, 9.0, 40.0), (2.0, 9.0, 40.0), Outcome.WARN),
        ((2.0, 9.0, 400.0), (2.0, 9.0, 400.0), Outcome.WARN),
        ((2.0, 9.0, 2400.0), (2.0, 9.0, 2400.0), Outcome.FAIL),
        ((2.0, 9.0, 400.0), (2.0, 9.0, 30.5), Outcome.WARN),
        ((2.0, 9.0, 400.0), (2.0, 9.0, 10.0), Outcome.PASS),
    ],
)
def test_what_parsing_costs_counts_only_beyond_the_way_there_and_twice(
    first: tuple[float, ...], second: tuple[float, ...] | None, outcome: Outcome
) -> None:
    results = series(*first) + ([*series(*second), QUIET] if second else [])
    assert verdict(PARSED_BEFORE_VERIFIED, *results).outcome is outcome


def test_where_the_unsigned_is_acted_on_there_is_nothing_to_verify_first() -> None:
    dear = series(2.0, 9.0, 400.0)
    found = verdict(PARSED_BEFORE_VERIFIED, *dear, *dear, acted(0.1))
    assert found.outcome is Outcome.NOT_APPLICABLE


def test_a_large_body_that_is_cut_off_costs_nothing() -> None:
    closed = Failure(ErrorKind.RESET, "the connection was reset")
    cut: list[Result] = [reply(401), closed, closed] * 4
    assert verdict(PARSED_BEFORE_VERIFIED, *cut).outcome is Outcome.PASS
    dead: list[Result] = [closed] * 12
    assert verdict(PARSED_BEFORE_VERIFIED, *dead).outcome is Outcome.INCONCLUSIVE


def test_a_small_body_that_takes_for_ever_is_a_failure_by_itself() -> None:
    slow = replace(reply(400), total_ms=6e3)
    found = verdict(INFLATED, slow, slow, Failure(ErrorKind.TIMEOUT, "no reply", 1e4))
    assert (found.outcome, found.confidence) == (Outcome.FAIL, Confidence.HIGH)
    four = (reply(415),) * 4
    assert verdict(INFLATED, slow, reply(415), four, QUIET).outcome is Outcome.PASS


def test_chunks_that_are_cut_off_count_as_refused() -> None:
    part = Conversation((), Ending.RESET, False, 6_000, 20_000, 0.1)
    found = verdict(UNANNOUNCED_BODY, Talked((part,)), Talked((part,)), QUIET)
    assert found.outcome is Outcome.PASS


def test_a_parser_before_the_signature_is_seen_by_what_it_costs(serve: Serve, audit: Audit) -> None:
    summary = audit(serve("ghl", parses_first), scope=frozenset({"RES-10"}))
    found = next(one for one in summary.checks if one.id == "RES-10")
    assert found.outcome is Outcome.WARN, found.reason


def test_a_worker_that_dies_of_a_request_is_seen_by_its_silence(
    street: Street, audit: Audit, upstream: str
) -> None:
    """Another worker is in its place at once."""
    living = street.raw(bare(steps_for("ghl", KEYS["ghl"], upstream), each_by_itself))
    dies = b"\r\nx-ghl-signature: \r\n"
    url = street.raw(door(lambda first: b"" if dies in first.lower() else living)) + PATH
    summary = audit(url, scope=frozenset({"RES-11"}))
    found = next(one for one in summary.checks if one.id == "RES-11")
    assert found.outcome is Outcome.WARN, found.reason
    assert "with empty signatures" in found.reason
