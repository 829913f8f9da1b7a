from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.model.estimate import Mode
from ghlctl.scenario.turns import (
    Rhythm,
    counted_from_s,
    counted_windows,
    order_text,
    pairs_of,
    turns_of,
    windows_of,
)


def rhythm(mode: Mode, *, pairs: int = 6, control: bool = False, seed: int = 1) -> Rhythm:
    return Rhythm(mode, pairs, 4.0, 0.5, 3.0, control, seed)


RHYTHMS = st.builds(
    rhythm,
    st.sampled_from([Mode.DUET, Mode.ABBA]),
    pairs=st.sampled_from([6, 8, 24]),
    control=st.booleans(),
    seed=st.integers(0, 2**32),
)


@given(RHYTHMS)
def test_every_pair_holds_one_block_of_each_arm(given_: Rhythm) -> None:
    turns = turns_of(given_)
    for other in given_.arms[1:]:
        pairs = pairs_of(turns, other)
        assert len(pairs) == given_.pairs
        for place in (0, 1):
            assert len({pair[place] for pair in pairs}) == given_.pairs
        blocks = len(counted_windows(turns, other))
        assert {b for _, b in pairs} == set(range(blocks))


@given(RHYTHMS)
def test_turns_never_overlap_and_the_warm_up_comes_first(given_: Rhythm) -> None:
    turns = turns_of(given_)
    for one, other in pairwise(turns):
        assert one.end_s <= other.start_s
    began = [turn.pair is not None for turn in turns]
    assert began == sorted(began)
    for arm in given_.arms:
        assert windows_of(turns, arm)[0][0] < counted_from_s(turns)


@given(RHYTHMS)
def test_the_same_seed_gives_the_same_order(given_: Rhythm) -> None:
    assert turns_of(given_) == turns_of(given_)


@given(st.integers(0, 500))
def test_a_quad_of_abba_mirrors_itself_so_that_drift_cancels(seed: int) -> None:
    words = order_text(turns_of(rhythm(Mode.ABBA, pairs=8, seed=seed))).split()
    assert all(second == first[::-1] for first, second in zip(words[::2], words[1::2], strict=True))


def test_abba_starts_with_either_arm() -> None:
    orders = [order_text(turns_of(rhythm(Mode.ABBA, seed=seed))).split()[0] for seed in range(40)]
    assert 5 < orders.count("AB") < 35


@pytest.mark.parametrize("mode", [Mode.DUET, Mode.ABBA])
def test_control_and_candidate_are_never_loaded_together(mode: Mode) -> None:
    counted = [turn for turn in turns_of(rhythm(mode, control=True)) if turn.pair is not None]
    assert not any({"B", "C"} <= set(turn.arms) for turn in counted)
    if mode is Mode.DUET:
        assert {turn.arms for turn in counted} == {"AB", "AC"}
