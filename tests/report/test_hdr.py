"""The HdrHistogram log of a run, read by the standard reader."""

import re
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from ghlctl.model.sample import Samples
from ghlctl.report.hdr import render_log
from tests.analysis.conftest import RUN, build_samples

RATE = 50
ARRIVALS = [n * 1000 / RATE for n in range(3 * RATE)]


def histograms(tmp_path: Path, text: str) -> list[tuple[str, float, HdrHistogram]]:
    path = tmp_path / "run.hlog"
    path.write_text(text)
    reader = HistogramLogReader(str(path), HdrHistogram(1, 3_600_000_000_000, 3))
    found = []
    with closing(reader):
        while (histogram := reader.get_next_interval_histogram()) is not None:
            found.append((histogram.get_tag() or "", histogram.get_start_time_stamp(), histogram))
    return found


def run_of() -> Samples:
    chance = np.random.default_rng(3)
    n = len(ARRIVALS)
    return build_samples(
        ARRIVALS,
        chance.lognormal(3, 1, n).tolist(),
        late_ms=2.0,
        event=np.where(np.arange(n) % 3 == 0, "Task, Create", "ContactCreate"),
    )


def test_the_standard_reader_finds_the_run_s_counts_and_quantiles(tmp_path: Path) -> None:
    samples = run_of()
    found = histograms(tmp_path, render_log(RUN, samples))
    begins = sorted({begin for _, begin, _ in found})
    assert begins == [RUN.origin_unix_ns / 1e6 + 1000 * second for second in range(3)]
    per_tag = {
        "": samples.response_time_ms,
        "service_time": samples.service_time_ms,
        "ContactCreate": samples.response_time_ms[samples.event == "ContactCreate"],
        "service_time:ContactCreate": samples.service_time_ms[samples.event == "ContactCreate"],
        "Task__Create": samples.response_time_ms[samples.event != "ContactCreate"],
        "service_time:Task__Create": samples.service_time_ms[samples.event != "ContactCreate"],
    }
    assert {tag for tag, _, _ in found} == set(per_tag)
    for tag, times_ms in per_tag.items():
        total = HdrHistogram(1, 3_600_000_000_000, 3)
        for each, _, histogram in found:
            if each == tag:
                total.add(histogram)
        assert total.get_total_count() == len(times_ms)
        ascending = np.sort(times_ms)
        for percentile in (50, 90, 99, 100):
            exact = ascending[int(np.ceil(percentile / 100 * len(ascending))) - 1]
            assert total.get_value_at_percentile(percentile) / 1e6 == pytest.approx(exact, 2e-3)


def test_warm_up_drops_and_retries_are_in_no_interval(tmp_path: Path) -> None:
    n = 6
    samples = build_samples(
        [0, 100, 200, 300, 400, 500],
        [10, 10, -1, 10, 10, 10],
        warmup=np.arange(n) == 0,
        retry=np.where(np.arange(n) >= 4, 1, 0),
    )
    found = histograms(tmp_path, render_log(RUN, samples))
    counts = {tag: each.get_total_count() for tag, _, each in found}
    assert counts[""] == counts["service_time"] == 2
    nothing = samples.where(np.zeros(n, dtype=np.bool_))
    assert histograms(tmp_path, render_log(RUN, nothing)) == []


def test_lines_come_in_the_order_of_time_and_are_of_one_word() -> None:
    lines = [line for line in render_log(RUN, run_of()).splitlines() if line[:1] not in '#"']
    assert all(re.fullmatch(r"(Tag=[^, ]+,)?[\d.]+,1\.000,[\d.]+,HIST[\w+/=]+", x) for x in lines)
    begins = [float(re.sub(r"Tag=[^,]+,", "", line).partition(",")[0]) for line in lines]
    assert begins == sorted(begins)


def test_a_long_run_has_longer_intervals() -> None:
    samples = build_samples([0, 7_300_000], 10)
    lines = render_log(RUN, samples).splitlines()
    assert {line.split(",")[1] for line in lines if line[0].isdigit()} == {"13.000"}
