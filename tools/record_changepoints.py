"""Record what Apache Otava finds, for tests/stats/otava.json.

Otava pins versions of numpy and scipy that this project does not use, so it lives in an
environment of its own: `python -m venv E && E/bin/pip install apache-otava && E/bin/python
tools/record_changepoints.py > tests/stats/otava.json`.
"""

import json
import sys
from importlib.metadata import version

import numpy as np
from otava.analysis import compute_change_points, split

CASES = [
    {"seed": seed, "length": length, "steps": steps, "spread": spread, "min_magnitude": least}
    for seed in range(6)
    for length, steps in ((20, {}), (60, {40: 1.05}), (60, {20: 1.3, 45: 0.8}), (130, {70: 1.1}))
    for spread, least in ((0.03, 0.02), (0.08, 0.0))
]


def series(case: dict) -> list[float]:
    """Normal values whose level is multiplied at each step; rounded, to be the same everywhere."""
    chance = np.random.default_rng(case["seed"])
    level = np.ones(case["length"])
    for index, factor in case["steps"].items():
        level[index:] *= factor
    return np.round(100 * level * chance.normal(1, case["spread"], case["length"]), 3).tolist()


def found(case: dict) -> dict:
    values = series(case)
    points, _ = compute_change_points(
        list(values), window_len=50, max_pvalue=0.001, min_magnitude=case["min_magnitude"]
    )
    weak = split(list(values), 50, 0.01)  # once more, as merging works in place
    return {
        "values": values,
        "steps": list(case["steps"]),
        "min_magnitude": case["min_magnitude"],
        "weak": [[int(each.index), float(each.stats.pvalue)] for each in weak],
        "points": [int(each.index) for each in points],
    }


json.dump(
    {"otava": version("apache-otava"), "cases": [found(case) for case in CASES]},
    sys.stdout,
    separators=(",", ":"),
)
sys.stdout.write("\n")
