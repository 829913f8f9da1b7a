"""How long effects are waited for, by a clock of the test's own."""

from random import Random

from ghlctl.audit.canary import Canary, fresh_canary
from ghlctl.audit.receiver import Bounds, Clock
from ghlctl.audit.steps import Observe
from ghlctl.audit.watch import Watch
from ghlctl.audit.witness import Counting

BOUNDS = Bounds(settle_s=1.0, act_within_s=10.0)


class Time:
    """Passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.at = 0.0

    def sleep(self, seconds: float) -> None:
        self.at += seconds

    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.at, sleep=self.sleep)


def watching(time: Time, acts_after_s: float) -> Watch:
    """Of a receiver that acts so long after the start, whatever it is sent."""
    acts = Counting("ACT", lambda _canary: int(time.at >= acts_after_s), poll_s=0.1)
    return Watch(acts, BOUNDS, time.clock())


def quiet(watch: Watch, canary: Canary) -> bool:
    watch.sent([canary])
    (seen,) = watch.answer([Observe((canary,))])
    return not seen.lines


def test_after_an_effect_that_came_too_late_the_window_is_three_times_as_long_as_it_took() -> None:
    time, canary = Time(), fresh_canary(Random(1))
    watch = watching(time, 2.0)
    assert quiet(watch, canary)
    time.sleep(1.5)
    watch.look([canary])
    watch.learn_late([canary])
    assert watch.settle_s == 3 * 2.5


def test_a_very_late_effect_makes_no_window_longer_than_what_must_come_is_waited_for() -> None:
    time, canary = Time(), fresh_canary(Random(1))
    watch = watching(time, 60.0)
    assert quiet(watch, canary)
    time.sleep(60.0)
    watch.look([canary])
    watch.learn_late([canary])
    assert watch.settle_s == BOUNDS.act_within_s


def test_where_nothing_came_late_the_window_stays() -> None:
    time, canary = Time(), fresh_canary(Random(1))
    watch = watching(time, 60.0)
    assert quiet(watch, canary)
    watch.learn_late([])
    assert watch.settle_s == BOUNDS.settle_s
