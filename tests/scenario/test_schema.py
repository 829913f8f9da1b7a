"""The JSON Schemas describe the very files that the reader takes."""

import json
import re
from typing import Any

import msgspec
import pytest
import yaml

from ghlctl.scenario.config import Config, ReceiverConfig
from ghlctl.scenario.reader import read_scenario, write_scenario
from ghlctl.scenario.scenario import Scenario
from ghlctl.scenario.schema import schema_of_config, schema_of_scenario
from ghlctl.scenario.shape import STAGES

JSON_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def fits(  # noqa: C901, PLR0911 - one line for each keyword of JSON Schema
    value: Any, schema: dict[str, Any], parts: dict[str, Any]
) -> bool:
    """The part of JSON Schema that ours make use of."""
    if "$ref" in schema:
        schema = {**parts[schema["$ref"].rpartition("/")[2]], **schema}
    if "not" in schema and all(key in value for key in schema["not"]["required"]):
        return False
    if "oneOf" in schema and sum(fits(value, each, parts) for each in schema["oneOf"]) != 1:
        return False
    if "anyOf" in schema and not any(fits(value, each, parts) for each in schema["anyOf"]):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "type" in schema and not isinstance(value, JSON_TYPES[schema["type"]]):
        return False
    match value:
        case str():
            return "pattern" not in schema or bool(re.search(schema["pattern"], value))
        case int() | float():
            return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))
        case list():
            enough = len(value) >= schema.get("minItems", 0)
            return enough and all(fits(each, schema.get("items", {}), parts) for each in value)
        case dict():
            return fits_keys(value, schema, parts)
    return True


def fits_keys(value: dict[str, Any], schema: dict[str, Any], parts: dict[str, Any]) -> bool:
    if any(key not in value for key in schema.get("required", ())):
        return False
    properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
    for key, each in value.items():
        if key not in properties and more is False:
            return False
        rule = properties.get(key, more if isinstance(more, dict) else {})
        if not fits(each, rule, parts):
            return False
    return True


def valid(value: Any, schema: dict[str, Any]) -> bool:
    return fits(value, schema, schema["$defs"])


SCENARIO = """\
name: all
embedded: {profile: optimized, set: {cache: memory}}
events: {ContactCreate: 1.5}
arrivals:
  - {constant: 25/s, for: 30s}
  - {ramp: [0/s, 600/min], for: 1.5m}
  - {poisson: 50/s, for: 20s}
  - {burst: 500}
  - {closed: {concurrency: 10, for: 30s}}
  - {replay: a.jsonl, speed: 2}
warmup: 500ms
duplicates: 1%
retries: ghl
effects: {upstream: "http://127.0.0.1:8701", within: 10s}
thresholds: ["error_rate < 1%", {expr: "error_rate < 20%", level: warn, abort: true, after: 5s}]
seed: 7
"""


def test_a_file_that_is_read_fits_the_schema_and_so_does_what_is_written() -> None:
    schema = schema_of_scenario()
    assert valid(yaml.safe_load(SCENARIO), schema)
    assert valid(write_scenario(read_scenario(SCENARIO, "a.yaml")), schema)


@pytest.mark.parametrize(
    ("stands", "written"),
    [
        ("name: all\n", ""),
        ("warmup: 500ms", "warmpu: 500ms"),
        ("warmup: 500ms", "warmup: 500"),
        ("constant: 25/s", "constant: 25"),
        ("{burst: 500}", "{burst: 0}"),
        ("{burst: 500}", "{burst: 500, constant: 25/s}"),
        ("[0/s, 600/min]", "[0/s]"),
        ("duplicates: 1%", "duplicates: 5"),
        ("level: warn", "level: wran"),
        ("profile: optimized", "profil: optimized"),
        ("seed: 7", "receiver: {url: http://127.0.0.1}"),
    ],
)
def test_a_mistake_in_a_file_does_not_fit_the_schema(stands: str, written: str) -> None:
    assert stands in SCENARIO
    assert not valid(yaml.safe_load(SCENARIO.replace(stands, written)), schema_of_scenario())


def test_the_schemas_name_every_key_of_what_is_read_from_the_files() -> None:
    scenario = schema_of_scenario()["$defs"]["ScenarioShape"]["properties"]
    values = {field.name.removesuffix("_s") for field in msgspec.structs.fields(Scenario)}
    assert set(scenario) == values
    config = schema_of_config()["$defs"]
    assert set(config["ConfigShape"]["properties"]) == set(Config.__struct_fields__)
    receiver = set(config["ReceiverConfigShape"]["properties"])
    assert receiver == set(ReceiverConfig.__struct_fields__)


def test_every_kind_of_stage_is_an_alternative_known_by_its_own_key() -> None:
    schema = schema_of_scenario()
    stages = schema["$defs"]["ScenarioShape"]["properties"]["arrivals"]["items"]["oneOf"]
    assert len(stages) == len(STAGES)
    for kind, shape in STAGES.items():
        assert kind in schema["$defs"][shape.__name__]["required"]


def test_the_schemas_are_json_and_made_anew_for_each_caller() -> None:
    for make in (schema_of_scenario, schema_of_config):
        first = make()
        assert json.loads(json.dumps(first)) == first
        first["$defs"].clear()
        assert make()["$defs"]
