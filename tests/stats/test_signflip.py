import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.stats.signflip import MOST_PAIRS, sign_flip_p


def every_assignment(differences: list[float]) -> float:
    observed = abs(sum(differences))
    sizes = [abs(d) for d in differences]
    sums = [
        abs(sum(sign * size for sign, size in zip(signs, sizes, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(sizes))
    ]
    near = 1e-9 * sum(sizes)
    return sum(total >= observed - near for total in sums) / len(sums)


@given(st.lists(st.integers(-8, 8).map(float), min_size=1, max_size=9))
def test_the_p_is_that_of_all_assignments_listed(differences: list[float]) -> None:
    assert sign_flip_p(np.array(differences)) == pytest.approx(every_assignment(differences))


def test_twelve_pairs_of_one_sign_have_the_least_p_there_is() -> None:
    assert sign_flip_p(np.full(12, 0.1)) == 2 / 2**12


def test_forty_pairs_are_still_exact() -> None:
    assert sign_flip_p(np.arange(1.0, MOST_PAIRS + 1)) == 2 / 2**MOST_PAIRS


def test_more_pairs_have_no_exact_p() -> None:
    assert sign_flip_p(np.ones(MOST_PAIRS + 1)) is None


def test_no_difference_is_no_evidence() -> None:
    assert sign_flip_p(np.zeros(5)) == 1
    assert sign_flip_p(np.array([])) == 1
