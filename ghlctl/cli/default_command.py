"""Commands that are a verb and a family: `audit` audits, `audit list` lists."""

from typing import Any

from typer.core import TyperGroup

DEFAULT = "run"


class DefaultsToRun(TyperGroup):
    """What names none of the family's commands is meant for the command called `run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in self.commands:
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)
