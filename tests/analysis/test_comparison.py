import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.analysis.comparison import SEQUENTIAL, compare
from ghlctl.analysis.effects import match_effects
from ghlctl.analysis.pair import Method
from ghlctl.model.caution import Caution
from ghlctl.model.estimate import CompareSummary, Comparison, Verdict
from ghlctl.model.summary import (
    BlockSummary,
    EffectsSummary,
    GeneratorSummary,
    Latency,
    LoadSummary,
    ReceiverCost,
)

Build = Callable[..., Any]
INTERLEAVED = Method("a method that controls drift", 0.0, None)
MIRROR = {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER}
QUIET = [0.98, 1.0, 1.02, 0.99, 1.01, 1.0]


def metric(result: CompareSummary, name: str) -> Comparison:
    (found,) = [each for each in result.metrics if each.metric == name]
    return found


@pytest.fixture(scope="session")
def run_of(summary_of: Build, samples_of: Build) -> Build:
    def build(
        response_ms: float,
        blocks: Sequence[float] = QUIET,
        *,
        rate: int = 25,
        errors: int = 0,
        **changes: Any,
    ) -> LoadSummary:
        """5-s blocks whose response times are `response_ms` times the block's factor."""
        n = rate * 5 * len(blocks)
        due = [1000 / rate * i for i in range(n)]
        times = np.repeat(response_ms * np.array(blocks), rate * 5)
        failed = set(range(0, n, n // errors)) if errors else set()
        samples = samples_of(due, times, error=["status" if i in failed else "" for i in range(n)])
        summary: LoadSummary = summary_of(samples)
        return msgspec.structs.replace(summary, run=f"{response_ms}", **changes)

    return build


def test_half_the_response_time_is_better_and_double_is_worse(run_of: Build) -> None:
    slow, fast = run_of(400), run_of(200)
    better, worse = compare(slow, fast), compare(fast, slow)
    mean = metric(better, "response_time mean")
    assert (better.verdict, worse.verdict) == (Verdict.BETTER, Verdict.WORSE)
    assert (mean.baseline, mean.candidate) == pytest.approx((400, 200))
    assert mean.change == pytest.approx(-0.5)
    assert mean.low is not None
    assert mean.high is not None
    assert mean.low < -0.5 < mean.high < -0.45
    assert metric(worse, "response_time p95").change == pytest.approx(1)


def test_the_interval_is_the_hand_computed_welch(run_of: Build) -> None:
    found = metric(compare(run_of(100), run_of(150)), "response_time mean")
    spread = float(np.std(np.log(QUIET), ddof=1)) * math.sqrt(2 / 6) * 2.228  # t(.975, 10)
    assert found.low == pytest.approx(1.5 * math.exp(-spread) - 1, abs=1e-4)
    assert found.high == pytest.approx(1.5 * math.exp(spread) - 1, abs=1e-4)


def test_drift_of_a_machine_is_no_verdict_when_nothing_controlled_it(run_of: Build) -> None:
    baseline, candidate = run_of(400), run_of(400 * 1.12)
    sequential = compare(baseline, candidate)
    found = metric(sequential, "response_time mean")
    assert (sequential.verdict, found.verdict) == (Verdict.UNCLEAR, Verdict.UNCLEAR)
    assert found.note == "not beyond what drift of the machine and the margin can explain"
    assert found.low is not None
    assert found.low > 0.09
    assert sequential.method.startswith("sequential: machine drift not controlled")
    assert [each.code for each in sequential.cautions] == ["sequential"]
    assert compare(baseline, candidate, method=INTERLEAVED).verdict is Verdict.WORSE


def test_same_is_shown_and_not_assumed(run_of: Build) -> None:
    calm = [1.001, 0.999, 1.0, 1.0, 1.002, 0.998]
    stormy = [0.8, 1.2, 1.0, 1.4, 0.7, 1.1]
    shown = compare(run_of(400, calm), run_of(401, calm), method=INTERLEAVED)
    assert metric(shown, "response_time mean").verdict is Verdict.SAME
    assumed = compare(run_of(400, stormy), run_of(401, stormy), method=INTERLEAVED)
    assert metric(assumed, "response_time mean").verdict is Verdict.UNCLEAR
    drifting = compare(run_of(400, calm), run_of(401, calm), method=SEQUENTIAL)
    assert metric(drifting, "response_time mean").verdict is Verdict.UNCLEAR


def test_five_milliseconds_do_not_matter_however_large_their_share(run_of: Build) -> None:
    result = compare(run_of(2), run_of(4))
    found = metric(result, "response_time mean")
    assert found.change == pytest.approx(1)
    assert found.verdict is Verdict.SAME


def test_what_could_have_been_seen_is_said(run_of: Build) -> None:
    found = metric(compare(run_of(400), run_of(410)), "response_time mean")
    assert found.detectable is not None
    assert 0.185 < found.detectable < 0.25
    storm = [0.6, 1.5, 1.0, 1.4, 0.7, 1.1]
    wide = metric(compare(run_of(400, storm), run_of(410, storm)), "response_time mean")
    assert wide.detectable is not None
    assert wide.detectable > 2 * found.detectable


def test_two_blocks_are_too_few_for_a_verdict(run_of: Build) -> None:
    result = compare(run_of(400), run_of(100, [1.0, 1.01]))
    found = metric(result, "response_time mean")
    assert (found.low, found.high, found.detectable) == (None, None, None)
    assert found.change == pytest.approx(-0.75, abs=0.01)
    assert found.verdict is Verdict.UNCLEAR
    assert "takes 3 blocks" in found.note
    assert result.verdict is Verdict.UNCLEAR
    assert "too-few-blocks" in {each.code for each in result.cautions}


@pytest.mark.parametrize("code", ["machine-contended", "generator-not-keeping-up"])
@pytest.mark.parametrize("arm", [0, 1])
def test_a_contended_machine_gets_a_caution_and_no_verdict(
    run_of: Build, code: str, arm: int
) -> None:
    doubt = (Caution(code, "seen", "do"),)
    runs = [run_of(400), run_of(100)]
    runs[arm] = msgspec.structs.replace(runs[arm], cautions=doubt)
    result = compare(*runs)
    assert {each.verdict for each in result.metrics} == {Verdict.UNCLEAR}
    assert result.verdict is Verdict.UNCLEAR
    assert code in {each.code for each in result.cautions}
    assert metric(result, "response_time mean").note == f"no verdict: {code}"


def test_times_of_a_failing_receiver_are_not_judged_but_its_errors_are(run_of: Build) -> None:
    result = compare(run_of(400), run_of(100, errors=200))
    assert metric(result, "response_time mean").verdict is Verdict.UNCLEAR
    assert metric(result, "error_rate").verdict is Verdict.WORSE
    assert result.verdict is Verdict.WORSE


def test_an_error_rate_is_a_difference_with_newcombes_interval(run_of: Build) -> None:
    found = metric(compare(run_of(100), run_of(100, errors=30)), "error_rate")
    assert not found.relative
    assert found.change == pytest.approx(0.04)
    assert found.low is not None
    assert found.high is not None
    assert 0.02 < found.low < 0.04 < found.high < 0.06
    assert found.verdict is Verdict.WORSE


def test_equal_error_rates_of_many_requests_are_the_same(run_of: Build) -> None:
    baseline = msgspec.structs.replace(run_of(100, rate=200))
    assert metric(compare(baseline, baseline), "error_rate").verdict is Verdict.SAME


def test_throughput_is_the_schedules_unless_the_rates_agree(run_of: Build) -> None:
    result = compare(run_of(400, rate=10), run_of(200, rate=25))
    found = metric(result, "throughput")
    assert found.verdict is Verdict.UNCLEAR
    assert found.note == (
        "baseline 10/s planned, candidate 25/s planned: throughput follows the load"
    )
    assert "loads-differ" in {each.code for each in result.cautions}
    # Faster under the heavier load is better all the same.
    assert metric(result, "response_time mean").verdict is Verdict.BETTER
    assert metric(compare(run_of(200), run_of(201)), "throughput").verdict is Verdict.SAME


def test_slower_under_a_heavier_load_is_no_verdict(run_of: Build) -> None:
    found = metric(compare(run_of(200, rate=10), run_of(400, rate=25)), "response_time mean")
    assert found.verdict is Verdict.UNCLEAR
    assert found.note == "the run that did worse also bore the heavier load"


def test_more_acknowledgements_from_a_saturated_receiver_are_better(run_of: Build) -> None:
    def serving(per_s: float) -> LoadSummary:
        run: LoadSummary = run_of(100)
        blocks = tuple(
            msgspec.structs.replace(b, throughput_per_s=per_s * f)
            for b, f in zip(run.blocks, QUIET, strict=True)
        )
        return msgspec.structs.replace(run, blocks=blocks, throughput_per_s=per_s)

    assert metric(compare(serving(10), serving(20)), "throughput").verdict is Verdict.BETTER
    assert metric(compare(serving(20), serving(10)), "throughput").verdict is Verdict.WORSE


def test_cpu_per_event_is_shown_without_a_verdict(run_of: Build) -> None:
    costs = [ReceiverCost(1.0, ms, 0.0) for ms in (50.0, 20.0)]
    result = compare(*(run_of(400, receiver_cost=cost) for cost in costs))
    found = metric(result, "cpu_ms_per_event")
    assert found.change == pytest.approx(-0.6)
    assert (found.low, found.verdict) == (None, Verdict.UNCLEAR)
    assert "cpu_ms_per_event" not in {m.metric for m in compare(run_of(400), run_of(1)).metrics}


def effects(lost: int, duplicated: int = 0, expected: int = 750) -> EffectsSummary:
    none = Latency(*[None] * 7)
    return EffectsSummary(expected, expected - lost, lost, duplicated, 0, none)


def codes(result: CompareSummary) -> set[str]:
    return {each.code for each in result.cautions}


@pytest.mark.parametrize("candidate_ms", [100, 400])
@pytest.mark.parametrize(("went_wrong", "code"), [((525, 0), "lost"), ((0, 40), "duplicated")])
def test_losing_or_repeating_deliveries_beyond_chance_is_worse_at_any_speed(
    run_of: Build, candidate_ms: float, went_wrong: tuple[int, int], code: str
) -> None:
    good, bad = effects(0), effects(*went_wrong)
    result = compare(run_of(400, effects=good), run_of(candidate_ms, effects=bad))
    assert result.verdict is Verdict.WORSE
    assert f"effects-{code}" in codes(result)


@pytest.mark.parametrize("candidate_ms", [100, 400.5])
def test_one_more_loss_may_be_chance_and_is_neither_better_nor_the_same(
    run_of: Build, candidate_ms: float
) -> None:
    calm = [1.001, 0.999, 1.0, 1.0, 1.002, 0.998]
    runs = (
        run_of(400, calm, rate=200, effects=effects(1)),
        run_of(candidate_ms, calm, rate=200, effects=effects(2)),
    )
    result = compare(*runs, method=INTERLEAVED)
    assert result.verdict is Verdict.UNCLEAR
    assert "effects-lost" in codes(result)


def test_equal_effects_leave_the_verdict_to_the_speed(run_of: Build) -> None:
    result = compare(run_of(400, effects=effects(3)), run_of(100, effects=effects(3)))
    assert (result.verdict, codes(result)) == (Verdict.BETTER, {"sequential"})


def test_every_delivery_done_twice_without_an_acknowledgement_is_still_a_share(
    run_of: Build,
) -> None:
    twice = msgspec.structs.replace(effects(0, duplicated=9, expected=5), unacknowledged=4)
    result = compare(run_of(400, effects=effects(0)), run_of(400, effects=twice))
    assert result.verdict is Verdict.WORSE


@pytest.mark.parametrize("arm", [0, 1])
def test_effects_of_one_run_only_allow_no_better_and_no_same(run_of: Build, arm: int) -> None:
    runs = [run_of(400), run_of(100)]
    runs[arm] = msgspec.structs.replace(runs[arm], effects=effects(0))
    result = compare(*runs)
    assert metric(result, "response_time mean").verdict is Verdict.BETTER
    assert result.verdict is Verdict.UNCLEAR
    assert "effects-on-one-side" in codes(result)
    assert compare(runs[1], runs[0]).verdict is Verdict.WORSE


@pytest.mark.parametrize("arm", [0, 1])
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": "aborted"}, "run-aborted"),
        ({"state": "running"}, "run-aborted"),
        ({"sent": 0}, "run-nothing-sent"),
        ({"generator": GeneratorSummary(1.0, 1, keeping_up=False)}, "run-fell-behind"),
    ],
)
def test_a_run_that_may_not_be_trusted_gets_no_verdict(
    run_of: Build, arm: int, change: dict[str, Any], code: str
) -> None:
    runs = [run_of(400, effects=effects(0)), run_of(100, effects=effects(525))]
    runs[arm] = msgspec.structs.replace(runs[arm], **change)
    result = compare(*runs)
    assert {each.verdict for each in result.metrics} == {Verdict.UNCLEAR}
    assert result.verdict is Verdict.UNCLEAR
    assert {code, "effects-lost"} <= codes(result)
    assert metric(result, "response_time mean").note == f"no verdict: {code}"


def test_throughput_of_closed_runs_is_a_result_and_not_a_plan(run_of: Build) -> None:
    def closed(rate: int, slots: int = 4) -> LoadSummary:
        run: LoadSummary = run_of(10, rate=rate, open_model=False, concurrency=slots)
        blocks = tuple(
            msgspec.structs.replace(b, throughput_per_s=b.throughput_per_s * f)
            for b, f in zip(run.blocks, QUIET, strict=True)
        )
        return msgspec.structs.replace(run, blocks=blocks)

    faster = compare(closed(25), closed(50))
    assert metric(faster, "throughput").verdict is Verdict.BETTER
    assert "loads-differ" not in codes(faster)
    assert metric(compare(closed(50), closed(25)), "throughput").verdict is Verdict.WORSE
    # A machine's drift moves such a rate as it moves a time.
    assert metric(compare(closed(100), closed(108)), "throughput").verdict is Verdict.UNCLEAR
    wider = compare(closed(25, 4), closed(50, 8))
    assert metric(wider, "throughput").note == (
        "baseline 4 in flight at once, candidate 8 in flight at once: throughput follows the load"
    )
    assert "loads-differ" in codes(wider)
    mixed = compare(closed(25), run_of(10, rate=25))
    assert metric(mixed, "throughput").verdict is Verdict.UNCLEAR
    assert "loads-differ" in codes(mixed)


def test_what_makes_two_runs_unlike_is_said(run_of: Build) -> None:
    run = run_of(400)
    codes = {each.code for each in compare(run, run, environments_differ=True).cautions}
    assert codes == {"sequential", "environments-differ", "same-run"}
    coarse = msgspec.structs.replace(
        run, blocks=tuple(msgspec.structs.replace(b, duration_s=10.0) for b in run.blocks)
    )
    assert "blocks-differ" in {each.code for each in compare(run, coarse).cautions}


@pytest.mark.parametrize("empty", [[], [0.0]])
def test_a_run_of_nothing_is_compared_without_a_verdict(
    run_of: Build, samples_of: Build, summary_of: Build, empty: list[float]
) -> None:
    nothing = summary_of(samples_of(empty, -1.0))
    for pair in ((nothing, nothing), (nothing, run_of(400)), (run_of(400), nothing)):
        result = compare(*pair)
        assert result.verdict is Verdict.UNCLEAR
        assert "nan" not in msgspec.json.encode(result).decode().lower()


def test_swapped_clocks_withhold_end_to_end_verdicts(
    run_of: Build, samples_of: Build, summary_of: Build, entry: Build, origin: int
) -> None:
    def with_effects(after_ms: float) -> LoadSummary:
        samples = samples_of([40.0 * i for i in range(500)])
        entries = [entry(i, 40 * i + after_ms * QUIET[i // 125], key=f"d{i}:u") for i in range(500)]
        run: LoadSummary = summary_of(samples, matched=match_effects(samples, entries, origin))
        return run

    good = metric(compare(with_effects(500), with_effects(200)), "end_to_end p95")
    assert good.verdict is Verdict.BETTER
    behind = compare(with_effects(500), with_effects(-20))
    assert metric(behind, "end_to_end mean").verdict is Verdict.UNCLEAR
    assert metric(behind, "end_to_end mean").note == "no verdict: clocks-disagree"


def simulated(name: str, block_means: Sequence[float], errors: Sequence[int]) -> LoadSummary:
    """A summary with given blocks of 125 attempts, for simulations that need no samples."""
    blocks = tuple(
        BlockSummary(
            start_s=5.0 * k,
            duration_s=5.0,
            sent=125,
            errors=failed,
            throughput_per_s=(125 - failed) / 5,
            response_time_ms=_like(mean),
            service_time_ms=_like(mean),
        )
        for k, (mean, failed) in enumerate(zip(block_means, errors, strict=True))
    )
    whole = float(np.mean(block_means))
    sent, failed = 125 * len(blocks), sum(errors)
    empty = msgspec.convert(_EMPTY, LoadSummary)
    return msgspec.structs.replace(
        empty,
        run=name,
        planned=sent,
        sent=sent,
        errors=failed,
        error_rate=failed / sent,
        throughput_per_s=(sent - failed) / (5 * len(blocks)),
        planned_per_s=25.0,
        response_time_ms=_like(whole),
        service_time_ms=_like(whole),
        blocks=blocks,
    )


def _like(mean: float) -> Latency:
    shares = (1.0, 0.95, 1.2, 1.3, 1.6, None, 2.0)
    return Latency(*(None if share is None else mean * share for share in shares))


_NONE = dict.fromkeys(("mean", "p50", "p90", "p95", "p99", "p99_9", "max"))
_EMPTY: dict[str, Any] = {
    "schema_version": 1,
    **dict.fromkeys(("run", "kind", "state", "scenario", "receiver"), ""),
    **dict.fromkeys(("planned", "sent", "dropped", "errors"), 0),
    **dict.fromkeys(("error_rate", "throughput_per_s", "planned_per_s", "duration_s"), 0.0),
    **dict.fromkeys(("response_time_ms", "service_time_ms", "lateness_ms"), _NONE),
    **{key: {} for key in ("errors_by_kind", "by_event")},
    **{key: [] for key in ("blocks", "thresholds", "cautions")},
    "effects": None,
    "generator": {"cpu_s": 0.0, "workers": 1, "keeping_up": True},
    "receiver_cost": None,
    "pass": True,
}

BLOCKS = st.lists(st.tuples(st.floats(0.01, 1e5), st.integers(0, 125)), min_size=1, max_size=8).map(
    lambda rows: simulated("r", [row[0] for row in rows], [row[1] for row in rows])
)
METHODS = st.sampled_from([SEQUENTIAL, INTERLEAVED])


@given(BLOCKS, METHODS)
def test_a_run_compared_with_itself_is_never_worse_nor_better(
    run: LoadSummary, method: Method
) -> None:
    result = compare(run, run, method=method)
    assert {each.verdict for each in result.metrics} <= {Verdict.SAME, Verdict.UNCLEAR}
    assert all(each.change in (0, None) for each in result.metrics)
    assert result.verdict in (Verdict.SAME, Verdict.UNCLEAR)


@given(BLOCKS, BLOCKS, METHODS)
def test_swapping_the_arms_mirrors_every_verdict(
    one: LoadSummary, other: LoadSummary, method: Method
) -> None:
    forth, back = compare(one, other, method=method), compare(other, one, method=method)
    for ahead, behind in zip(forth.metrics, back.metrics, strict=True):
        assert behind.verdict is MIRROR.get(ahead.verdict, ahead.verdict)
        for value in (ahead.change, ahead.low, ahead.high, ahead.detectable):
            assert value is None or math.isfinite(value)


@given(BLOCKS, BLOCKS, METHODS)
def test_a_verdict_never_contradicts_its_interval(
    one: LoadSummary, other: LoadSummary, method: Method
) -> None:
    for each in compare(one, other, method=method).metrics:
        if each.verdict in MIRROR:
            assert each.low is not None
            assert each.high is not None
            assert each.low > 0 or each.high < 0


def test_equal_receivers_raise_no_alarm_and_a_real_change_is_found() -> None:
    rng = np.random.default_rng(17)
    alarms = shams = finds = 0
    for _ in range(200):
        # 4 % between runs, 3 % drift from the first to the second, 8 % between blocks
        levels = rng.normal((0, 0.03), 0.04)
        runs = [np.exp(rng.normal(level, 0.08, 12)) * 400 for level in levels]
        errors = [rng.binomial(125, 0.01, 12).tolist() for _ in runs]
        a, b = (simulated(str(i), runs[i].tolist(), errors[i]) for i in (0, 1))
        half = simulated("c", (runs[1] / 2).tolist(), errors[1])
        verdict = compare(a, b).verdict
        alarms += verdict in MIRROR
        shams += verdict is Verdict.SAME
        finds += compare(a, half).verdict is Verdict.BETTER
    assert (alarms, shams) == (0, 0)
    assert finds >= 198


def test_without_drift_false_alarms_over_all_metrics_stay_rare() -> None:
    rng = np.random.default_rng(18)
    alarms = 0
    for _ in range(200):
        runs = [np.exp(rng.normal(0, 0.08, 12)) * 400 for _ in range(2)]
        errors = [rng.binomial(125, 0.01, 12).tolist() for _ in runs]
        a, b = (simulated(str(i), runs[i].tolist(), errors[i]) for i in (0, 1))
        alarms += compare(a, b, method=INTERLEAVED).verdict in MIRROR
    assert alarms <= 10
