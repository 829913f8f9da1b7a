"""How an engine's process speaks to the one that started it: a line in, JSON lines out."""

import os
import select
import stat
import sys

from ghlctl.load import messages
from ghlctl.load.messages import FromChild, Noted
from ghlctl.model.caution import Caution

_STDIN, _STDOUT = 0, 1
_PIPE_BYTES = 65_536


def first_line() -> bytes:
    """What to do, b"" from a parent that died: it may be secret, so it is never a file."""
    received = bytearray()
    while not received.endswith(b"\n"):
        some = os.read(_STDIN, _PIPE_BYTES)
        if not some:
            return b""
        received += some
    return bytes(received)


def is_gone() -> bool:
    """Only a pipe says so: by hand, standard input may be anything."""
    if not stat.S_ISFIFO(os.fstat(_STDIN).st_mode):
        return False
    readable, _, _ = select.select([_STDIN], [], [], 0)
    return bool(readable) and not os.read(_STDIN, 1)


def keep_stdout_clean() -> None:
    """Let nothing but our own lines out there: libraries print now and then."""
    sys.stdout = sys.stderr


def say(message: FromChild) -> None:
    try:
        os.write(_STDOUT, messages.encode(message) + b"\n")
    except BrokenPipeError:  # nobody listens any more; the samples matter more
        return


def pass_warning_on(text: str) -> None:
    """What Locust warns of stands beside the numbers."""
    say(Noted(Caution("locust", text, "a warning of the engine's control plane")))
