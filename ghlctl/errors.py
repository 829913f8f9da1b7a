"""Every way in which ghlctl refuses: one message, one hint, one exit status."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """What the process says when it ends; scripts rely on these numbers."""

    FINE = 0
    FAILED = 1
    USAGE = 2
    NOT_MEASURED = 3
    INCONCLUSIVE = 4
    INTERRUPTED = 130


class GhlctlError(Exception):
    """A refusal that a person can act on: `message` says what, `hint` says what to do next."""

    status: ExitStatus = ExitStatus.USAGE

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(GhlctlError):
    """The command line, the config or a scenario is wrong."""


class KeyMaterialError(GhlctlError):
    """A key is missing, unreadable or of the wrong kind for its scheme."""


class StoreError(GhlctlError):
    """A run or baseline is missing, damaged or of an unknown schema version."""


class NotMeasuredError(GhlctlError):
    """Nothing could be said: receiver unreachable, generator too slow, audit incomplete."""

    status = ExitStatus.NOT_MEASURED
