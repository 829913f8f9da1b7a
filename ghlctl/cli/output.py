"""stdout carries the result, stderr everything else."""

import io
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from ghlctl.errors import UsageError

if TYPE_CHECKING:
    import msgspec


COLUMNS = 80


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"


def emit(text: str, output: str = "-") -> None:
    """Write a result to stdout, or to the file that `--output` names."""
    whole = text if text.endswith("\n") else text + "\n"
    if output == "-":
        if sys.stdout is not None:  # None where the caller closed it: nobody wants the result
            _print(whole)
        return
    try:
        Path(output).write_text(whole, encoding="utf-8")
    except OSError as fault:
        raise UsageError(
            f"cannot write {output}: {fault.strerror}", "name a file in a folder that exists"
        ) from None


def _print(whole: str) -> None:
    """Raise UsageError where stdout takes no more; a reader that left changes no exit status."""
    try:
        sys.stdout.write(whole)
        sys.stdout.flush()
    except OSError as fault:
        with Path(os.devnull).open("wb") as nowhere:  # what is left would fail again at exit
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        if isinstance(fault, BrokenPipeError):
            return
        raise UsageError(
            f"cannot write to stdout: {fault.strerror}", "the result is not complete"
        ) from None


def filled(start: str, text: str) -> str:
    """`text` after `start`, in lines of 80 columns that begin below it."""
    import textwrap

    return textwrap.fill(
        start + text,
        COLUMNS,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )


def require_writable(output: str) -> None:
    """Raise UsageError before anything is measured that could then not be written."""
    if output == "-":
        return
    path = Path(output)
    if path.is_dir() or not output:
        raise UsageError(f"--output {output!r} is no file", "name a file, or - for stdout")
    if not path.parent.is_dir():
        raise UsageError(
            f"cannot write {output}: there is no folder {path.parent}",
            "name a file in a folder that exists",
        )
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"cannot write {output}: permission denied", "name another file")


def write_what_can_be_encoded() -> None:
    """A stdout that is no UTF-8 shows ? for what it cannot hold."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def as_json(value: "msgspec.Struct | dict[str, object] | list[object]") -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def say(line: str) -> None:
    if sys.stderr is None:  # the caller closed it
        return
    try:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except OSError:
        sys.stderr = None  # a terminal that was closed; what is under way still ends in good order


def complain(message: str, hint: str) -> None:
    say(f"error: {message}")
    if hint:
        say(f"hint: {hint}")
