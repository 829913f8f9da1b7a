"""What a rung says is what its run and its receiver said, and nothing is invented."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from ghlctl.analysis.ladder import counted_between, rung
from ghlctl.model.estimate import Verdict
from ghlctl.model.summary import LoadSummary

Build = Callable[..., Any]


@pytest.fixture
def run(summary_of: Build, samples_of: Build) -> Build:
    def build(response_ms: float, *, failing: int = 0, blocks: int = 6) -> LoadSummary:
        """Blocks of 5 s at 20/s."""
        n = 100 * blocks
        times = [response_ms * (0.98 + 0.04 * (i // 100 % 2)) for i in range(n)]
        error = ["status" if i < failing else "" for i in range(n)]
        summary: LoadSummary = summary_of(
            samples_of([50.0 * i for i in range(n)], times, error=error)
        )
        return msgspec.structs.replace(summary, run=f"run-{response_ms:g}")

    return build


def test_estimates_are_of_blocks_and_hold_the_value_of_the_run(run: Build) -> None:
    found = rung(("cache=memory",), run(200.0), {}, before=None, load_1m=0.5)
    assert found.mean_ms is not None
    assert found.mean_ms.low < 200.0 < found.mean_ms.high
    assert found.mean_ms.n == 6
    assert found.mean_against_before is None


def test_a_rung_is_held_against_the_one_before(run: Build) -> None:
    found = rung(("x",), run(200.0), {}, before=run(400.0), load_1m=0.5)
    assert found.mean_against_before is not None
    assert found.mean_against_before.verdict is Verdict.BETTER
    assert found.mean_against_before.change == pytest.approx(-0.5, abs=0.01)


def test_without_two_blocks_there_is_no_interval(run: Build) -> None:
    found = rung((), run(200.0, blocks=1), {}, before=None, load_1m=0.5)
    assert (found.mean_ms, found.throughput_per_s) == (None, None)


def test_errors_have_an_interval_that_never_leaves_the_possible(run: Build) -> None:
    none, some = (rung((), run(9.0, failing=n), {}, before=None, load_1m=0.5) for n in (0, 30))
    assert (none.error_rate.value, none.error_rate.low) == (0.0, 0.0)
    assert 0 < some.error_rate.low < some.error_rate.value == 0.05 < some.error_rate.high


def test_rates_come_from_what_the_receiver_counted_meanwhile(run: Build) -> None:
    before = {"score_hits": 5, "upstream_calls": 100, "refused": {"busy": 1}}
    after = {
        "score_hits": 80,
        "score_misses": 25,
        "upstream_calls": 300,
        "upstream_s": 16.0,
        "calls_troubled": 20,
        "calls_recovered": 19,
        "refused": {"busy": 4},
    }
    found = rung((), run(9.0), counted_between(before, after), before=None, load_1m=0.5)
    assert (found.hit_rate, found.call_ms, found.recovered) == (0.75, 80.0, 0.95)


def test_what_was_not_counted_is_unknown_and_not_nothing(run: Build) -> None:
    found = rung((), run(9.0), counted_between({}, {"score_hits": 0}), before=None, load_1m=0.5)
    assert (found.hit_rate, found.call_ms, found.recovered) == (None, None, None)
    assert (found.calls_per_event, found.lost) == (None, None)
