"""Breaker, buckets and backoff, with time as an argument."""

from hypothesis import given
from hypothesis import strategies as st

from ghlctl.reference.breaker import Breaker, Position
from ghlctl.reference.calls import BACKOFF_BASE_S, BACKOFF_CAP_S, Persistence, persistence
from ghlctl.reference.pacing import Buckets
from ghlctl.reference.profile import Retry
from ghlctl.upstream.limits import Limits


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(breaker.failures):
        assert breaker.delay(now) == 0.0
        breaker.failed(now)
    return breaker


def test_a_breaker_opens_after_its_failures_in_a_row() -> None:
    assert opened().position is Position.OPEN
    assert opened().delay(0.5) == 1.5


def test_a_success_in_between_keeps_it_closed() -> None:
    breaker = Breaker(failures=2)
    for _ in range(5):
        breaker.failed(0.0)
        breaker.succeeded()
    assert breaker.position is Position.CLOSED


def test_one_call_probes_and_the_others_wait() -> None:
    breaker = opened()
    assert breaker.delay(2.0) == 0.0
    assert breaker.delay(2.0) > 0.0
    breaker.succeeded()
    assert (breaker.position, breaker.delay(2.0)) == (Position.CLOSED, 0.0)


def test_a_failed_probe_opens_it_again() -> None:
    breaker = opened()
    breaker.delay(2.0)
    breaker.failed(2.5)
    assert (breaker.position, breaker.opened, breaker.delay(3.0)) == (Position.OPEN, 2, 1.5)


def test_late_failures_of_calls_let_through_before_do_not_prolong_the_rest() -> None:
    breaker = opened()
    breaker.failed(1.9)
    assert breaker.delay(2.0) == 0.0


def test_a_probe_that_never_reports_is_followed_by_another() -> None:
    breaker = opened()
    breaker.delay(2.0)
    assert breaker.delay(2.0 + breaker.rest_s * 5) == 0.0


def answered(remaining: int, most: int = 2) -> dict[str, str]:
    return {
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Max": str(most),
        "X-RateLimit-Interval-Milliseconds": "10000",
    }


def test_an_unknown_location_may_call() -> None:
    assert Buckets().delay("L", 0.0) == 0.0


def test_an_empty_bucket_waits_for_the_interval_to_end() -> None:
    buckets = Buckets()
    buckets.learn("L", answered(1), 0.0, refused=False)
    assert buckets.delay("L", 1.0) == 0.0
    assert buckets.delay("L", 1.0) == 9.0
    assert buckets.delay("other", 1.0) == 0.0


def test_a_new_interval_has_a_full_bucket_and_no_more() -> None:
    buckets = Buckets()
    buckets.learn("L", answered(0), 0.0, refused=False)
    assert [buckets.delay("L", 10.0) for _ in range(3)] == [0.0, 0.0, 10.0]


def test_a_refusal_empties_the_bucket_for_a_while() -> None:
    buckets = Buckets()
    buckets.learn("L", answered(1), 0.0, refused=True)
    assert buckets.delay("L", 0.0) == 0.5


def test_headers_that_say_nothing_change_nothing() -> None:
    buckets = Buckets()
    for headers in ({}, {"X-RateLimit-Remaining": "²"}, answered(0) | {"X-RateLimit-Max": "x"}):
        buckets.learn("L", headers, 0.0, refused=False)
    assert buckets.delay("L", 0.0) == 0.0


@given(gaps=st.lists(st.floats(0, 3), min_size=1, max_size=80), limit=st.integers(1, 6))
def test_one_caller_that_heeds_its_bucket_is_never_refused(gaps: list[float], limit: int) -> None:
    buckets, limits, now = Buckets(), Limits(limit, 10.0, 10**6), 0.0
    for gap in gaps:
        now += gap
        while delay := buckets.delay("L", now):
            now += delay
        allowance = limits.take("L", now + 0.01)
        now += 0.02
        assert allowance.granted
        buckets.learn("L", answered(allowance.remaining, limit), now, refused=False)


@given(failed=st.integers(1, 10_000))
def test_a_pause_lies_below_a_bound_that_doubles_up_to_its_cap(failed: int) -> None:
    bound = min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2.0 ** min(failed - 1, 100))
    assert 0.0 <= Persistence(None, backoff=True).pause_s(failed) <= bound


def test_only_what_nobody_waits_for_is_tried_for_ever() -> None:
    assert persistence(Retry.BACKOFF, waited_for=False).attempts is None
    assert persistence(Retry.BACKOFF, waited_for=True).attempts == 5
    assert persistence(Retry.ONCE, waited_for=False) == Persistence(2, backoff=False)
