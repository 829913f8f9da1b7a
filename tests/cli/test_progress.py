from ghlctl.cli.progress import Plan, progress_lines
from ghlctl.load.messages import Progress
from ghlctl.model.threshold import Threshold

PROGRESS = Progress(
    elapsed_s=15.0,
    planned=1000,
    due=380,
    sent=375,
    done=370,
    dropped=0,
    in_flight=5,
    connections=5,
    errors={"status": 3, "timeout": 4, "reset": 0},
    lateness_p99_ms=0.25,
    response_p50_ms=812.0,
    response_p99_ms=None,
)
EARLY = Threshold("error_rate < 1%")
PLAN = Plan("steady", 30.0, (EARLY, Threshold("response_time p50 < 1s"), Threshold("dropped == 0")))


def test_the_lines_say_how_far_how_fast_and_what_failed() -> None:
    first, second, third, fourth, *_ = progress_lines(PLAN, PROGRESS)
    assert first.endswith("15 s left")
    assert first.count("━") == 12
    assert "done 370 of 1000, 24.7/s, in flight 5" in second
    assert "p50 812.0 ms, p99 unknown" in third
    assert fourth == "  errors 7: status 3, timeout 4"


def test_thresholds_are_shown_as_they_stand() -> None:
    shown = progress_lines(PLAN, PROGRESS)[4:]
    assert shown == ["  ✗ error_rate < 1%", "  ✓ response_time p50 < 1s", "  ✓ dropped == 0"]


def test_what_only_the_end_can_tell_is_not_shown_before() -> None:
    plan = Plan("steady", 30.0, (Threshold("effects lost == 0"), Threshold("throughput > 20/s")))
    assert len(progress_lines(plan, PROGRESS)) == 4


def test_without_a_known_end_the_bar_follows_what_is_done() -> None:
    (first, *_) = progress_lines(Plan("closed", None), PROGRESS)
    assert first.endswith("15 s so far")
    assert first.count("━") == 9


def test_every_line_fits_a_terminal_of_80_columns() -> None:
    assert max(map(len, progress_lines(PLAN, PROGRESS))) <= 80
