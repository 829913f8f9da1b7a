"""What HighLevel does after a failure, held against the platform's own guides."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.providers.ghl.policy import (
    CURRENT,
    HELP_PAGE,
    LEGACY,
    POLICIES,
    RetryPolicy,
    breaker,
    breaker_statement,
)

DAY_S = 86_400


def delays(policy: RetryPolicy, status: int | None) -> list[float]:
    random = Random(1)
    found: list[float] = []
    while (delay := policy.retry_after_s(len(found) + 1, status, random)) is not None:
        found.append(delay)
    return found


def test_today_every_failure_is_retried_twelve_times_over_about_three_days() -> None:
    for status in (301, 400, 404, 429, 500, None):
        assert len(delays(CURRENT, status)) == 12
        assert 2.8 * DAY_S < sum(delays(CURRENT, status)) < 3 * DAY_S
    assert POLICIES["ghl"] is CURRENT


def test_in_2025_only_a_429_was_retried_six_times_over_about_70_minutes() -> None:
    assert len(delays(LEGACY, 429)) == 6
    assert all(delay >= 600 for delay in delays(LEGACY, 429))
    assert 60 <= sum(delays(LEGACY, 429)) / 60 <= 80
    for status in (301, 400, 500, None):
        assert delays(LEGACY, status) == []


def test_the_help_page_treats_429_and_the_rest_differently() -> None:
    assert sum(delays(HELP_PAGE, 429)) < 2 * 3600
    assert sum(delays(HELP_PAGE, 500)) > 2 * DAY_S


@given(st.sampled_from(list(POLICIES.values())), st.integers(200, 299))
def test_nothing_is_retried_after_success(policy: RetryPolicy, status: int) -> None:
    assert policy.retry_after_s(1, status, Random(1)) is None


@given(st.integers(1, 11), st.integers(0, 2**32))
def test_delays_grow_whatever_the_jitter(retry: int, seed: int) -> None:
    random = Random(seed)
    first = CURRENT.retry_after_s(retry, 500, random)
    later = CURRENT.retry_after_s(retry + 1, 500, random)
    assert first is not None
    assert later is not None
    assert later >= first - 60


def test_every_policy_says_what_is_not_confirmed() -> None:
    assert all(policy.source and policy.unconfirmed for policy in POLICIES.values())


@pytest.mark.parametrize(
    ("deliveries", "acknowledged", "flagged", "expected"),
    [
        (0, 0, False, "closed"),
        (20_000, 18_000, False, "closed"),
        (20_000, 17_999, False, "warned"),
        (20_000, 17_999, True, "paused"),
        (10_000, 0, True, "too few"),
        (10_001, 0, True, "paused"),
    ],
)
def test_the_breaker_opens_below_90_percent_of_more_than_10000(
    deliveries: int, acknowledged: int, flagged: bool, expected: str
) -> None:
    assert breaker(deliveries, acknowledged, flagged_before=flagged) == expected


def test_the_statement_says_what_highlevel_would_do() -> None:
    assert breaker_statement(20_000, 20_000) == ""
    assert breaker_statement(0, 0) == ""
    assert breaker_statement(20_000, 100).startswith("HighLevel would pause this URL: 0.5%")
    few = breaker_statement(100, 50)
    assert "once there were more than 10,000" in few
    assert "50.0% of 100" in few
