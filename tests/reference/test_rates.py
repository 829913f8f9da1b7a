from hypothesis import given
from hypothesis import strategies as st

from ghlctl.reference.rates import EVENTS, REQUESTS, Rate, Rates, retry_after, source_of


def test_a_burst_passes_and_then_the_rate() -> None:
    rates = Rates(Rate(per_s=2.0, burst=3.0))
    assert [rates.wait_s("k", 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert rates.wait_s("k", 0.5) == 0.0
    assert rates.wait_s("k", 0.5) == 0.5


def test_one_key_does_not_pay_for_another() -> None:
    rates = Rates(Rate(per_s=1.0, burst=1.0))
    assert rates.wait_s("a", 0.0) == 0.0
    assert rates.wait_s("a", 0.0) > 0.0
    assert rates.wait_s("b", 0.0) == 0.0


def test_whoever_waits_as_long_as_told_is_served() -> None:
    rates = Rates(Rate(per_s=3.0, burst=1.0))
    rates.wait_s("k", 0.0)
    assert rates.wait_s("k", rates.wait_s("k", 0.0)) == 0.0


def test_two_hundred_a_second_over_a_hundred_locations_pass() -> None:
    """From one address, for a minute."""
    locations, sources = Rates(EVENTS), Rates(REQUESTS)
    for number in range(200 * 60):
        now = number / 200
        assert locations.wait_s(f"L{number % 100}", now) == 0.0
        assert sources.wait_s("one", now) == 0.0


@given(keys=st.lists(st.integers(0, 1000), max_size=300))
def test_no_more_keys_are_remembered_than_there_is_room_for(keys: list[int]) -> None:
    rates = Rates(Rate(1.0, 1.0), most_keys=10)
    for at, key in enumerate(keys):
        rates.wait_s(str(key), float(at))
        assert len(rates._levels) <= 10


def test_a_clock_that_stands_still_gives_nothing_away() -> None:
    rates = Rates(Rate(1.0, 2.0))
    assert sum(rates.wait_s("k", 5.0) == 0.0 for _ in range(100)) == 2


def test_to_wait_is_said_in_whole_seconds() -> None:
    assert [retry_after(wait) for wait in (0.0, 0.01, 1.0, 1.2)] == ["1", "1", "1", "2"]


def test_a_network_of_one_owner_is_one_source() -> None:
    assert source_of("2001:db8::1") == source_of("2001:db8::ffff:1") != source_of("2001:db8:1::1")
    assert source_of("127.0.0.1") == source_of("::ffff:127.0.0.1") != source_of("127.0.0.2")
    assert source_of("a socket's path") == "a socket's path"
