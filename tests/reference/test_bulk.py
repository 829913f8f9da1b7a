"""Tags that go together: one call for many contacts, and each hears of its own."""

import asyncio
from typing import Any

import msgspec
import pytest

from ghlctl.reference.bulk import AT_ONCE, BulkTags
from ghlctl.reference.calls import Persistence, Upstream, UpstreamError, UpstreamRefusedError
from ghlctl.reference.connections import Answered, Request, Unanswered
from ghlctl.reference.counters import Counters

TWICE = Persistence(2, backoff=False)


class Tagging:
    """A line to an upstream in which some contacts are gone."""

    def __init__(self, *gone: str, status: int = 201) -> None:
        self._gone = gone
        self._status = status
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []

    async def send(self, request: Request) -> Answered | Unanswered:
        assert request.url.path == "/contacts/bulk/tags/update/add"
        self.asked.append(msgspec.json.decode(request.body or b""))
        self.keys.append(request.headers["Idempotency-Key"])
        outcomes = [
            {"contactId": id_, "type": "error" if id_ in self._gone else "success"}
            for id_ in self.asked[-1]["contacts"]
        ]
        return Answered(self._status, {}, msgspec.json.encode({"responses": outcomes}))

    async def close(self) -> None: ...


def tagged(line: Tagging, *wanted: tuple[str, str, str]) -> list[Any]:
    async def story() -> list[Any]:
        tags = BulkTags(Upstream("http://up", line, Counters(), None, None))
        adding = [tags.add(place, who, tag, f"w{who}", TWICE) for place, who, tag in wanted]
        return await asyncio.gather(*adding, return_exceptions=True)

    return asyncio.run(story())


def test_one_call_for_all_of_a_location_that_get_the_same_tag() -> None:
    line = Tagging()
    wanted = [("L", "a", "hot"), ("L", "b", "hot"), ("M", "c", "hot"), ("L", "d", "cold")]
    assert tagged(line, *wanted) == [None] * 4
    assert sorted(asked["contacts"] for asked in line.asked) == [["a", "b"], ["c"], ["d"]]
    assert "wa,wb" in line.keys


def test_no_call_is_larger_than_its_bound() -> None:
    line = Tagging()
    tagged(line, *(("L", str(n), "hot") for n in range(AT_ONCE + 3)))
    assert [len(asked["contacts"]) for asked in line.asked] == [AT_ONCE, 3]


def test_only_the_contact_that_is_gone_is_refused() -> None:
    results = tagged(Tagging("b"), ("L", "a", "hot"), ("L", "b", "hot"), ("L", "c", "hot"))
    assert [type(result) for result in results] == [type(None), UpstreamRefusedError, type(None)]


@pytest.mark.parametrize("status", [422, 503])
def test_all_hear_of_a_call_that_failed(status: int) -> None:
    results = tagged(Tagging(status=status), ("L", "a", "hot"), ("L", "b", "hot"))
    assert all(isinstance(result, UpstreamError) for result in results)
