from ghlctl.model.caution import Caution
from ghlctl.model.estimate import Comparison, Estimate, Verdict
from ghlctl.model.ladder import LadderSummary, Rung
from ghlctl.report.ladder import render_ladder
from ghlctl.report.visible import width


def rung(*turned: str, mean: float | None = 800.0, cautions: tuple[Caution, ...] = ()) -> Rung:
    estimate = None if mean is None else Estimate(mean, mean * 0.9, mean * 1.1, 0.95, 8)
    better = Comparison("response_time mean", 900, 800, -0.11, -0.2, -0.02, 0.05, Verdict.BETTER)
    return Rung(
        turned=turned,
        run="run",
        sent=320,
        mean_ms=estimate,
        p95_ms=mean,
        p95_blocks_ms=estimate,
        end_to_end_mean_ms=estimate,
        end_to_end_p95_ms=mean,
        error_rate=Estimate(0.012, 0.004, 0.03, 0.95, 8),
        throughput_per_s=Estimate(10.0, 9.9, 10.1, 0.95, 8),
        calls_per_event=6.1,
        call_ms=141.2,
        hit_rate=None,
        recovered=0.94,
        cpu_ms_per_event=20.5,
        lost=0,
        duplicated=0,
        load_1m=0.2,
        mean_against_before=better if turned else None,
        cautions=cautions,
    )


def ladder(*rungs: Rung) -> str:
    upstream = {"rtt_ms": 30.0, "service_ms": 35.0, "fault_rate": 0.06}
    return render_ladder(
        LadderSummary(1, "ladder", "complete", "baseline", 10, 32, upstream, rungs)
    )


def test_a_ladder_fits_80_columns_and_keeps_every_switch_whole() -> None:
    turned = [
        "upstream_connections=pooled",
        "database_writes=group_commit",
        "deduplicate=atomic",
    ]
    said = ladder(rung(), *(rung(switch) for switch in turned), rung("cache=redis", mean=None))
    assert max(map(width, said.splitlines())) <= 80
    assert all(switch in said for switch in turned)
    assert "720–880" in said
    assert "−11 % better" in said


def test_what_was_not_measured_is_a_dash() -> None:
    said = ladder(rung(mean=None))
    assert "–" in said
    assert "None" not in said


def test_a_doubt_of_several_rungs_is_said_once_with_all_their_numbers() -> None:
    doubt = Caution("few", "too few blocks", "measure longer")
    said = ladder(rung(cautions=(doubt,)), rung("a=b"), rung("c=d", cautions=(doubt,)))
    assert said.count("too few blocks") == 1
    assert "! at 0, 2: too few blocks" in said
