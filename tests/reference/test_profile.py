from pathlib import Path
from typing import get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.errors import UsageError
from ghlctl.reference.profile import (
    BASELINE,
    OPTIMIZED,
    PROFILES,
    Profile,
    name_of,
    profile_named,
    with_switches,
)

ROOT = Path(__file__).parents[2]
SWITCHES = msgspec.structs.fields(Profile)


def test_the_profiles_differ_in_every_switch() -> None:
    same = [f.name for f in SWITCHES if getattr(BASELINE, f.name) == getattr(OPTIMIZED, f.name)]
    assert same == []


def test_every_switch_says_what_it_costs_and_buys() -> None:
    hints = get_type_hints(Profile, include_extras=True)
    assert all(hints[field.name].__metadata__[0].description for field in SWITCHES)


@given(st.data())
def test_a_turned_switch_has_its_value_and_no_other_moves(data: st.DataObject) -> None:
    switch = data.draw(st.sampled_from([field.name for field in SWITCHES]))
    value = data.draw(st.sampled_from([getattr(BASELINE, switch), getattr(OPTIMIZED, switch)]))
    turned = with_switches(BASELINE, [f"{switch}={value}"])
    assert turned == msgspec.structs.replace(BASELINE, **{switch: value})


def test_the_last_of_two_settings_holds() -> None:
    assert with_switches(OPTIMIZED, ["cache=none", "cache=memory"]) == OPTIMIZED


@pytest.mark.parametrize(
    ("setting", "hint"),
    [
        ("cahce=memory", "did you mean 'cache'?"),
        ("cache=memroy", "did you mean 'memory'?"),
        ("cache=zzz", "known values: none, memory, redis"),
        ("workers=many", "a whole number from 1 to 1024"),
        ("workers=0", "a whole number from 1 to 1024"),
        ("workers=1e2", "a whole number from 1 to 1024"),
        ("backlog=99999999999", "a whole number from 0 to 10000000"),
        ("cache", "write it as cache=memory"),
        ("", "write it as cache=memory"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_was_meant(setting: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        with_switches(BASELINE, [setting])
    assert raised.value.hint == hint


def test_profiles_are_found_by_name_and_a_turned_one_is_custom() -> None:
    assert {name: name_of(profile_named(name)) for name in PROFILES} == {n: n for n in PROFILES}
    assert name_of(with_switches(BASELINE, ["cache=memory"])) == "custom"
    with pytest.raises(UsageError, match="unknown profile 'optimised'") as raised:
        profile_named("optimised")
    assert raised.value.hint == "did you mean 'optimized'?"


def test_a_profile_survives_its_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(OPTIMIZED), type=Profile) == OPTIMIZED


def test_the_documents_name_every_switch_and_its_values_in_both_profiles() -> None:
    rows = [
        [cell.strip(" `") for cell in line.split("|")[1:4]]
        for line in (ROOT / "docs/receiver.md").read_text().splitlines()
        if line.startswith("| `")
    ]
    told = {name: (slow, fast) for name, slow, fast in rows}
    for field in SWITCHES:
        values = (str(getattr(BASELINE, field.name)), str(getattr(OPTIMIZED, field.name)))
        assert told[field.name] == values, field.name
