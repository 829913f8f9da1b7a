"""Writes ghlctl/upstream/highlevel.json from HighLevel's published OpenAPI files.

`python tools/trim_specification.py FOLDER > ghlctl/upstream/highlevel.json`, where FOLDER is a copy
of https://github.com/GoHighLevel/highlevel-api-docs (CC0-1.0). It keeps the operations that the
upstream serves, leaves out prose and examples, and corrects what cannot be validated with; every
correction is a function here that says why.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

Json = dict[str, Any]

KEPT = {
    "contacts": r".*",
    "opportunities": r".*",
    "oauth": r".*",
    "calendars": r"/calendars/(\{calendarId\}|groups|blocked-slots|events.*|appointments/.*)?",
}
LEFT_OUT = ("POST /calendars/groups",)
VERSIONS = ["2021-04-15", "2021-07-28", "2023-02-21", "v3"]
WORDS = frozenset(
    {"description", "example", "examples", "title", "default", "deprecated", "summary"}
)
ERRORS = {
    "400": "BadRequestDTO",
    "401": "UnauthorizedDTO",
    "403": "UnauthorizedDTO",
    "404": "UnauthorizedDTO",
    "422": "UnprocessableDTO",
    "429": "BadRequestDTO",
}
REASONS = {
    "400": "The request is no JSON object",
    "401": "No token, a foreign one or an expired one; or no Version",
    "403": "The token belongs to another location",
    "404": "No such operation or record",
    "422": "The request does not fit this specification",
    "429": "More than 100 requests in 10 s, or 200,000 in a day",
}
ORIGIN = (
    "Trimmed from the OpenAPI files of https://github.com/GoHighLevel/highlevel-api-docs of"
    " 2026-06-19, which HighLevel has given to the public domain (CC0-1.0), by"
    " tools/trim_specification.py; statuses that HighLevel answers and does not list were added."
)


def trimmed(folder: Path) -> Json:
    paths: Json = {}
    schemas: Json = {}
    for name, wanted in KEPT.items():
        source = json.loads((folder / "apps" / f"{name}.json").read_text())
        known = source["components"]["schemas"]
        for path, methods in source["paths"].items():
            for method, operation in methods.items():
                if not re.fullmatch(wanted, path) or f"{method.upper()} {path}" in LEFT_OUT:
                    continue
                kept = _operation(method, path, name, operation, known)
                paths.setdefault(path, {})[method] = kept
                _collect(kept, name, known, schemas)
    shared = json.loads((folder / "common" / "common-schemas.json").read_text())
    for name in sorted(set(ERRORS.values())):
        schemas[f"shared.{name}"] = _schema(shared["components"]["schemas"][name], "shared")
    _custom_fields(schemas)
    return {
        "openapi": "3.0.0",
        "info": {
            "title": "HighLevel API 2.0, as far as ghlctl's upstream serves it",
            "description": ORIGIN,
            "version": "2026-06-19",
            "license": {"name": "CC0-1.0"},
        },
        "paths": paths,
        "components": {
            "responses": {status: _refusal(status) for status in ERRORS},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": _spoken_of(paths, schemas),
        },
    }


def _operation(method: str, path: str, name: str, source: Json, known: Json) -> Json:
    kept: Json = {"operationId": f"{name}.{source['operationId']}"}
    parameters = [_parameter(one, name) for one in source.get("parameters", [])]
    kept["parameters"] = parameters + _undeclared(path, parameters)
    for kind, content in source.get("requestBody", {}).get("content", {}).items():
        schema = _schema(content["schema"], name)
        needed = method == "put" or bool(_resolved(content["schema"], known).get("required"))
        kept["requestBody"] = {"required": needed, "content": {kind: {"schema": schema}}}
    kept["responses"] = {
        status: _answer(response, name)
        for status, response in source["responses"].items()
        if status.startswith("2")
    }
    kept["responses"] |= {status: {"$ref": f"#/components/responses/{status}"} for status in ERRORS}
    if kept["operationId"] != "oauth.get-access-token":
        kept["security"] = [{"bearer": []}]
    return kept


def _resolved(schema: Json, known: Json) -> Json:
    found: Json = known[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return found


def _refusal(status: str) -> Json:
    schema = {"$ref": f"#/components/schemas/shared.{ERRORS[status]}"}
    content = {"application/json": {"schema": schema}}
    return {"description": REASONS[status], "content": content}


def _parameter(source: Json, name: str) -> Json:
    kept = {key: source[key] for key in ("name", "in") if key in source}
    kept["required"] = bool(source.get("required"))
    kept["schema"] = _schema(source["schema"], name)
    if kept["name"] == "Version":
        # Each file lists one version; the API takes any published one on any of its paths.
        kept["schema"] = {"type": "string", "enum": VERSIONS}
    return kept


def _undeclared(path: str, parameters: list[Json]) -> list[Json]:
    """Parameters that a path has and its operation does not declare."""
    declared = {one["name"] for one in parameters if one["in"] == "path"}
    wanting = [name for name in re.findall(r"\{(\w+)\}", path) if name not in declared]
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string"} | ({"enum": ["add", "remove"]} if name == "type" else {}),
        }
        for name in wanting
    ]


def _answer(source: Json, name: str) -> Json:
    kept: Json = {"description": "Successful"}
    for kind, content in source.get("content", {}).items():
        kept["content"] = {kind: {"schema": _schema(content["schema"], name)}}
    return kept


def _schema(source: Json, name: str) -> Json:
    """Without words, with references into one file, and corrected."""
    if "$ref" in source:
        return {"$ref": f"#/components/schemas/{name}.{source['$ref'].rpartition('/')[2]}"}
    kept = {key: value for key, value in source.items() if key not in WORDS}
    _retype(kept, source.get("example"))
    if kept.get("items") == {"type": "array"}:
        kept["items"] = {}  # "a list of lists of nothing" is a list of which nothing is said
    if "oneOf" in kept:
        kept["anyOf"] = kept.pop("oneOf")  # an empty list is a list of texts and one of objects
    if "properties" in kept:
        kept["properties"] = {key: _schema(one, name) for key, one in kept["properties"].items()}
    if isinstance(kept.get("items"), dict):
        kept["items"] = _schema(kept["items"], name)
    for key in ("anyOf", "allOf"):
        if key in kept:
            kept[key] = [_schema(one, name) for one in kept[key]]
    return kept


def _retype(kept: Json, example: object) -> None:
    """An "object" whose example is a text or a number is what its generator made of a union."""
    if kept.get("type") != "object" or kept.get("properties"):
        return
    if isinstance(example, str):
        kept["type"] = "string"
    elif isinstance(example, (int, float)):
        kept["type"] = "number"


def _custom_fields(schemas: Json) -> None:
    """One kind of custom field in place of nine that differ in what their value is.

    A field is named "by either `id` or `key`", as the opportunities' own text has it; the contacts'
    schemas want an id.
    """
    for schema in list(schemas.values()):
        for one in schema.get("properties", {}).values():
            kinds = one.get("items", {}).get("anyOf", [])
            fields = [schemas.get(kind.get("$ref", "").rpartition("/")[2], {}) for kind in kinds]
            if fields and all("field_value" in field.get("properties", {}) for field in fields):
                values = [field["properties"]["field_value"] for field in fields]
                one["items"] = {
                    "type": "object",
                    "properties": {
                        "id": {"type": "string"},
                        "key": {"type": "string"},
                        "field_value": {"anyOf": _different(values)},
                    },
                    "anyOf": [{"required": ["id"]}, {"required": ["key"]}],
                }


def _different(schemas: list[Json]) -> list[Json]:
    return [one for place, one in enumerate(schemas) if one not in schemas[:place]]


def _spoken_of(paths: Json, schemas: Json) -> Json:
    """Those schemas that the paths, or one another, still speak of."""
    wanted, found = [json.dumps(paths)], set()
    while wanted:
        names = set(re.findall(r"#/components/schemas/([\w.-]+)", wanted.pop())) - found
        found |= names
        wanted += [json.dumps(schemas[name]) for name in names]
    return {
        name: schemas[name] for name in sorted(found | {f"shared.{e}" for e in ERRORS.values()})
    }


def _collect(value: object, name: str, known: Json, schemas: Json) -> None:
    """Add every schema that is spoken of in `value`, and those that they speak of."""
    if isinstance(value, list):
        for one in value:
            _collect(one, name, known, schemas)
    elif isinstance(value, dict):
        spoken = str(value.get("$ref", "")).rpartition("/")[2]
        if spoken.startswith(f"{name}.") and spoken not in schemas:
            schemas[spoken] = _described(spoken, known[spoken.removeprefix(f"{name}.")], name)
            _collect(schemas[spoken], name, known, schemas)
        for one in value.values():
            _collect(one, name, known, schemas)


def _described(spoken: str, source: Json, name: str) -> Json:
    kept = _schema(source, name)
    if spoken == "contacts.UpdateTagsResponseDTO":
        # Said to be texts; they are objects that name their contact, as its v3 says.
        kept["properties"]["responses"]["items"] = {"type": "object"}
    if spoken == "contacts.UpdateContactDto":
        # Forgotten there: it can be made with a contact, and every answer has it.
        kept["properties"]["companyName"] = {"type": "string", "nullable": True}
    return kept


if __name__ == "__main__":
    sys.stdout.write(json.dumps(trimmed(Path(sys.argv[1])), indent=1) + "\n")
