"""The shipped specification: whole, free to ship, and read right."""

from typing import Any

import msgspec
import pytest

from ghlctl.upstream.operations import OPERATIONS, READING_BY_POST
from ghlctl.upstream.shapes import Shapes
from ghlctl.upstream.sign_on import SignOn
from ghlctl.upstream.specification import highlevel, text


def test_every_operation_of_the_specification_is_performed_and_no_other() -> None:
    ids = {operation.id for operation in highlevel().operations}
    assert ids == OPERATIONS.keys() | SignOn.operations
    assert ids >= READING_BY_POST


def test_it_says_where_it_is_from_and_that_it_may_be_shipped() -> None:
    info = msgspec.json.decode(text())["info"]
    assert info["license"]["name"] == "CC0-1.0"
    assert "github.com/GoHighLevel/highlevel-api-docs" in info["description"]


@pytest.mark.parametrize(
    ("method", "path", "operation", "ids"),
    [
        ("GET", "/contacts/abc", "contacts.get-contact", ("abc",)),
        ("GET", "/contacts", "contacts.get-contacts", ()),
        ("GET", "/contacts/", "contacts.get-contacts", ()),
        ("GET", "/contacts/a%2Fb", "contacts.get-contact", ("a/b",)),
        ("POST", "/contacts/upsert", "contacts.upsert-contact", ()),
        ("POST", "/contacts/bulk/tags/update/add", "contacts.create-association", ("add",)),
        ("GET", "/contacts/bulk/notes", "contacts.get-all-notes", ("bulk",)),
        ("GET", "/opportunities/search", "opportunities.search-opportunity", ()),
        ("PUT", "/opportunities/o/status", "opportunities.update-opportunity-status", ("o",)),
    ],
)
def test_a_path_leads_to_its_operation(
    method: str, path: str, operation: str, ids: tuple[str, ...]
) -> None:
    found = highlevel().find(method, path)
    assert found is not None
    assert (found.operation.id, found.ids) == (operation, ids)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/contacts/c"),
        ("GET", "/contacts//tags"),
        ("POST", "/contacts/bulk/tags/update"),
        ("GET", "/contactsx"),
        ("GET", "/"),
        ("GET", "*"),
    ],
)
def test_other_paths_lead_nowhere(method: str, path: str) -> None:
    assert highlevel().find(method, path) is None


LIST = {"type": "array", "items": {"type": "string", "maxLength": 3}}
BODY = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "old": {"type": "boolean", "nullable": True},
        "share": {"type": "number", "minimum": 0, "maximum": 1},
        "way": {"type": "string", "enum": ["up", "down"]},
        "tags": LIST,
        "value": {"anyOf": [{"type": "string"}, {"type": "number"}]},
        "child": {"$ref": "#/components/schemas/Body"},
    },
}


@pytest.mark.parametrize(
    ("body", "complaints"),
    [
        ({"name": "n"}, []),
        ({"name": "n", "old": None, "share": 1, "way": "up", "tags": [], "unknown": {}}, []),
        ({}, ["name should not be empty"]),
        ({"name": None}, ["name must be a string"]),
        ({"name": "n", "old": 1}, ["old must be a boolean value"]),
        ({"name": "n", "share": True}, ["share must be a number"]),
        ({"name": "n", "share": 1.5}, ["share must not be greater than 1"]),
        ({"name": "n", "way": "in"}, ["way must be one of the following values: up, down"]),
        ({"name": "n", "tags": "a"}, ["tags must be an array"]),
        ({"name": "n", "tags": [1, 2]}, ["each value in tags must be a string"]),
        (
            {"name": "n", "tags": ["long"]},
            ["each value in tags must be shorter than or equal to 3 characters"],
        ),
        ({"name": "n", "value": []}, ["value must be a string or a number"]),
        ({"name": "n", "child": {"name": 1}}, ["child.name must be a string"]),
        ({"name": 1, "way": 1}, ["name must be a string", "way must be a string"]),
        ([], ["body must be an object"]),
    ],
)
def test_a_complaint_says_what_is_wrong_and_where(body: Any, complaints: list[str]) -> None:
    shape = Shapes({"Body": BODY}).of({"$ref": "#/components/schemas/Body"})
    where = () if isinstance(body, dict) else ("body",)
    assert shape(body, where) == complaints


def test_a_schema_that_nobody_could_check_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="multipleOf"):
        Shapes({}).of({"type": "number", "multipleOf": 2})
