"""OAuth: codes, tokens that end, refresh tokens that are good for once."""

from typing import Any

import pytest

from ghlctl.upstream.answers import Answer
from ghlctl.upstream.grants import CODE_LIFE_S, Grants

APP = {"client_id": "app", "client_secret": "s"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def code(grants: Grants, now: float = 0.0, **place: str) -> str:
    keys = {"clientKey": "app", "clientSecret": "s"}
    body = grants.reconnect(keys | (place or {"locationId": "L"}), now, wall=0.0).body
    assert body["expiresAt"] == "1970-01-01T00:10:00.000Z"
    return str(body["authorizationCode"])


def redeem(grants: Grants, given: str, now: float = 0.0) -> Answer:
    return grants.token(APP | {"grant_type": "authorization_code", "code": given}, now)


def refresh(grants: Grants, given: str, now: float = 0.0, client: str = "app") -> Answer:
    form = {"grant_type": "refresh_token", "refresh_token": given}
    return grants.token(APP | {"client_id": client} | form, now)


def test_a_code_gives_tokens_that_end() -> None:
    grants = Grants(life_s=100.0)
    body = redeem(grants, code(grants), now=50.0).body
    assert (body["userType"], body["locationId"], body["expires_in"]) == ("Location", "L", 100)
    owner = grants.owner(body["access_token"], now=149.9)
    assert owner is not None
    assert owner.id == "L"
    assert grants.owner(body["access_token"], now=150.0) is None
    assert grants.owner("anything", now=0.0) is None


def test_a_code_is_good_for_once_and_not_for_long() -> None:
    grants = Grants(100.0)
    first = code(grants)
    assert redeem(grants, first).status == 200
    assert redeem(grants, first).status == 400
    assert redeem(grants, code(grants), now=CODE_LIFE_S).status == 400


def test_a_refresh_token_is_good_for_once_and_for_its_app_alone() -> None:
    grants = Grants(100.0)
    old = redeem(grants, code(grants)).body["refresh_token"]
    new = refresh(grants, old, now=500.0).body
    assert grants.owner(new["access_token"], now=599.0) is not None
    assert refresh(grants, old).body["message"] == "Invalid grant: refresh token is invalid"
    assert refresh(grants, new["refresh_token"], client="another").status == 400


@pytest.mark.parametrize("body", [None, [], {}, {"clientKey": "a", "clientSecret": 5}])
def test_a_code_is_given_to_an_app_for_a_place(body: Any) -> None:
    assert Grants(100.0).reconnect(body, 0.0, 0.0).status in (400, 422)


def signed_on(ask: Any, **place: str) -> dict[str, Any]:
    keys = {"clientKey": "app", "clientSecret": "hush-hush"}
    given = ask("POST", "/oauth/reconnect", keys | place, token="", headers={"Version": ""}).json()
    form = {"client_id": "app", "client_secret": "hush-hush", "grant_type": "authorization_code"}
    data = form | {"code": given["authorizationCode"]}
    body: dict[str, Any] = ask("POST", "/oauth/token", token="", headers=FORM, data=data).json()
    return body


def test_a_token_opens_its_own_location_and_no_other(api: Any) -> None:
    ask = api(oauth=True)
    token = signed_on(ask, locationId="L")["access_token"]
    assert ask("PUT", "/contacts/c", {"firstName": "Ada"}, token=token).status_code == 200
    assert ask("GET", "/contacts/?locationId=other", token=token).status_code == 403
    assert ask.page().entries[-2].location_id == "L"


@pytest.mark.parametrize("token", ["loc-L", "pit-1", "ghlctl-access-forged"])
def test_with_oauth_a_foreign_token_is_refused_as_highlevel_does(api: Any, token: str) -> None:
    reply = api(oauth=True)("GET", "/contacts/c", token=token)
    assert reply.status_code == 401
    body = reply.json()
    assert body.pop("traceId")
    assert body == {
        "statusCode": 401,
        "message": "Invalid token: access token is invalid",
        "error": "Unauthorized",
    }


def test_without_oauth_only_a_token_of_our_own_kind_can_be_foreign(api: Any) -> None:
    ask = api()
    assert ask("GET", "/contacts/c", token="ghlctl-access-forged").status_code == 401
    assert ask("GET", "/contacts/c", token="pit-1").status_code == 200


def test_signing_on_is_no_effect_and_leaves_no_secret_in_the_ledger(api: Any) -> None:
    ask = api(oauth=True)
    body = signed_on(ask, locationId="L")
    entries = ask.page().entries
    assert [entry.path for entry in entries] == ["/oauth/reconnect", "/oauth/token"]
    assert not any(entry.applied for entry in entries)
    assert not any(
        secret in repr(entries)
        for secret in ("hush-hush", body["access_token"], body["refresh_token"])
    )


def test_a_companys_token_gets_locations_tokens_and_opens_no_contact(api: Any) -> None:
    ask = api(oauth=True)
    company = signed_on(ask, companyId="C")["access_token"]
    assert ask("GET", "/contacts/c", token=company).status_code == 401
    wanted = {"companyId": "C", "locationId": "L"}
    got = ask("POST", "/oauth/locationToken", token=company, headers=FORM, data=wanted)
    assert "refresh_token" not in got.json()
    assert ask("GET", "/contacts/c", token=got.json()["access_token"]).status_code == 200
    installed = ask("GET", "/oauth/installedLocations?companyId=C&appId=a", token=company).json()
    assert [one["_id"] for one in installed["locations"]] == ["L"]
    foreign = ask(
        "POST",
        "/oauth/locationToken",
        token=company,
        headers=FORM,
        data=wanted | {"companyId": "D"},
    )
    assert foreign.status_code == 403


@pytest.mark.parametrize("content", [b"", b"\xff", b"grant_type", b"grant_type=mine&client_id=a"])
def test_a_form_that_does_not_fit_gives_no_token(api: Any, content: bytes) -> None:
    reply = api()("POST", "/oauth/token", token="", headers=FORM, content=content)
    assert reply.status_code in (400, 422)
