"""Shares together are exactly the whole: of a schedule, of histograms, of what a worker owes."""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.load.clocks import RoundTrip, apart, offset_from
from ghlctl.load.crew import Crew
from ghlctl.load.exchange import Hello
from ghlctl.load.histogram import Histogram
from ghlctl.load.member import Member
from ghlctl.load.merging import Counts, disagreement
from ghlctl.load.plan import LoadPlan, Share
from ghlctl.load.production import closed_choices
from ghlctl.load.schedule import ClosedSegment, OpenSegment, segments_of
from ghlctl.load.split import own_segments
from ghlctl.load.unreported import Lost, unreported
from ghlctl.model.sample import Samples
from ghlctl.scenario.scenario import Burst, Closed, Constant, Poisson, Ramp
from ghlctl.store.samples import no_samples

stages = st.one_of(
    st.builds(Constant, st.floats(11, 200), st.floats(0.1, 2)),
    st.builds(Poisson, st.floats(11, 200), st.floats(0.1, 2)),
    st.builds(Ramp, st.floats(0, 50), st.floats(51, 200), st.floats(0.1, 2)),
    st.builds(Burst, st.integers(1, 50)),
    st.builds(Closed, st.integers(1, 20), st.integers(1, 200)),
    st.builds(Closed, st.integers(1, 20), st.none(), st.floats(0.1, 2)),
)
plans = st.builds(
    LoadPlan,
    url=st.just("http://127.0.0.1:1/"),
    provider=st.just("ghl"),
    scheme=st.just("hmac-timestamp"),
    key_ref=st.just("env:KEY"),
    events=st.just({"ContactCreate": 3.0, "ContactUpdate": 1.0}),
    stages=st.lists(stages, min_size=1, max_size=4).map(tuple),
    seed=st.integers(0, 2**32),
    folder=st.just("unused"),
    duplicates=st.sampled_from([0.0, 0.3, 1.0]),
)
counts = st.integers(1, 9)
times = st.lists(st.integers(0, 10**11), max_size=60)
Row = tuple[Any, ...]


def shares(plan: LoadPlan, of: int) -> list[LoadPlan]:
    return [msgspec.structs.replace(plan, share=Share(index, of)) for index in range(of)]


def rows(segment: OpenSegment) -> list[Row]:
    columns = (segment.offset_ns, segment.stage, segment.event, segment.attempt)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@given(plan=plans, of=counts)
def test_the_union_of_all_shares_is_the_schedule(plan: LoadPlan, of: int) -> None:
    parts = [own_segments(each) for each in shares(plan, of)]
    for number, whole in enumerate(segments_of(plan)):
        of_segment = [part[number] for part in parts]
        if isinstance(whole, OpenSegment):
            opens = [each for each in of_segment if isinstance(each, OpenSegment)]
            assert sorted(row for each in opens for row in rows(each)) == sorted(rows(whole))
            assert {each.duration_ns for each in opens} == {whole.duration_ns}
            sizes = [int((each.attempt == 1).sum()) for each in opens]
            assert max(sizes) - min(sizes) <= 1
        else:
            closed = [each for each in of_segment if isinstance(each, ClosedSegment)]
            assert sum(each.concurrency for each in closed) == whole.concurrency
            assert {each.duration_ns for each in closed} == {whole.duration_ns}
            assert sum(each.iterations or 0 for each in closed) == (whole.iterations or 0)
            assert all(each.concurrency or not each.iterations for each in closed)


@given(plan=plans, of=counts)
def test_a_duplicate_is_sent_by_the_worker_that_sent_its_original(plan: LoadPlan, of: int) -> None:
    for part in shares(plan, of):
        for segment in own_segments(part):
            if isinstance(segment, OpenSegment):
                assert (np.diff(segment.offset_ns) >= 0).all()
                originals = segment.original[segment.attempt > 1]
                assert (segment.attempt[originals] == 1).all()
                assert (segment.event[originals] == segment.event[segment.attempt > 1]).all()


def test_workers_send_other_people_and_together_the_whole_mix() -> None:
    plan = LoadPlan(
        url="http://127.0.0.1:1/",
        provider="ghl",
        scheme="hmac-timestamp",
        key_ref="env:KEY",
        events={"ContactCreate": 3.0, "ContactUpdate": 1.0},
        stages=(Closed(2, 10),),
        seed=5,
        folder="unused",
    )
    whole, first, second = (
        [event for (event, _), _ in zip(closed_choices(each, 0), range(count), strict=False)]
        for each, count in zip([plan, *shares(plan, 2)], [20, 10, 10], strict=True)
    )
    assert [event for pair in zip(first, second, strict=True) for event in pair] == whole
    assert len({each.people_seed for each in shares(plan, 9)}) == 9


@given(parts=st.lists(times, max_size=5))
def test_merged_histograms_are_the_histogram_of_the_union(parts: list[list[int]]) -> None:
    union = Histogram()
    union.add(np.array([time for part in parts for time in part], dtype=np.int64))
    single = []
    for part in parts:
        histogram = Histogram()
        histogram.add(np.array(part, dtype=np.int64))
        single.append(Histogram.unpack(histogram.pack()))
    together = Histogram.merged(single)
    assert len(together) == len(union) == sum(map(len, parts))
    assert together.pack() == union.pack()


@given(
    plan=plans,
    of=counts,
    lost=st.data(),
    until=st.one_of(st.none(), st.integers(0, 3 * 10**9)),
)
def test_what_a_worker_reported_and_what_it_owes_are_its_share(
    plan: LoadPlan, of: int, lost: st.DataObject, until: int | None
) -> None:
    share = lost.draw(st.sampled_from(shares(plan, of)))
    zeros = {number: number * 5 * 10**9 for number in range(len(segments_of(plan)))}
    owned = unreported(Lost(share, 77), zeros, no_samples(), until)
    kept = owned.where(np.array(lost.draw(mask_of(len(owned))), dtype=np.bool_))
    owed = unreported(Lost(share, 77), zeros, kept, until)
    assert counted(kept) + counted(owed) == counted(owned)
    assert not owed.sent.any()
    if until is None:
        assert len(owned) == sum(
            len(each) if isinstance(each, OpenSegment) else each.iterations or 0
            for each in own_segments(share)
        )
    else:
        assert (owned.intended_ns < until).all()


def mask_of(size: int) -> st.SearchStrategy[list[bool]]:
    return st.integers(0, 5).map(lambda step: [step > 0 and row % 5 < step for row in range(size)])


def counted(samples: Samples) -> Counter[Row]:
    columns = (samples.intended_ns, samples.stage, samples.event, samples.attempt)
    return Counter(zip(*(column.tolist() for column in columns), strict=True))


def test_locusts_reports_come_before_a_worker_has_a_share_and_none_of_ours_in_them() -> None:
    plan = LoadPlan(
        "http://127.0.0.1:1/", "ghl", "none", "", {"ContactCreate": 1.0}, (), 1, "unused"
    )
    crew = Crew(plan)
    crew.members["it"] = Member("it", 0, Hello("1", "2", "here", 5, "this"), Path("unused"), 0)
    crew.note_report("it", {"stats": []})
    assert crew.members["it"].report is None


trips = st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=9)


@given(truth=st.integers(-(10**12), 10**12), drift=st.integers(-(10**6), 10**6), ways=trips)
def test_the_true_offset_of_a_clock_is_within_what_is_claimed(
    truth: int, drift: int, ways: list[tuple[int, int]]
) -> None:
    def measured(offset: int) -> list[RoundTrip]:
        return [
            RoundTrip(sent, sent + there + offset, sent + there + back)
            for sent, (there, back) in enumerate(ways)
        ]

    before, after = offset_from(measured(truth)), offset_from(measured(truth + drift))
    assert abs(before.ns - truth) <= before.uncertainty_ns
    assert apart(before, after) >= abs(drift)
    assert abs(before.ns - truth) <= apart(before, after)


def test_counts_that_differ_are_a_reason_never_to_use_a_run() -> None:
    right = Counts("worker 0", 5, 5, 5, "its samples")
    assert disagreement([right, right]) is None
    for wrong in (
        Counts("worker 1", 5, 4, 5, "its samples"),
        Counts("worker 1", 5, 5, 6, "its samples"),
    ):
        caution = disagreement([right, wrong])
        assert caution is not None
        assert caution.code == "counts-disagree"
        assert "worker 1 counted 5 requests" in caution.text
