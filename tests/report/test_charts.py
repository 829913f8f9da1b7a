import itertools
import math
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markupsafe import Markup

from ghlctl.model.estimate import Comparison, Verdict
from ghlctl.report.charts import forest, scales
from ghlctl.report.charts.curves import Series, percentile_chart, tail
from ghlctl.report.charts.labels import Anchor, spread
from ghlctl.report.charts.timeline import timeline_chart, tops
from ghlctl.report.document import Curve, Timeline

ANY = st.floats(allow_nan=True, allow_infinity=True) | st.none()


def parsed(markup: Markup) -> ET.Element:
    """The picture as a tree, with what holds of every picture asserted."""
    assert "nan" not in markup.lower()
    assert "inf" not in markup.lower().replace("info", "")
    root = ET.fromstring(markup)  # noqa: S314 - our own output is what is under test
    assert root.get("role") == "img"
    names = (root.get("aria-labelledby") or "").split()
    assert names == [each.get("id") for each in root[:2]]
    assert [each.tag for each in root[:2]] == ["title", "desc"]
    assert all(each.text for each in root[:2])
    return root


def curves(*curve: Curve) -> ET.Element:
    series = [Series(f"run {place}", each, place) for place, each in enumerate(curve)]
    return parsed(percentile_chart(series, id_="c", title="Times", size=(540.0, 320.0)))


def lines(root: ET.Element, kind: str) -> list[str]:
    return [each.get("d") or "" for each in root.iter("path") if kind in (each.get("class") or "")]


def ticks(root: ET.Element) -> list[str]:
    return [each.text or "" for each in root.iter("text") if "tick" in (each.get("class") or "")]


def test_the_tail_of_a_curve_is_stretched() -> None:
    assert [tail(p) for p in (0, 90, 99, 99.9)] == pytest.approx([0, 1, 2, 3])


def test_every_curve_is_named_at_its_end() -> None:
    root = curves(((0, 1.0), (50, 2.0), (99, 9.0)), ((0, 1.0), (99, 4.0)))
    direct = [each.text for each in root.iter("text") if "direct" in (each.get("class") or "")]
    assert direct == ["run 0", "run 1"]


def test_a_narrow_range_of_times_has_a_linear_axis_from_zero() -> None:
    root = curves(((0, 100.0), (50, 200.0), (99, 400.0)))
    assert "0 ms" in ticks(root)
    assert "logarithmic" not in "".join(root.itertext())


def test_a_wide_range_of_times_has_a_logarithmic_axis_that_says_so() -> None:
    root = curves(((0, 1.0), (50, 20.0), (99, 4_000.0)))
    assert "0 ms" not in ticks(root)
    assert "time axis logarithmic" in "".join(root.itertext())


def test_the_hundredth_percentile_has_no_place_on_the_axis_and_is_left_out() -> None:
    with_it, without = curves(((0, 1.0), (99, 9.0), (100, 50.0))), curves(((0, 1.0), (99, 9.0)))
    assert lines(with_it, "line") == lines(without, "line")


@pytest.mark.parametrize("curve", [(), ((100.0, 5.0),), ((50.0, math.nan),)])
def test_a_chart_of_nothing_says_so(curve: Curve) -> None:
    assert "nothing was measured" in "".join(curves(curve).itertext())


def test_a_single_point_and_equal_values_are_drawn() -> None:
    assert "h0" in lines(curves(((50.0, 7.0),)), "line")[0]
    flat = lines(curves(((0.0, 7.0), (50.0, 7.0), (99.0, 7.0))), "line")[0]
    assert len({place.split()[1] for place in flat[1:].replace("L", " _ ").split(" _ ")}) == 1


def test_zero_everywhere_still_has_an_axis() -> None:
    assert ticks(curves(((0.0, 0.0), (99.0, 0.0))))


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(-1e12, 1e12) | st.just(math.nan))))
def test_no_curve_breaks_a_chart(points: list[tuple[float, float]]) -> None:
    curves(tuple(sorted(points, key=lambda point: point[0])))


def second_by_second(p95: list[float | None], errors: int = 0, **more: float) -> ET.Element:
    count = len(p95)
    whole = Timeline(
        second=tuple(float(each) for each in range(count)),
        planned=(10,) * count,
        sent=(10,) * count,
        acknowledged=(10 - errors,) * count,
        errors=(errors,) * count,
        p50=tuple(None if each is None else each / 2 for each in p95),
        p95=tuple(p95),
        **more,
    )
    chart = timeline_chart(whole, tops([whole]), id_="t", title="Run", width=1080.0, style=1)
    return parsed(chart)


def test_a_second_without_times_is_a_gap_and_not_a_zero() -> None:
    whole = second_by_second([5.0, 6.0, 7.0, 8.0])
    broken = second_by_second([5.0, 6.0, None, 8.0, 9.0])
    assert lines(whole, "thin")[0].count("M") == 1
    assert lines(broken, "thin")[0].count("M") == 2
    assert lines(broken, "band")[0].count("M") == 2


def test_the_warm_up_is_marked() -> None:
    assert "warm-up" in "".join(second_by_second([5.0] * 9, warmup_s=3.0).itertext())
    assert "warm-up" not in "".join(second_by_second([5.0] * 9).itertext())


def test_no_errors_are_said_and_not_only_not_drawn() -> None:
    assert "errors per second: none" in "".join(second_by_second([5.0] * 3).itertext())
    root = second_by_second([5.0] * 3, errors=2)
    assert len([each for each in root.iter("rect") if each.get("class") == "error"]) == 3
    assert "6 errors" in "".join(root.itertext())


def test_a_long_run_is_thinned_by_its_highest_seconds_and_says_so() -> None:
    times: list[float | None] = [5.0] * 7_200
    times[3_333] = 900.0
    root = second_by_second(times)
    assert len(lines(root, "thin")[0].split()) <= 1_300
    assert "highest p95 of a second was 900 ms" in "".join(root.itertext())
    assert "highest of 12 seconds" in "".join(root.itertext())


@pytest.mark.parametrize("times", [[], [None], [None, None], [3.0], [0.0, 0.0]])
def test_a_timeline_of_little_or_nothing_is_drawn(times: list[float | None]) -> None:
    second_by_second(times)


@given(st.lists(st.floats(0, 1e9) | st.none() | st.just(math.nan), max_size=40))
def test_no_timeline_breaks_a_chart(times: list[float | None]) -> None:
    second_by_second(times)


def comparison(
    change: float | None, low: float | None, high: float | None, *, relative: bool = True
) -> Comparison:
    return Comparison("p95", 2.0, 1.0, change, low, high, None, Verdict.UNCLEAR, relative=relative)


def places(root: ET.Element, kind: str) -> list[float]:
    return [
        float(each.get(name) or "nan")
        for each in root.iter("line")
        if kind in (each.get("class") or "")
        for name in ("x1", "x2")
    ]


def test_a_halving_and_a_doubling_lie_equally_far_from_no_change() -> None:
    rows = [comparison(-0.5, -0.6, -0.4), comparison(1.0, 0.5, 2.0)]
    scale = forest.shared_scale(rows, relative=True)
    middle = scale.at(0.0)
    assert middle - scale.at(math.log(0.5)) == pytest.approx(scale.at(math.log(2.0)) - middle)


def test_an_interval_across_no_change_is_drawn_across_the_line() -> None:
    row = comparison(-0.1, -0.3, 0.2)
    scale = forest.shared_scale([row], relative=True)
    root = parsed(forest.interval_picture(row, scale, id_="i", words="unclear"))
    low, high = places(root, "interval")
    zero = places(root, "zero")[0]
    assert low < zero < high


def test_a_change_that_cannot_be_stated_is_said_so() -> None:
    row = comparison(None, None, None)
    scale = forest.shared_scale([row], relative=True)
    root = parsed(forest.interval_picture(row, scale, id_="i", words="none"))
    assert "not stated" in "".join(root.itertext())


@example(1.7e308, -1.7e308, 1.7e308, False)
@given(ANY, ANY, ANY, st.booleans())
def test_no_interval_breaks_a_picture(
    change: float | None, low: float | None, high: float | None, relative: bool
) -> None:
    row = comparison(change, low, high, relative=relative)
    scale = forest.shared_scale([row], relative=relative)
    parsed(forest.interval_picture(row, scale, id_="i", words="any"))
    parsed(forest.axis_picture(scale, id_="a", relative=relative))


@given(st.floats(1e-5, 1e12), st.integers(1, 9))
def test_ticks_are_round_ordered_and_few(top: float, wanted: int) -> None:
    scale = scales.from_zero([top], 0.0, 100.0)
    found = scale.ticks(wanted)
    assert 1 <= len(found) <= wanted + 1
    assert list(found) == sorted(set(found))
    assert scale.low <= found[0]
    assert found[-1] <= scale.high * (1 + 1e-9)
    assert top <= scale.high * (1 + 1e-9)


@given(st.lists(st.floats(1e-5, 1e12), min_size=1))
def test_every_value_lies_on_the_scale_made_for_it(values: list[float]) -> None:
    scale = scales.by_range(values, 0.0, 100.0)
    assert scale.low <= min(values) or not scale.logarithmic
    assert max(values) <= scale.high * (1 + 1e-9)
    assert scale.ticks()


@given(st.lists(st.floats(0, 300), max_size=8))
def test_labels_do_not_cover_each_other(wishes: list[float]) -> None:
    places_ = spread([Anchor(wish, 30.0) for wish in wishes], 0.0, 300.0)
    ordered = sorted(places_)
    assert all(b - a >= 30 - 1e-6 for a, b in itertools.pairwise(ordered))


def test_hostile_labels_stay_text() -> None:
    label = '</text><script>"x"'
    series = [Series(label, ((0.0, 1.0), (99.0, 2.0)), 0)]
    drawn = percentile_chart(series, id_="c", title=label, size=(540.0, 320.0))
    assert "<script" not in drawn
    assert "&lt;" in drawn
