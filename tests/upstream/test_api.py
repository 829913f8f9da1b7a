"""What HighLevel would answer, and what the ledger keeps of it."""

from collections import Counter
from typing import Any

import pytest

FIVE_HEADERS = {
    "x-ratelimit-limit-daily": "200000",
    "x-ratelimit-daily-remaining": "199999",
    "x-ratelimit-interval-milliseconds": "10000",
    "x-ratelimit-max": "100",
    "x-ratelimit-remaining": "99",
}


def test_a_contact_nobody_made_is_there_when_it_is_first_spoken_of(api: Any) -> None:
    reply = api()("GET", "/contacts/abc")
    assert reply.status_code == 200
    assert reply.json()["contact"] == {
        "id": "abc",
        "locationId": "L",
        "tags": [],
        "customFields": [],
    }


def test_a_write_is_seen_by_the_next_read_and_custom_fields_are_set_one_by_one(api: Any) -> None:
    ask = api()
    ask(
        "PUT", "/contacts/c", {"firstName": "Ada", "customFields": [{"key": "a", "field_value": 1}]}
    )
    reply = ask("PUT", "/contacts/c", {"customFields": [{"key": "b", "field_value": 2}]})
    assert reply.json()["succeded"] is True
    contact = ask("GET", "/contacts/c").json()["contact"]
    assert contact["firstName"] == "Ada"
    assert [(f["key"], f["field_value"]) for f in contact["customFields"]] == [("a", 1), ("b", 2)]


def test_the_id_of_a_record_cannot_be_overwritten(api: Any) -> None:
    ask = api()
    ask("PUT", "/contacts/c", {"id": "other"})
    assert ask("GET", "/contacts/c").json()["contact"]["id"] == "c"


def test_tags_are_added_once_and_removed(api: Any) -> None:
    ask = api()
    assert ask("POST", "/contacts/c/tags", {"tags": ["a", "b", "a"]}).status_code == 201
    assert ask("POST", "/contacts/c/tags", {"tags": ["b", "c"]}).json()["tags"] == ["a", "b", "c"]
    reply = ask("DELETE", "/contacts/c/tags", {"tags": ["a"]})
    assert (reply.status_code, reply.json()["tags"]) == (200, ["b", "c"])


def test_tags_of_many_contacts_change_in_one_call_and_one_that_is_gone_stops_no_other(
    api: Any,
) -> None:
    ask = api()
    ask("DELETE", "/contacts/gone")
    ask("POST", "/contacts/a/tags", {"tags": ["old"]})
    wanted = {"contacts": ["a", "gone", "b"], "tags": ["new"], "locationId": "L"}
    reply = ask("POST", "/contacts/bulk/tags/update/add", wanted)
    outcomes = [(one["contactId"], one["type"]) for one in reply.json()["responses"]]
    assert (reply.status_code, reply.json()["errorCount"]) == (201, 1)
    assert outcomes == [("a", "success"), ("gone", "error"), ("b", "success")]
    assert ask("GET", "/contacts/a").json()["contact"]["tags"] == ["old", "new"]
    ask("POST", "/contacts/bulk/tags/update/remove", wanted)
    assert ask("GET", "/contacts/a").json()["contact"]["tags"] == ["old"]


@pytest.mark.parametrize("lacking", ["contacts", "tags", "locationId"])
def test_a_bulk_update_needs_its_fields(api: Any, lacking: str) -> None:
    wanted = {"contacts": ["a"], "tags": ["new"], "locationId": "L"}
    del wanted[lacking]
    assert api()("POST", "/contacts/bulk/tags/update/add", wanted).status_code == 422


def test_a_deleted_contact_stays_deleted(api: Any) -> None:
    ask = api()
    assert ask("DELETE", "/contacts/c").status_code == 200
    assert ask("GET", "/contacts/c").status_code == 404
    assert ask("PUT", "/contacts/c", {"firstName": "Ada"}).status_code == 404
    assert [entry.applied for entry in ask.page().entries] == [True, False, False]


def test_an_upsert_finds_the_contact_by_its_email(api: Any) -> None:
    ask = api()
    first = ask("POST", "/contacts/upsert", {"locationId": "L", "email": "a@example.com"}).json()
    change = {"locationId": "L", "email": "a@example.com", "city": "Austin"}
    again = ask("POST", "/contacts/upsert", change).json()
    assert (first["new"], again["new"]) == (True, False)
    assert again["contact"]["id"] == first["contact"]["id"]
    assert again["contact"]["city"] == "Austin"


OPPORTUNITY = {"pipelineId": "p", "name": "o", "status": "open", "contactId": "c"}
APPOINTMENT = {"calendarId": "k", "contactId": "c", "startTime": "2026-11-22T10:00:00Z"}


@pytest.mark.parametrize(
    ("path", "fields", "name"),
    [
        ("/contacts/", {}, "contact"),
        ("/opportunities/", OPPORTUNITY, "opportunity"),
        ("/calendars/events/appointments", APPOINTMENT, ""),
        ("/calendars/", {"name": "k"}, "calendar"),
        ("/contacts/c/notes", {"body": "x"}, "note"),
    ],
)
def test_a_created_record_has_an_id_of_its_own(
    api: Any, path: str, fields: dict[str, str], name: str
) -> None:
    ask = api()
    replies = [ask("POST", path, {"locationId": "L", **fields}) for _ in range(2)]
    assert all(reply.status_code in (200, 201) for reply in replies)
    bodies = [reply.json() for reply in replies]
    assert len({(body[name] if name else body)["id"] for body in bodies}) == 2


@pytest.mark.parametrize(
    ("path", "lacking"),
    [
        ("/contacts/", "locationId"),
        ("/opportunities/", "pipelineId"),
        ("/calendars/events/appointments", "calendarId"),
        ("/contacts/c/notes", "body"),
    ],
)
def test_what_the_specification_wants_is_wanted(api: Any, path: str, lacking: str) -> None:
    reply = api()("POST", path, {})
    assert reply.status_code == 422
    assert f"{lacking} should not be empty" in reply.json()["message"]


def test_a_query_is_checked_as_well(api: Any) -> None:
    ask = api()
    assert ask("GET", "/contacts/").json()["message"] == ["locationId should not be empty"]
    assert ask("GET", "/contacts/?locationId=L&limit=x").status_code == 422
    assert ask("GET", "/contacts/?locationId=L&limit=5").status_code == 200


def test_a_null_clears_a_field_and_an_unknown_one_is_left_out(api: Any) -> None:
    ask = api()
    ask("PUT", "/contacts/c", {"firstName": "Ada", "lastName": "L", "shoeSize": 44})
    ask("PUT", "/contacts/c", {"firstName": None})
    contact = ask("GET", "/contacts/c").json()["contact"]
    assert (contact.get("firstName"), contact["lastName"]) == (None, "L")
    assert "shoeSize" not in contact


def test_what_belongs_to_a_contact_goes_with_it(api: Any) -> None:
    ask = api()
    note = ask("POST", "/contacts/c/notes", {"body": "hello"}).json()["note"]
    ask("POST", "/contacts/other/notes", {"body": "not here"})
    assert [one["id"] for one in ask("GET", "/contacts/c/notes").json()["notes"]] == [note["id"]]
    ask("PUT", f"/contacts/c/notes/{note['id']}", {"body": "changed"})
    assert ask("GET", f"/contacts/c/notes/{note['id']}").json()["note"]["body"] == "changed"
    assert ask("DELETE", f"/contacts/c/notes/{note['id']}").status_code == 200
    assert ask("GET", f"/contacts/c/notes/{note['id']}").status_code == 404
    ask("DELETE", "/contacts/c")
    assert ask("GET", "/contacts/c/notes").status_code == 404


def test_followers_come_and_go(api: Any) -> None:
    ask = api()
    path = "/opportunities/o/followers"
    assert ask("POST", path, {"followers": ["a", "b"]}).json()["followersAdded"] == ["a", "b"]
    assert ask("POST", path, {"followers": ["b", "c"]}).json()["followersAdded"] == ["c"]
    assert ask("DELETE", path, {"followers": ["a"]}).json()["followers"] == ["b", "c"]


def test_a_search_finds_and_is_no_effect(api: Any) -> None:
    ask = api()
    for name in ("Ada", "Alan"):
        ask("POST", "/contacts/", {"locationId": "L", "firstName": name})
    found = ask("POST", "/contacts/search", {"locationId": "L", "query": "ada"}).json()
    assert [one["firstName"] for one in found["contacts"]] == ["Ada"]
    ask("POST", "/opportunities/", {"locationId": "L", **OPPORTUNITY})
    found = ask("GET", "/opportunities/search?location_id=L&status=won").json()
    assert found["meta"]["total"] == 0
    assert [entry.applied for entry in ask.page().entries] == [True, True, False, True, False]


def test_an_appointment_is_found_by_its_calendar_and_its_contact(api: Any) -> None:
    ask = api()
    made = ask("POST", "/calendars/events/appointments", {"locationId": "L", **APPOINTMENT}).json()
    times = "startTime=1&endTime=2"
    there = ask("GET", f"/calendars/events?locationId=L&calendarId=k&{times}").json()["events"]
    elsewhere = ask("GET", f"/calendars/events?locationId=L&calendarId=x&{times}").json()["events"]
    mine = ask("GET", "/contacts/c/appointments").json()["events"]
    assert [one["id"] for one in there] == [one["id"] for one in mine] == [made["id"]]
    assert elsewhere == []
    assert ask("DELETE", f"/calendars/events/{made['id']}").status_code == 201
    assert ask("GET", f"/calendars/events/appointments/{made['id']}").status_code == 404


def test_the_same_id_in_another_location_is_another_contact(api: Any) -> None:
    ask = api()
    ask("PUT", "/contacts/c", {"firstName": "Ada"}, token="loc-A")
    assert "firstName" not in ask("GET", "/contacts/c", token="loc-B").json()["contact"]


def test_without_a_token_nothing_is_applied(api: Any) -> None:
    ask = api()
    reply = ask("PUT", "/contacts/c", {}, headers={"Authorization": ""})
    assert reply.status_code == 401
    assert reply.json()["message"] == "Invalid token: access token is invalid"
    assert not ask.page().entries[0].applied


@pytest.mark.parametrize("version", ["", "2020-01-01"])
def test_without_a_published_version_a_request_is_refused(api: Any, version: str) -> None:
    reply = api()("GET", "/contacts/c", headers={"Version": version})
    assert (reply.status_code, reply.json()["statusCode"]) == (401, 401)
    assert "version header" in reply.json()["message"]


@pytest.mark.parametrize("version", ["2021-04-15", "2021-07-28", "2023-02-21", "v3"])
def test_every_published_version_is_taken_everywhere(api: Any, version: str) -> None:
    assert api()("GET", "/contacts/c", headers={"Version": version}).status_code == 200


def test_a_token_opens_no_other_location(api: Any) -> None:
    reply = api()("PUT", "/contacts/c", {"locationId": "other"})
    assert reply.status_code == 403


def test_any_other_token_speaks_for_the_location_it_names(api: Any) -> None:
    ask = api()
    ask("POST", "/contacts/", {"locationId": "X"}, token="pit-secret")
    entry = ask.page().entries[0]
    assert (entry.status, entry.location_id) == (201, "X")
    assert "pit-secret" not in repr(entry)


def test_only_as_many_locations_may_call_as_have_the_app(api: Any) -> None:
    ask = api(locations=1)
    assert ask("GET", "/contacts/c", token="loc-A").status_code == 200
    assert ask("GET", "/contacts/c", token="loc-B").status_code == 403
    assert ask("GET", "/contacts/c", token="loc-A").status_code == 200


@pytest.mark.parametrize("body", [{"tags": "a"}, {"email": 5}, {"customFields": [{"x": 1}]}])
def test_wrong_types_are_unprocessable(api: Any, body: Any) -> None:
    reply = api()("PUT", "/contacts/c", body)
    assert reply.status_code == 422
    assert isinstance(reply.json()["message"], list)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_bad(api: Any, content: bytes) -> None:
    assert api()("PUT", "/contacts/c", content=content).status_code == 400


def test_every_answer_has_a_trace_id_and_the_five_headers(api: Any) -> None:
    reply = api()("GET", "/contacts/c")
    assert reply.json()["traceId"]
    assert FIVE_HEADERS.items() <= dict(reply.headers).items()


def test_the_hundred_and_first_call_of_a_location_is_one_too_many(api: Any) -> None:
    ask = api()
    statuses = Counter(ask("GET", "/contacts/c").status_code for _ in range(101))
    assert statuses == {200: 100, 429: 1}
    assert ask("GET", "/contacts/c", token="loc-other").status_code == 200


def test_faults_come_at_their_rate_in_the_same_places_and_apply_nothing(api: Any) -> None:
    def statuses() -> list[int]:
        ask = api(fault_rate=0.25, seed=3, limit=1000)
        replies = [ask("PUT", "/contacts/c", {}).status_code for _ in range(200)]
        assert [e.applied for e in ask.page().entries] == [status == 200 for status in replies]
        return replies

    first = statuses()
    assert 30 <= first.count(503) <= 70
    assert statuses() == first


def test_a_write_to_an_unknown_path_is_an_effect(api: Any) -> None:
    ask = api()
    reply = ask("POST", "/my/own/hook?canary=7", {"x": 1}, headers={"Authorization": ""})
    assert (reply.status_code, reply.json()["recorded"]) == (200, True)
    entry = ask.page().entries[0]
    assert (entry.path, entry.applied, entry.body) == ("/my/own/hook?canary=7", True, '{"x":1}')


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_an_unknown_path_finds_nothing_and_is_no_effect(api: Any, method: str) -> None:
    ask = api()
    assert ask(method, "/my/own/hook").status_code == 404
    assert not ask.page().entries[0].applied


def test_an_operation_highlevel_does_not_have_is_no_effect(api: Any) -> None:
    ask = api()
    assert ask("PATCH", "/contacts/c", {}).status_code == 404
    assert not ask.page().entries[0].applied


def test_highlevel_applies_a_repeated_key_again(api: Any) -> None:
    ask = api()
    key = {"Idempotency-Key": "w:tags"}
    for _ in range(2):
        ask("POST", "/contacts/c/tags", {"tags": ["a"]}, headers=key)
    assert [entry.applied for entry in ask.page().entries] == [True, True]


def test_where_keys_are_honoured_the_second_write_is_answered_and_not_applied(api: Any) -> None:
    ask = api(honours_idempotency_keys=True)
    key = {"Idempotency-Key": "w:note"}
    replies = [ask("POST", "/contacts/c/notes", {"body": "hello"}, headers=key) for _ in range(2)]
    assert replies[0].json()["note"]["id"] == replies[1].json()["note"]["id"]
    entries = ask.page().entries
    assert [(entry.idempotency_key, entry.applied) for entry in entries] == [
        ("w:note", True),
        ("w:note", False),
    ]


def test_ghlctls_own_pages_are_not_in_the_ledger(api: Any) -> None:
    ask = api()
    assert ask("GET", "/_ghlctl/health").json()["status"] == "ok"
    assert ask.page().entries == ()


@pytest.mark.parametrize("query", ["after=x", "after=-1", "limit=0", "limit=9999999999999999999"])
def test_a_page_that_cannot_be_had_is_refused(api: Any, query: str) -> None:
    assert api()("GET", f"/_ghlctl/ledger?{query}").status_code == 400
