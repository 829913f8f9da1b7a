"""ghlctl schema: JSON Schemas for editors and checks."""

from enum import StrEnum
from typing import Annotated

import typer

from ghlctl.cli.options import Output
from ghlctl.cli.output import as_json, emit


class Subject(StrEnum):
    CONFIG = "config"
    SCENARIO = "scenario"


def schema(
    subject: Annotated[Subject, typer.Argument(help="config or scenario")], output: Output = "-"
) -> None:
    """Print the JSON Schema of ghlctl.yaml or of a scenario."""
    from ghlctl.scenario.schema import schema_of_config, schema_of_scenario

    emit(as_json(schema_of_config() if subject is Subject.CONFIG else schema_of_scenario()), output)
