import msgspec
import pytest

from ghlctl.errors import UsageError
from ghlctl.load.abort import stopper
from ghlctl.load.messages import Progress
from ghlctl.model.threshold import Level, Threshold

PROGRESS = Progress(
    elapsed_s=6.0,
    planned=1000,
    due=110,
    sent=105,
    done=100,
    dropped=0,
    in_flight=5,
    connections=5,
    errors={"status": 30, "timeout": 5},
    lateness_p99_ms=0.5,
    response_p50_ms=20.0,
    response_p99_ms=900.0,
)


def test_a_bound_that_breaks_ends_the_run_with_its_own_words() -> None:
    stop = stopper([Threshold("error_rate < 20%", abort=True)])
    assert stop is not None
    assert stop(PROGRESS) == "error_rate < 20% did not hold"


def test_a_bound_that_holds_lets_it_go_on() -> None:
    stop = stopper([Threshold("error_rate < 40%", abort=True)])
    assert stop is not None
    assert stop(PROGRESS) is None


@pytest.mark.parametrize(("after", "stops"), [("5s", True), ("6s", True), ("7s", False)])
def test_nothing_is_held_against_it_before_its_time(after: str, stops: bool) -> None:
    stop = stopper([Threshold("response_time p99 < 500ms", abort=True, after=after)])
    assert stop is not None
    assert (stop(PROGRESS) is not None) is stops


def test_before_the_first_reply_there_is_nothing_to_judge() -> None:
    early = msgspec.structs.replace(PROGRESS, done=0, errors={}, response_p50_ms=None)
    for expression in ("error_rate < 20%", "response_time p50 < 1ms"):
        stop = stopper([Threshold(expression, abort=True)])
        assert stop is not None
        assert stop(early) is None


def test_thresholds_that_do_not_abort_or_are_off_watch_nothing() -> None:
    off = Threshold("error_rate < 1%", abort=True, level=Level.OFF)
    assert stopper([Threshold("error_rate < 1%"), off]) is None


@pytest.mark.parametrize(
    "expression",
    ["effects lost == 0", "throughput > 1/s", "response_time{event=NoteCreate} p99 < 1s"],
)
def test_a_bound_that_is_known_only_at_the_end_cannot_abort(expression: str) -> None:
    with pytest.raises(UsageError, match="cannot abort"):
        stopper([Threshold(expression, abort=True)])
