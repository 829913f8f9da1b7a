"""ghlctl schema: JSON Schemas for editors and checks."""

from enum import StrEnum
from typing import Annotated

import typer

from ghlctl.cli.options import Output
from ghlctl.cli.output import as_json, emit


class Subject(StrEnum):
    CONFIG = "config"
    SCENARIO = "scenario"
    POLICY = "policy"
    SUPPRESSIONS = "suppressions"


def schema(
    subject: Annotated[Subject, typer.Argument(help="config, scenario, policy or suppressions")],
    output: Output = "-",
) -> None:
    """Print the JSON Schema of ghlctl.yaml, a scenario, a policy, or a file of suppressions."""
    from ghlctl.scenario import schema as schemas

    made = {
        Subject.CONFIG: schemas.schema_of_config,
        Subject.SCENARIO: schemas.schema_of_scenario,
        Subject.POLICY: schemas.schema_of_policy,
        Subject.SUPPRESSIONS: schemas.schema_of_suppressions,
    }
    emit(as_json(made[subject]()), output)
