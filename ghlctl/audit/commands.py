"""Commands of the config, run without a shell, for a bounded time, their output bounded too."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field

from ghlctl.audit.canary import Canary
from ghlctl.errors import NotMeasuredError, UsageError
from ghlctl.model.visible import visible

MOST_BYTES = 1024 * 1024
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Ran:
    """`status` is None where the command did not end in its time."""

    status: int | None
    output: bytes = field(repr=False)

    @property
    def lines(self) -> list[bytes]:
        return [line for line in self.output.splitlines() if line.strip()]

    @property
    def failure(self) -> str:
        """In one line, "" for status 0."""
        if self.status == 0:
            return ""
        last = self.lines[-1].decode("utf-8", "replace") if self.lines else "without a word"
        ended = "did not end in time" if self.status is None else f"ended with {self.status}"
        return f"{ended}: {visible(last)[:_SHOWN]}"


def words_of(command: str, canary: Canary | None = None) -> list[str]:
    """The command's words; marks stand where it names them, else the id stands last."""
    try:
        words = shlex.split(command)
    except ValueError as fault:
        raise UsageError(f"the command {command!r} cannot be read: {fault}", "quote it") from None
    if not words:
        raise UsageError("a command is empty", "name a program, or leave it out")
    if canary is None:
        return words
    filled = [filled_in(word, canary) for word in words]
    return filled if filled != words else [*words, canary.delivery_id]


def filled_in(text: str, canary: Canary) -> str:
    """The text with the canary's marks where it names them."""
    return (
        text.replace("{canary}", canary.delivery_id)
        .replace("{contact}", canary.contact_id)
        .replace("{email}", canary.email)
    )


def run_command(words: Sequence[str], *, timeout_s: float) -> Ran:
    """NotMeasuredError for what cannot be started; a background child may live on."""
    with tempfile.TemporaryFile() as output:
        try:
            done = subprocess.run(  # noqa: S603 - the user's own command, from the user's own config
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,  # a file, because a pipe would be held open by what it starts
                stderr=subprocess.STDOUT,
                timeout=timeout_s,
                env={**os.environ},
                check=False,
            )
            status: int | None = done.returncode
        except subprocess.TimeoutExpired:
            status = None
        except (OSError, ValueError) as fault:
            reason = getattr(fault, "strerror", None) or str(fault)
            raise NotMeasuredError(
                f"the command {words[0]} cannot be run: {reason}",
                "look at the commands under audit in ghlctl.yaml",
            ) from None
        output.seek(0)
        return Ran(status, output.read(MOST_BYTES))
