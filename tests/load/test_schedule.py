"""Which request is due when: the same in every process that reads the plan."""

from itertools import pairwise

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ghlctl.load.frames import Frame, pack, tag_of, unpack
from ghlctl.load.histogram import Histogram
from ghlctl.load.plan import LoadPlan, decode_plan, encode_plan
from ghlctl.load.schedule import ClosedSegment, OpenSegment, planned, segments_of
from ghlctl.scenario.scenario import Burst, Closed, Constant, Poisson, Ramp, Stage


def plan_of(*stages: Stage, duplicates: float = 0.0, seed: int = 1) -> LoadPlan:
    return LoadPlan(
        url="http://127.0.0.1:1/",
        provider="ghl",
        scheme="hmac-timestamp",
        key_ref="env:KEY",
        events={"ContactCreate": 3.0, "ContactUpdate": 1.0},
        stages=stages,
        seed=seed,
        folder="unused",
        duplicates=duplicates,
    )


stages = st.one_of(
    st.builds(Constant, st.floats(4, 100), st.floats(0.5, 3)),
    st.builds(Ramp, st.floats(4, 50), st.floats(4, 50), st.floats(0.5, 3)),
    st.builds(Poisson, st.floats(4, 50), st.floats(0.5, 3)),
    st.builds(Burst, st.integers(1, 50)),
)


@settings(deadline=None)
@given(st.lists(stages, min_size=1, max_size=3), st.floats(0, 1), st.integers(0, 2**40))
def test_duplicates_follow_their_originals_and_nothing_else_moves(
    parts: list[Stage], duplicates: float, seed: int
) -> None:
    (plain,) = segments_of(plan_of(*parts, seed=seed))
    (twice,) = segments_of(plan_of(*parts, duplicates=duplicates, seed=seed))
    assert isinstance(plain, OpenSegment)
    assert isinstance(twice, OpenSegment)
    assert (np.diff(twice.offset_ns) >= 0).all()
    first = twice.attempt == 1
    assert (twice.offset_ns[first] == plain.offset_ns).all()
    assert (twice.event[first] == plain.event).all()
    assert (twice.original[first] == np.flatnonzero(first)).all()
    again = twice.original[~first]
    assert (twice.attempt[again] == 1).all()
    assert (twice.event[again] == twice.event[~first]).all()
    assert (twice.offset_ns[~first] > twice.offset_ns[again]).all()
    assert len(set(again.tolist())) == len(again)


def test_a_ratio_of_one_sends_everything_twice() -> None:
    (segment,) = segments_of(plan_of(Constant(50, 2), duplicates=1.0))
    assert planned([segment]) == 200


def test_open_stages_are_one_segment_and_closed_ones_their_own() -> None:
    found = segments_of(
        plan_of(Constant(10, 1), Burst(3), Closed(2, iterations=7), Closed(1, for_s=1), Burst(4))
    )
    assert [type(each) for each in found] == [
        OpenSegment,
        ClosedSegment,
        ClosedSegment,
        OpenSegment,
    ]
    assert planned(found) == 10 + 3 + 7 + 0 + 4
    last = found[3]
    assert isinstance(last, OpenSegment)
    assert last.stage.tolist() == [4] * 4


def test_weights_decide_the_mix() -> None:
    (segment,) = segments_of(plan_of(Burst(4000)))
    assert isinstance(segment, OpenSegment)
    assert abs(float((segment.event == 0).mean()) - 0.75) < 0.03


def test_a_plan_survives_its_file() -> None:
    plan = plan_of(Constant(10, 1), Closed(2, iterations=7), duplicates=0.5)
    assert decode_plan(encode_plan(plan)) == plan


frames = st.builds(
    Frame,
    st.integers(0, 9),
    st.builds(tag_of, st.integers(0, 9), st.integers(0, 9), st.integers(1, 2)),
    st.integers(-1, 2**60),
    st.uuids().map(lambda name: str(name).encode()),
    st.binary(max_size=300),
)


@given(st.lists(frames, max_size=5), st.lists(st.integers(0, 2000), max_size=6))
def test_frames_survive_any_split_of_the_pipe(sent: list[Frame], places: list[int]) -> None:
    text = b"".join(map(pack, sent))
    ends = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    came: list[Frame] = []
    rest = b""
    for begin, end in pairwise(ends):
        fresh, rest = unpack(rest + text[begin:end])
        came += fresh
    assert (came, rest) == (sent, b"")


@given(st.lists(st.integers(1, 10**11), min_size=1, max_size=300), st.floats(0.001, 1))
def test_a_histogram_keeps_three_digits(values: list[int], q: float) -> None:
    histogram = Histogram()
    for part in (values[::2], values[1::2]):
        histogram.add(np.array(part, dtype=np.int64))
    exact = float(np.quantile(values, q, method="inverted_cdf")) / 1e6
    found = histogram.quantile_ms(q)
    assert found is not None
    assert exact * 0.999 <= found <= exact
    assert len(histogram) == len(values)


def test_only_arrivals_in_its_windows_are_an_arms_and_two_arms_share_all() -> None:
    plan = plan_of(Constant(20, 6))
    windows = {"A": ((0.0, 2.0), (4.0, 6.0)), "B": ((2.0, 4.0),)}
    (whole,) = segments_of(plan)
    assert isinstance(whole, OpenSegment)
    kept = {}
    for arm, own in windows.items():
        (segment,) = segments_of(msgspec.structs.replace(plan, windows=own))
        assert isinstance(segment, OpenSegment)
        seconds = segment.offset_ns / 1e9
        assert all(any(low <= at < high for low, high in own) for at in seconds)
        kept[arm] = segment.offset_ns
    assert sorted(np.concatenate([kept["A"], kept["B"]])) == whole.offset_ns.tolist()
