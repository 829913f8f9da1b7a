"""The HTTP client's exceptions in the words that samples and findings use."""

import ssl
from collections.abc import Iterator

import httpx

from ghlctl.model.sample import ErrorKind

# The client tells a closed connection from a reply that is no HTTP only by its text.
_CLOSED_WORDS = ("disconnected", "peer closed", "incomplete")


def failure_of(error: Exception) -> tuple[ErrorKind, str]:
    """Kind and one-line cause of an attempt without a whole reply."""
    secure = next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLError)), None)
    if secure is not None:
        return ErrorKind.TLS, f"TLS failed: {_reason(secure)}"
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return ErrorKind.CONNECT, f"cannot connect: {_cause_text(error)}"
        case httpx.RemoteProtocolError():
            if any(word in str(error) for word in _CLOSED_WORDS):
                return ErrorKind.CLOSED, "the connection was closed before the reply was whole"
            return ErrorKind.PROTOCOL, f"what came back is no HTTP: {_one_line(str(error))}"
        case httpx.LocalProtocolError():
            return ErrorKind.PROTOCOL, f"this request cannot be sent: {_one_line(str(error))}"
        case _:
            return ErrorKind.RESET, "the connection was reset while a reply was due"


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _one_line(error.verify_message)
    return _one_line(error.reason or str(error)).lower().replace("_", " ")


def _cause_text(error: Exception) -> str:
    """The operating system's words, which stand at the end of the chain of causes."""
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.strerror:
            return _one_line(cause.strerror).lower()
    return _one_line(str(error)) or "no connection"


def _one_line(text: str) -> str:
    printable = "".join(char if char.isprintable() else "?" for char in text)
    return printable[:200]
