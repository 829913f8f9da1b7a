"""The stages find the same in every setting of the switches; only what they cost differs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.reference.behaviour import Behaviour, Segment
from ghlctl.reference.incoming import Family, Lead
from ghlctl.reference.insight import Analyst, Insight
from ghlctl.reference.leads import FEATURES, LARGEST, features
from ghlctl.reference.matching import BEST, BUDGETS, IndexMatcher, ScanMatcher, Wish
from ghlctl.reference.population import ACTIVITIES, HOMES, LISTINGS, open_population, population_in
from ghlctl.reference.profile import BASELINE, OPTIMIZED
from ghlctl.reference.trees import load_model

LEAD = Lead(Family.CONTACT, email="ada@gmail.com", source="Referral", tags=("vip", "lead:hot"))
QUIET = Behaviour((0, 0, 0, 0, 0), 2160, 0, 0, Segment.DORMANT)


@pytest.fixture(scope="module")
def analysts(population: Path) -> Iterator[tuple[Analyst, Analyst]]:
    with (
        closing(Analyst(BASELINE, population)) as slow,
        closing(Analyst(OPTIMIZED, population)) as fast,
    ):
        yield slow, fast


@pytest.fixture(scope="module")
def matchers(population: Path) -> Iterator[tuple[ScanMatcher, IndexMatcher]]:
    with closing(open_population(population)) as connection:
        yield ScanMatcher(connection), IndexMatcher(connection)


def test_the_population_is_as_large_as_it_says(population: Path) -> None:
    with closing(open_population(population)) as connection:
        counts = [
            connection.execute(query).fetchone()[0]
            for query in ("SELECT count(*) FROM listing", "SELECT count(*) FROM activity")
        ]
    assert counts == [LISTINGS, ACTIVITIES]


def test_processes_that_race_make_one_population(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        paths = set(pool.map(population_in, [tmp_path / "new"] * 2))
    assert list((tmp_path / "new").iterdir()) == list(paths)


def test_both_profiles_find_the_same_about_every_contact(
    analysts: tuple[Analyst, Analyst],
) -> None:
    slow, fast = analysts
    scores = set()
    for number in range(25):
        contact, lead = f"contact{number}", replace(LEAD, value=40_000.0 * number)
        behaviour = slow.behaviour(contact)
        assert fast.behaviour(contact) == behaviour
        insight = slow.insight(contact, lead, behaviour)
        assert fast.insight(contact, lead, behaviour) == insight
        assert len(insight.matches) <= BEST
        scores.add(insight.score)
    assert len(scores) > 10


@given(
    lat=st.integers(29_000_000, 46_000_000),
    lon=st.integers(-121_000_000, -74_000_000),
    budget=st.integers(1, 10**9),
    bedrooms=st.integers(1, 5),
    home=st.integers(0, HOMES - 1),
)
def test_any_wish_is_answered_alike_by_scan_and_index(
    matchers: tuple[ScanMatcher, IndexMatcher],
    lat: int,
    lon: int,
    budget: int,
    bedrooms: int,
    home: int,
) -> None:
    wish = Wish(lat, lon, budget, bedrooms, home)
    scan, index = matchers
    assert scan.best(wish) == index.best(wish)


def test_most_contacts_have_listings_to_see(matchers: tuple[ScanMatcher, IndexMatcher]) -> None:
    _, index = matchers
    found = [index.best(index.wish(f"contact{n}", "", 0.0)) for n in range(100)]
    assert sum(len(matches) == BEST for matches in found) >= 90


def test_a_stated_value_is_the_budget_and_a_small_one_is_not(
    matchers: tuple[ScanMatcher, IndexMatcher],
) -> None:
    _, index = matchers
    assert index.wish("c", "Austin", 300_000.4).budget == 300_000
    assert index.wish("c", "Austin", 40.0).budget in BUDGETS
    assert index.wish("c", "Austin", 1e300).budget == 10**9


def test_a_row_has_a_whole_number_for_every_feature() -> None:
    row = features(LEAD, QUIET)
    named = dict(zip(FEATURES, row, strict=True))
    assert load_model().features == FEATURES
    assert all(type(value) is int for value in row)
    assert (named["free_mail"], named["by_referral"], named["tags"]) == (1, 1, 1)


@pytest.mark.parametrize("value", [-5.0, 1e300, 1e9])
def test_no_value_is_beyond_what_32_bit_floats_hold(value: float) -> None:
    row = features(replace(LEAD, value=value, age_days=10**12), QUIET)
    assert max(row) <= LARGEST
    assert min(row) >= 0


def test_short_words_count_only_when_they_stand_alone() -> None:
    by_advert = FEATURES.index("by_advert")
    said = {source: features(replace(LEAD, source=source), QUIET)[by_advert] for source in _SOURCES}
    assert said == _SOURCES


_SOURCES = {"Google Ads": 1, "FB ad": 1, "broadcast": 0, "adviser": 0, "": 0}


@pytest.mark.parametrize(
    ("score", "tag"), [(0.5, "lead:hot"), (0.2, "lead:warm"), (0.19, "lead:cold")]
)
def test_the_tag_says_how_warm_a_lead_is(score: float, tag: str) -> None:
    assert Insight(score, Segment.QUIET, (7,), 9).tag == tag
