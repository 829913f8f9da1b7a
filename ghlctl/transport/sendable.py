"""Which headers may be added to a request, so that it stays one well-formed request."""

import re
from collections.abc import Collection

from ghlctl.errors import UsageError
from ghlctl.model.delivery import Headers

_FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BREAKS = frozenset("\r\n\0")


def require_sendable(headers: Headers, *, signed: Collection[str] = ()) -> None:
    """Raise UsageError for a header that nobody may add; its value is never repeated.

    `signed`: names that the scheme in use writes itself.
    """
    fault = fault_in(headers)
    if fault:
        raise UsageError(fault, "look at --header and at the headers in ghlctl.yaml")
    taken = {name.lower() for name in signed}
    for name, _ in headers:
        if name.lower() in taken:
            raise UsageError(
                f"header {name} is written by the scheme that signs the delivery",
                "leave it out, or choose another scheme with --scheme",
            )


def fault_in(headers: Headers) -> str:
    """Why these headers cannot be sent as they are, "" where they can."""
    for name, value in headers:
        if not _NAME.fullmatch(name):
            return f"{name!a} is no name of a header"
        if name.lower() in _FRAMING:
            return f"header {name} belongs to the connection and is written by the tool itself"
        if not _BREAKS.isdisjoint(value):
            return f"the value of header {name} has a line break or a NUL in it"
    return ""
