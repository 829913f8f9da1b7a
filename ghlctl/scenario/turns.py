"""Who is loaded when in a live comparison: turns, drawn from a seed, that share out the drift.

A turn is a stretch of load of one length. Arms are letters: A the baseline, B the candidate, C the
control, which is A's receiver once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ghlctl.model.estimate import Mode

Windows = tuple[tuple[float, float], ...]
"""Seconds from the run's zero, ascending, without overlap."""


@dataclass(frozen=True, slots=True)
class Turn:
    """`arms` are loaded together from `start_s` to `end_s`; `pair` is None in the warm-up."""

    arms: str
    start_s: float
    end_s: float
    pair: int | None


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a live comparison shares out its time. With ABBA, `pairs` is even: two make a quad."""

    mode: Mode
    pairs: int
    block_s: float
    pause_s: float
    warmup_s: float
    control: bool
    seed: int

    @property
    def arms(self) -> str:
        return "ABC" if self.control else "AB"


def turns_of(rhythm: Rhythm) -> tuple[Turn, ...]:
    """All turns one after another, a pause after each where arms change; the warm-up first."""
    order = _warmup_order(rhythm) + _order(rhythm)
    turns, at = [], 0.0
    for arms, pair in order:
        lasts = rhythm.block_s if pair is not None else rhythm.warmup_s
        turns.append(Turn(arms, at, at + lasts, pair))
        at += lasts + rhythm.pause_s
    return tuple(turn for turn in turns if turn.end_s > turn.start_s)


def windows_of(turns: Sequence[Turn], arm: str) -> Windows:
    """When one arm is loaded, warm-up included."""
    return tuple((turn.start_s, turn.end_s) for turn in turns if arm in turn.arms)


def counted_windows(turns: Sequence[Turn], arm: str) -> Windows:
    """The same without the warm-up: the arm's blocks, in order."""
    return windows_of([turn for turn in turns if turn.pair is not None], arm)


def pairs_of(turns: Sequence[Turn], other: str) -> tuple[tuple[int, int], ...]:
    """Which block of A belongs to which block of the other arm, by their places."""
    places = {arm: _places(turns, arm) for arm in ("A", other)}
    if "".join(sorted(("A", other))) in {turn.arms for turn in turns if turn.pair is not None}:
        shared = places["A"].keys() & places[other].keys()
        return tuple((places["A"][at], places[other][at]) for at in sorted(shared))
    by_pair = {arm: _by_pair(turns, arm) for arm in ("A", other)}
    both = by_pair["A"].keys() & by_pair[other].keys()
    return tuple((by_pair["A"][pair], by_pair[other][pair]) for pair in sorted(both))


def counted_from_s(turns: Sequence[Turn]) -> float:
    """Where the warm-up of all arms is over."""
    return next((turn.start_s for turn in turns if turn.pair is not None), 0.0)


def order_text(turns: Sequence[Turn]) -> str:
    """The counted turns as a person reads them: `AB BA BA AB`, or `A+B A+B` for duets."""
    pairs: dict[int, list[str]] = {}
    for turn in turns:
        if turn.pair is not None:
            pairs.setdefault(turn.pair, []).append("+".join(turn.arms))
    return " ".join(
        "".join(pair) if len(pair[0]) == 1 else " ".join(pair) for pair in pairs.values()
    )


def _places(turns: Sequence[Turn], arm: str) -> dict[float, int]:
    """The place of each of the arm's blocks, by when it starts."""
    starts = [turn.start_s for turn in turns if turn.pair is not None and arm in turn.arms]
    return {start: place for place, start in enumerate(starts)}


def _by_pair(turns: Sequence[Turn], arm: str) -> dict[int, int]:
    """The place of each of the arm's blocks, by its pair: it has one in each."""
    pairs = [turn.pair for turn in turns if turn.pair is not None and arm in turn.arms]
    return {pair: place for place, pair in enumerate(pairs)}


def _warmup_order(rhythm: Rhythm) -> list[tuple[str, int | None]]:
    together = rhythm.mode is Mode.DUET
    return [(each, None) for each in ([rhythm.arms] if together else rhythm.arms)]


def _order(rhythm: Rhythm) -> list[tuple[str, int | None]]:
    chance = np.random.default_rng(rhythm.seed)
    if rhythm.mode is Mode.DUET:
        return [(arms, pair) for pair in range(rhythm.pairs) for arms in _duets(rhythm, chance)]
    order: list[tuple[str, int | None]] = []
    for pair in range(0, rhythm.pairs, 2):
        first = "".join(chance.permutation(list(rhythm.arms)).tolist())
        order += [(arm, pair) for arm in first]
        order += [(arm, pair + 1) for arm in reversed(first)]
    return order


def _duets(rhythm: Rhythm, chance: np.random.Generator) -> list[str]:
    """Never three at once: the control would change what is compared."""
    duets = ["AB", "AC"] if rhythm.control else ["AB"]
    return [duets[place] for place in chance.permutation(len(duets))]
