import json
from pathlib import Path
from typing import Any

import pytest

from ghlctl.errors import KeyMaterialError, UsageError
from ghlctl.reference.tenants import Tenants, ids_from

OURS = Tenants(frozenset({"app"}), frozenset({"company"}), frozenset({"here", "there"}))


def stranger(tenants: Tenants = OURS, *, acts: bool = True, **changes: Any) -> str | None:
    event = {"appId": "app", "locationId": "here"} | changes
    said = {name: value for name, value in event.items() if value is not ...}
    return tenants.stranger_in(json.dumps(said).encode(), acts=acts)


def test_an_event_of_ours_names_only_ours() -> None:
    assert stranger() is None
    assert stranger(locationId="there", companyId="company") is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"appId": "other"}, "appId"),
        ({"appId": ...}, "appId"),
        ({"appId": ["app"]}, "appId"),
        ({"companyId": "other"}, "companyId"),
        ({"locationId": "elsewhere"}, "locationId"),
        ({"locationId": ...}, "locationId"),
        ({"locationId": {"$ne": ""}}, "locationId"),
        ({"locationId": ["here"]}, "locationId"),
        ({"locationId": "HERE"}, "locationId"),
        ({"altId": "elsewhere", "altType": "location"}, "altId"),
        ({"altId": "elsewhere"}, "altId"),
    ],
)
def test_an_event_of_others_is_known_by_the_field_that_says_so(
    changes: dict[str, Any], named: str
) -> None:
    assert stranger(**changes) == named


def test_what_is_not_acted_on_need_not_name_a_location() -> None:
    assert stranger(acts=False, locationId=...) is None
    assert stranger(acts=False, locationId="elsewhere") == "locationId"
    assert stranger(acts=False, locationId=..., altId="company", altType="company") is None


def test_a_kind_without_ids_admits_everyone_of_that_kind() -> None:
    apps_only = Tenants(apps=frozenset({"app"}))
    assert stranger(apps_only, locationId="elsewhere", companyId="other") is None
    assert stranger(apps_only, appId="other") == "appId"
    assert Tenants().everyone
    assert Tenants().stranger_in(b"no json", acts=True) is None


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"a":' * 5000])
def test_a_body_that_names_nobody_is_a_stranger(body: bytes) -> None:
    assert OURS.stranger_in(body, acts=True) is not None


def test_ids_come_as_they_stand_or_many_from_elsewhere(tmp_path: Path) -> None:
    listed = tmp_path / "locations"
    listed.write_text("one\ntwo, three\n")
    environ = {"MINE": "four five"}
    given = ["six", f"file:{listed}", "env:MINE"]
    assert ids_from("--location", given, environ) == {"one", "two", "three", "four", "five", "six"}
    assert ids_from("--location", [], environ) == frozenset()


def test_what_is_no_id_is_refused() -> None:
    with pytest.raises(UsageError, match="'a/b' is no id"):
        ids_from("--location", ["a/b"], {})
    with pytest.raises(UsageError):
        ids_from("--location", [""], {})
    with pytest.raises(KeyMaterialError):
        ids_from("--location", ["env:ABSENT"], {})
