"""JSON Schemas of the files that people write, for editors and for `ghlctl schema`."""

from typing import Any

import msgspec

from ghlctl.scenario.policy import PolicyShape
from ghlctl.scenario.shape import STAGES, ConfigShape, ScenarioShape
from ghlctl.scenario.suppressions import SuppressionsShape

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = "#/$defs/{name}"


def schema_of_scenario() -> dict[str, Any]:
    """A scenario's schema, draft 2020-12; a stage is exactly one of its kinds."""
    schema = _schema("scenario", ScenarioShape, *STAGES.values())
    stages = [{"$ref": _REFERENCE.format(name=shape.__name__)} for shape in STAGES.values()]
    root = schema["$defs"][ScenarioShape.__name__]
    root["properties"]["arrivals"] |= {"minItems": 1, "items": {"oneOf": stages}}
    root["properties"]["events"] |= {"minProperties": 1}
    root["not"] = {"required": ["receiver", "embedded"]}
    return schema


def schema_of_config() -> dict[str, Any]:
    """The schema of ghlctl.yaml, draft 2020-12."""
    return _schema("config", ConfigShape)


def schema_of_policy() -> dict[str, Any]:
    """The schema of a policy: thresholds in a file of their own."""
    schema = _schema("policy", PolicyShape)
    schema["$defs"][PolicyShape.__name__]["properties"]["thresholds"] |= {"minItems": 1}
    return schema


def schema_of_suppressions() -> dict[str, Any]:
    """The schema of the file of accepted risks."""
    return _schema("suppressions", SuppressionsShape)


def _schema(title: str, root: type[msgspec.Struct], *more: type[msgspec.Struct]) -> dict[str, Any]:
    (reference, *_), parts = msgspec.json.schema_components((root, *more), ref_template=_REFERENCE)
    return {"$schema": _DIALECT, "title": f"ghlctl {title}", **reference, "$defs": parts}
