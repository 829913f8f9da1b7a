"""stdout carries the result, stderr everything else."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from ghlctl.errors import UsageError

if TYPE_CHECKING:
    import msgspec


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"


def emit(text: str, output: str = "-") -> None:
    """Write a result to stdout, or to the file that `--output` names."""
    whole = text if text.endswith("\n") else text + "\n"
    if output == "-":
        sys.stdout.write(whole)
        sys.stdout.flush()
        return
    try:
        Path(output).write_text(whole, encoding="utf-8")
    except OSError as fault:
        raise UsageError(
            f"cannot write {output}: {fault.strerror}", "name a file in a folder that exists"
        ) from None


def as_json(value: "msgspec.Struct | dict[str, object] | list[object]") -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def complain(message: str, hint: str) -> None:
    say(f"error: {message}")
    if hint:
        say(f"hint: {hint}")
