"""A live comparison: two receivers, and a control, loaded in turns or at the same time."""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ghlctl.cli.arms import LiveFlags, labels_of, receivers_of
from ghlctl.cli.interrupts import end_run, kept
from ghlctl.cli.loading import load_order, new_load_run, require_ready
from ghlctl.cli.output import say
from ghlctl.cli.settings import Receiver
from ghlctl.errors import UsageError

if TYPE_CHECKING:
    from ghlctl.analysis.pair import Margins
    from ghlctl.load.together import ArmOrder, Together
    from ghlctl.model.caution import Caution
    from ghlctl.model.estimate import CompareSummary
    from ghlctl.model.run import Run
    from ghlctl.scenario.config import Config
    from ghlctl.scenario.scenario import Constant, Poisson, Scenario
    from ghlctl.scenario.turns import Rhythm, Turn
    from ghlctl.store.runs import RunFolder, RunStore

RATE_PER_S = 25.0  # with blocks of 4 s, the 100 attempts that a p99 takes
WARMUP_S = 4.0
PAUSE_S = 0.5  # between turns of different receivers: what one was asked for ends before the next
MOST_PAIRS = 500
SHORTEST_BLOCK_S, TRIED_BLOCK_S, LONGEST_BLOCK_S = 0.5, 4.0, 300.0


@dataclass(frozen=True, slots=True)
class Compared:
    """The account of a live comparison; `interrupted` by the person who started it."""

    summary: "CompareSummary"
    interrupted: bool


def compare_live(
    flags: LiveFlags, config: "Config", store: "RunStore", margins: "Margins"
) -> Compared:
    """Load all arms and compare them; the run is on disk before anything fails."""
    from ghlctl.cli.progress import Plan, shown_progress
    from ghlctl.load.together import measure_together
    from ghlctl.scenario.turns import turns_of

    scenario = _steady(flags, config)
    rhythm = _rhythm(flags, scenario)
    turns = turns_of(rhythm)
    planned = stretched(scenario, turns)
    with receivers_of(flags, config, scenario) as receivers:
        for receiver in receivers.values():
            require_ready(receiver)
        run = _new_run(flags, rhythm, planned, receivers, store)
        folder = store.create(run)
        with kept(folder):
            arms = [
                _arm(letter, each, turns, planned, folder, run)
                for letter, each in receivers.items()
            ]
            plan = Plan(run.name, turns[-1].end_s, ())
            say(_announced(rhythm, turns))
            with shown_progress(plan) as on_progress:
                together = measure_together(
                    arms, environ=os.environ, gap_s=_gap_s(planned), on_progress=on_progress
                )
            return _judged(folder, run, turns, together, margins)


def _steady(flags: LiveFlags, config: "Config") -> "Scenario":
    """One steady rate, so that every block is a block like any other."""
    from ghlctl.cli.load_shape import scenario_for
    from ghlctl.scenario.scenario import Constant, Poisson

    shape = flags.shape
    if shape.scenario is None and config.scenario is None and shape.rate is None:
        shape = replace(shape, rate=RATE_PER_S)
    scenario = scenario_for(shape, config)
    if len(scenario.arrivals) == 1 and isinstance(scenario.arrivals[0], Constant | Poisson):
        return scenario
    raise UsageError(
        f"a live comparison sends one steady rate, and scenario {scenario.name} does not",
        "lay one over it with --rate 25; --pairs and --block say for how long",
    )


def _rhythm(flags: LiveFlags, scenario: "Scenario") -> "Rhythm":
    from ghlctl.model.estimate import Mode
    from ghlctl.scenario.turns import Rhythm
    from ghlctl.scenario.units import write_duration
    from ghlctl.stats.paired import LEAST_PAIRS

    if not LEAST_PAIRS <= flags.pairs <= MOST_PAIRS:
        raise UsageError(
            f"--pairs {flags.pairs} is not between {LEAST_PAIRS} and {MOST_PAIRS}",
            f"fewer than {LEAST_PAIRS} pairs can show nothing; 24 see changes of some 10 %",
        )
    if flags.mode is Mode.ABBA and flags.pairs % 2:
        raise UsageError(
            f"--mode abba takes an even number of pairs, not {flags.pairs}", "two pairs are a quad"
        )
    if not SHORTEST_BLOCK_S <= flags.block_s <= LONGEST_BLOCK_S:
        raise UsageError(
            f"a block of {write_duration(flags.block_s)} is too short or too long to be compared",
            "4s to 10s are what was tried; the least is 500ms, the most 5m",
        )
    alone = flags.mode is Mode.DUET and not flags.control
    return Rhythm(
        mode=flags.mode,
        pairs=flags.pairs,
        block_s=flags.block_s,
        pause_s=0.0 if alone else PAUSE_S,
        warmup_s=scenario.warmup_s or WARMUP_S,
        control=flags.control,
        seed=scenario.seed if scenario.seed is not None else secrets.randbits(32),
    )


def stretched(scenario: "Scenario", turns: "Sequence[Turn]") -> "Scenario":
    """The same rate for as long as all turns last; each arm sends in its own turns alone.

    A stage holds whole arrivals only: with one gap more the last turn has as many as all others.
    """
    from msgspec.structs import replace as changed

    from ghlctl.scenario.turns import counted_from_s

    stage = changed(_stage(scenario), for_s=turns[-1].end_s + _gap_s(scenario))
    return changed(scenario, arrivals=(stage,), warmup_s=counted_from_s(turns))


def _stage(scenario: "Scenario") -> "Constant | Poisson":
    from ghlctl.scenario.scenario import Constant, Poisson

    (stage,) = scenario.arrivals
    if not isinstance(stage, Constant | Poisson):
        raise TypeError("only a steady scenario is compared live")
    return stage


def _gap_s(scenario: "Scenario") -> float:
    return 1 / _stage(scenario).rate_per_s


def _new_run(
    flags: LiveFlags,
    rhythm: "Rhythm",
    scenario: "Scenario",
    receivers: "dict[str, Receiver]",
    store: "RunStore",
) -> "Run":
    from msgspec.structs import replace as changed

    from ghlctl.model.run import Interleaved, RunKind
    from ghlctl.scenario.turns import order_text, turns_of

    labels = labels_of(flags)
    seeded = changed(scenario, seed=rhythm.seed)
    run = new_load_run(RunKind.COMPARE, " and ".join(labels[:2]), seeded, receivers["A"])
    arms = dict(zip("ABC", labels, strict=False))
    return changed(
        run,
        receiver=arms["A"],
        interleaved=Interleaved(
            mode=rhythm.mode,
            order=order_text(turns_of(rhythm)),
            arms={letter: arms[letter] for letter in receivers},
            pairs=rhythm.pairs,
            block_s=rhythm.block_s,
            pause_s=rhythm.pause_s,
            attempt=1 + len(_earlier(store, arms)),
        ),
    )


def _earlier(store: "RunStore", arms: dict[str, str]) -> "list[RunFolder]":
    """Live comparisons of the same two receivers in the store; those unreadable do not count."""
    from ghlctl.errors import StoreError

    found = []
    for folder in store.runs():
        try:
            held = folder.read_run().interleaved
        except StoreError:
            continue
        if held is not None and {held.arms.get("A"), held.arms.get("B")} == {arms["A"], arms["B"]}:
            found.append(folder)
    return found


def _arm(
    letter: str,
    receiver: Receiver,
    turns: "Sequence[Turn]",
    scenario: "Scenario",
    folder: "RunFolder",
    run: "Run",
) -> "ArmOrder":
    from msgspec.structs import replace as changed

    from ghlctl.load.together import ArmOrder
    from ghlctl.model.run import RunKind
    from ghlctl.scenario.turns import counted_windows, windows_of

    held = run.interleaved
    label = held.arms[letter] if held else letter
    of_arm = new_load_run(RunKind.LOADTEST, label, changed(scenario, seed=run.seed), receiver)
    inside = folder.create_arm(letter, of_arm)
    order = load_order(scenario, receiver, inside, run.seed)
    plan = changed(order.plan, windows=windows_of(turns, letter), agreed_start=True)
    order = replace(order, plan=plan, windows=counted_windows(turns, letter))
    return ArmOrder(label, order, inside, of_arm)


def _judged(
    folder: "RunFolder",
    run: "Run",
    turns: "Sequence[Turn]",
    together: "Together",
    margins: "Margins",
) -> Compared:
    from msgspec.structs import replace as changed

    from ghlctl.analysis.live import Arms, compare_arms
    from ghlctl.cli.shapes import shapes_of
    from ghlctl.model.run import RunState
    from ghlctl.scenario.turns import pairs_of

    if together.fault is not None:
        raise together.fault
    arms, held = folder.arms(), run.interleaved
    if held is None:
        raise TypeError("a live comparison is an interleaved run")
    summaries = dict(zip(arms, (each.summary for each in together.measured), strict=True))
    whole = all(each.state == RunState.COMPLETE for each in summaries.values())
    state = RunState.COMPLETE if whole and not together.interrupted else RunState.ABORTED
    found = compare_arms(
        Arms(
            mode=held.mode,
            block_s=held.block_s,
            baseline=summaries["A"],
            candidate=summaries["B"],
            pairs=pairs_of(turns, "B"),
            control=summaries.get("C"),
            control_pairs=pairs_of(turns, "C") if "C" in arms else (),
        ),
        margins=margins,
        shapes=shapes_of(arms["A"], arms["B"]),
    )
    summary = changed(
        found,
        baseline=held.arms["A"],
        candidate=held.arms["B"],
        run=folder.id,
        state=state.value,
        attempts=held.attempt,
        cautions=(*found.cautions, *_short(held.block_s), *_repeated(held.attempt)),
    )
    folder.write_comparison(summary)
    end_run(folder, state)
    return Compared(summary, together.interrupted)


def _short(block_s: float) -> "list[Caution]":
    from ghlctl.model.caution import Caution

    if block_s >= TRIED_BLOCK_S:
        return []
    text = f"blocks of {block_s:g} s are so short that one may lean on the next"
    return [Caution("short-blocks", text, f"--block {TRIED_BLOCK_S:g}s or more")]


def _repeated(attempt: int) -> "list[Caution]":
    from ghlctl.model.caution import Caution

    if attempt == 1:
        return []
    return [
        Caution(
            "attempts",
            f"these two were compared {attempt} times: by chance alone, one comparison in twenty"
            " shows a difference",
            "believe what all of them show, and not the one that shows most",
        )
    ]


def _announced(rhythm: "Rhythm", turns: "Sequence[Turn]") -> str:
    from ghlctl.scenario.turns import order_text

    blocks = f"{rhythm.pairs} pairs of {rhythm.block_s:g}-s blocks"
    return (
        f"{rhythm.mode}: {blocks}, {turns[-1].end_s:.0f} s, seed {rhythm.seed}\n{order_text(turns)}"
    )
