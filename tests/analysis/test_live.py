"""Comparisons of arms that were measured together, on machines that are simulated."""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from ghlctl.analysis.live import Arms, compare_arms
from ghlctl.analysis.pair import Margins
from ghlctl.model.estimate import CompareSummary, Comparison, Mode, Verdict
from ghlctl.model.sample import Floats
from ghlctl.model.summary import BlockSummary, GeneratorSummary, LoadSummary, ReceiverCost
from ghlctl.scenario.turns import Rhythm, Turn, pairs_of, turns_of
from ghlctl.stats.quantile import latency

Build = Callable[..., Any]
DECIDED = {Verdict.BETTER, Verdict.WORSE}
TIMES = ("response_time mean", "response_time p50", "response_time p95", "response_time p99")
RUN_NOISE, DRIFT = 0.04, 0.03
PAIRS, PER_BLOCK, BLOCK_S = 24, 400, 4.0


@pytest.fixture(scope="module")
def nothing(summary_of: Build, samples_of: Build) -> LoadSummary:
    empty: LoadSummary = summary_of(samples_of([0.0]))
    return msgspec.structs.replace(empty, cautions=(), open_model=True)


def block(chance: np.random.Generator, level: float, start_s: float, n: int) -> BlockSummary:
    times: Floats = 60 * math.exp(level) * chance.lognormal(0, 0.35, n)
    errors = int(chance.binomial(n, 0.002))
    return BlockSummary(
        start_s=start_s,
        duration_s=BLOCK_S,
        sent=n,
        errors=errors,
        throughput_per_s=(n - errors) / BLOCK_S,
        response_time_ms=latency(times),
        service_time_ms=latency(times),
        planned=n,
        receiver_cpu_s=n * 0.005 * math.exp(chance.normal(0, 0.03)),
    )


def arm(nothing: LoadSummary, blocks: list[BlockSummary], **changes: Any) -> LoadSummary:
    sent, errors = sum(b.sent for b in blocks), sum(b.errors for b in blocks)
    like = blocks[0].response_time_ms
    return msgspec.structs.replace(
        nothing,
        planned=sent,
        sent=sent,
        errors=errors,
        error_rate=errors / sent,
        throughput_per_s=sent / len(blocks) / BLOCK_S,
        planned_per_s=PER_BLOCK / BLOCK_S,
        response_time_ms=like,
        service_time_ms=like,
        receiver_cost=ReceiverCost(1.0, 5.0, 0.0),
        blocks=tuple(blocks),
        **changes,
    )


def session(
    nothing: LoadSummary,
    seed: int,
    *,
    effects: dict[str, float] | None = None,
    mode: Mode = Mode.ABBA,
    pairs: int = PAIRS,
    per_block: int = PER_BLOCK,
    noise: float = RUN_NOISE,
    storm: float = 0.0,
    **changes: Any,
) -> CompareSummary:
    """Every block has noise of its own; a storm is shared by what is loaded together."""
    chance, effects = np.random.default_rng([seed, 1]), effects or {}
    control = "C" in effects
    turns = turns_of(Rhythm(mode, pairs, BLOCK_S, 0.5, 4.0, control, seed))
    counted = [turn for turn in turns if turn.pair is not None]
    blocks: dict[str, list[BlockSummary]] = {letter: [] for letter in ("ABC" if control else "AB")}
    for place, turn in enumerate(counted):
        weather = DRIFT * place / len(counted) + chance.normal(0, storm)
        for letter in turn.arms:
            level = weather + chance.normal(0, noise) + effects.get(letter, 0.0)
            blocks[letter].append(block(chance, level, turn.start_s, per_block))
    return compared(nothing, turns, blocks, mode, **changes)


def compared(
    nothing: LoadSummary,
    turns: tuple[Turn, ...],
    blocks: dict[str, list[BlockSummary]],
    mode: Mode,
    **changes: Any,
) -> CompareSummary:
    runs = {letter: arm(nothing, of_arm, **changes) for letter, of_arm in blocks.items()}
    return compare_arms(
        Arms(
            mode=mode,
            block_s=BLOCK_S,
            baseline=runs["A"],
            candidate=runs["B"],
            pairs=pairs_of(turns, "B"),
            control=runs.get("C"),
            control_pairs=pairs_of(turns, "C") if "C" in runs else (),
        ),
        margins=Margins(ms=0.5),
    )


def metric(result: CompareSummary, name: str) -> Comparison:
    (found,) = [each for each in result.metrics if each.metric == name]
    return found


@pytest.mark.slow
def test_equal_receivers_raise_no_alarm_and_intervals_hold_what_they_say(
    nothing: LoadSummary,
) -> None:
    sessions = [session(nothing, seed) for seed in range(100)]
    assert sum(each.verdict in DECIDED for each in sessions) / len(sessions) <= 0.06
    for name in TIMES:
        found = [metric(each, name) for each in sessions]
        covered = [e.low is not None and e.high is not None and e.low <= 0 <= e.high for e in found]
        assert 0.90 <= sum(covered) / len(covered) <= 0.98, name


@pytest.mark.slow
def test_a_receiver_that_is_ten_percent_slower_is_found(nothing: LoadSummary) -> None:
    slower = {"B": math.log(1.1)}
    sessions = [session(nothing, seed, effects=slower) for seed in range(50)]
    verdicts = Counter(each.verdict for each in sessions)
    assert verdicts[Verdict.WORSE] >= 45
    assert verdicts[Verdict.BETTER] == 0


def test_a_duet_sees_through_a_storm_that_blinds_turns(nothing: LoadSummary) -> None:
    slower = {"B": math.log(1.15)}
    duet, abba = (
        session(nothing, 3, effects=slower, mode=mode, storm=0.6) for mode in (Mode.DUET, Mode.ABBA)
    )
    widths = [
        (found.high or 0) - (found.low or 0)
        for found in (metric(each, "response_time mean") for each in (duet, abba))
    ]
    assert duet.verdict is Verdict.WORSE
    assert abba.verdict is Verdict.UNCLEAR
    assert widths[0] < widths[1] / 5


def test_a_duet_states_ratios_only(nothing: LoadSummary) -> None:
    result = session(nothing, 1, mode=Mode.DUET, effects={"B": 0.5})
    assert {each.baseline for each in result.metrics} == {None}
    assert {each.change_ms for each in result.metrics} == {None}
    assert "ratios-only" in {each.code for each in result.cautions}
    assert metric(result, "response_time mean").verdict is Verdict.WORSE


def test_turns_state_the_change_in_milliseconds_too(nothing: LoadSummary) -> None:
    found = metric(session(nothing, 1, effects={"B": 0.5}), "response_time mean")
    assert found.baseline is not None
    assert found.change is not None
    assert found.change_ms == pytest.approx(found.baseline * found.change)
    assert found.n == PAIRS


def test_a_control_publishes_what_noise_there_is(nothing: LoadSummary) -> None:
    result = session(nothing, 5, effects={"B": 0.5, "C": 0.0})
    floors = {each.metric: each for each in result.noise_floors}
    mean = floors["response_time mean"]
    assert mean.interleaved is not None
    assert mean.sequential is not None
    assert 0 < mean.interleaved < 0.05
    assert result.verdict is Verdict.WORSE
    assert session(nothing, 5).noise_floors == ()


def test_where_the_control_differs_as_much_nothing_is_believed(nothing: LoadSummary) -> None:
    result = session(nothing, 5, effects={"B": 0.2, "C": 0.25})
    assert metric(result, "response_time mean").verdict is Verdict.UNCLEAR
    assert "control-differs" in {each.code for each in result.cautions}


def test_errors_of_the_candidate_are_held_against_those_of_the_control(
    nothing: LoadSummary,
) -> None:
    """A machine that fails one of two like arms would fail the candidate as well."""
    failing = {"B": 0.05, "C": 0.04}
    turns = turns_of(Rhythm(Mode.ABBA, 24, BLOCK_S, 0.5, 4.0, control=True, seed=1))
    chance = np.random.default_rng(1)
    blocks = {
        letter: [
            msgspec.structs.replace(each, errors=round(each.sent * failing.get(letter, 0.0)))
            for each in (block(chance, 0.0, 4.0 * k, 400) for k in range(24))
        ]
        for letter in "ABC"
    }
    result = compared(nothing, turns, blocks, Mode.ABBA)
    assert "control-differs" in {each.code for each in result.cautions}
    assert metric(result, "error_rate").verdict is Verdict.UNCLEAR
    failing["C"] = 0.0
    blocks["C"] = [msgspec.structs.replace(each, errors=0) for each in blocks["C"]]
    assert metric(compared(nothing, turns, blocks, Mode.ABBA), "error_rate").verdict is (
        Verdict.WORSE
    )


def test_blocks_in_which_nothing_was_acknowledged_show_no_equal_throughput(
    nothing: LoadSummary,
) -> None:
    turns = turns_of(Rhythm(Mode.DUET, 24, BLOCK_S, 0.0, 4.0, control=False, seed=1))
    chance = np.random.default_rng(1)
    whole = [block(chance, 0.0, 4.0 * k, 4000) for k in range(24)]
    silent = [
        msgspec.structs.replace(each, throughput_per_s=0.0) if k % 4 == 0 else each
        for k, each in enumerate(whole)
    ]
    found = metric(compared(nothing, turns, {"A": whole, "B": silent}, Mode.DUET), "throughput")
    assert (found.low, found.verdict) == (None, Verdict.UNCLEAR)
    assert found.note.endswith("all above zero")


def test_huge_effects_are_told_from_six_pairs(nothing: LoadSummary) -> None:
    found = metric(session(nothing, 2, pairs=6, effects={"B": 2.0}), "response_time mean")
    assert found.verdict is Verdict.WORSE
    assert found.p == pytest.approx(2 / 2**6)


def test_what_is_unclear_says_how_many_more_pairs_it_takes(nothing: LoadSummary) -> None:
    found = metric(session(nothing, 2, pairs=6), "response_time p95")
    assert found.verdict is Verdict.UNCLEAR
    assert found.more_needed is not None
    enough = session(nothing, 2, pairs=2 * ((6 + found.more_needed) // 2) + 2)
    assert metric(enough, "response_time p95").more_needed in (None, *range(found.more_needed))


@pytest.mark.parametrize(
    "changes", [{"state": "aborted"}, {"sent": 0}, {"generator": GeneratorSummary(1, 1, False)}]
)
def test_an_arm_that_may_not_be_trusted_gives_no_verdict(
    nothing: LoadSummary, changes: dict[str, Any]
) -> None:
    turns = turns_of(Rhythm(Mode.ABBA, 8, BLOCK_S, 0.5, 4.0, control=False, seed=1))
    chance = np.random.default_rng(1)
    blocks = {
        letter: [block(chance, level, 4.0 * k, 100) for k in range(8)]
        for letter, level in (("A", 0.0), ("B", 1.0))
    }
    runs = [arm(nothing, blocks["A"]), arm(nothing, blocks["B"])]
    runs[1] = msgspec.structs.replace(runs[1], **changes, dropped=3)
    places = pairs_of(turns, "B")
    result = compare_arms(Arms(Mode.ABBA, BLOCK_S, runs[0], runs[1], places))
    assert {each.verdict for each in result.metrics} == {Verdict.UNCLEAR}
    assert result.verdict is Verdict.UNCLEAR


def test_a_late_generator_shows_differences_but_no_equality(nothing: LoadSummary) -> None:
    late: dict[str, Any] = {"generator": GeneratorSummary(1.0, 1, keeping_up=False)}
    slower = session(nothing, 1, mode=Mode.DUET, effects={"B": 0.5}, **late)
    assert slower.verdict is Verdict.WORSE
    equal = session(nothing, 1, mode=Mode.DUET, noise=0.001, per_block=4000, **late)
    found = metric(equal, "response_time p50")
    assert found.verdict is Verdict.UNCLEAR
    assert "hides differences" in found.note
    calm = session(nothing, 1, mode=Mode.DUET, noise=0.001, per_block=4000)
    assert metric(calm, "response_time p50").verdict is Verdict.SAME


def test_an_arm_that_ended_early_is_paired_as_far_as_it_came(nothing: LoadSummary) -> None:
    turns = turns_of(Rhythm(Mode.DUET, 12, BLOCK_S, 0.0, 4.0, control=False, seed=1))
    chance = np.random.default_rng(1)
    whole = [block(chance, 0.0, 4.0 * k, 200) for k in range(12)]
    blocks = {"A": whole, "B": whole[:7]}
    result = compared(nothing, turns, blocks, Mode.DUET)
    assert metric(result, "response_time mean").n == 7


def test_one_block_gives_no_interval_and_says_what_it_takes(nothing: LoadSummary) -> None:
    one = [block(np.random.default_rng(1), 0.0, 0.0, 200)]
    turns = turns_of(Rhythm(Mode.DUET, 1, BLOCK_S, 0.0, 4.0, control=False, seed=1))
    result = compared(nothing, turns, {"A": one, "B": one}, Mode.DUET)
    found = metric(result, "response_time mean")
    assert (found.low, found.verdict) == (None, Verdict.UNCLEAR)
    assert found.note == "no interval: it takes 6 pairs on both sides, all above zero"
