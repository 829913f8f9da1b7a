"""How an attempt ends that gets no reply."""

import errno
import ssl

from ghlctl.model.sample import ErrorKind

UNDER_WAY = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)
STALE = (ErrorKind.CLOSED, ErrorKind.RESET)
"""What a kept connection dies of while nobody uses it."""


class Broken(Exception):  # noqa: N818 - how an attempt ended, no error of this program
    """The attempt on this connection is over, and why."""

    def __init__(self, kind: ErrorKind) -> None:
        super().__init__(kind.value)
        self.kind = kind


def kind_of(fault: OSError) -> ErrorKind:
    """What an established connection died of."""
    match fault:
        case ConnectionResetError():
            return ErrorKind.RESET
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError() | BrokenPipeError():
            return ErrorKind.CLOSED
        case ssl.SSLError():
            return ErrorKind.TLS
        case _:  # unreachable or timed out by the network while a reply was due
            return ErrorKind.RESET
