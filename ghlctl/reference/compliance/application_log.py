"""The receiver's log: one JSON object to a line, and nothing in it of anybody.

Numbers and the receiver's own words pass. Texts lose what looks personal, and whatever stands in
the delivery in hand. Exceptions keep their type and where they were raised, and lose their words;
other libraries' messages keep their first line, before anything was put into it.
"""

import contextlib
import json
import logging
import sys
import threading
from collections.abc import Mapping, MutableMapping
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import structlog

from ghlctl.errors import GhlctlError
from ghlctl.reference.compliance.chain import Head
from ghlctl.reference.compliance.redaction import MASK, redacted
from ghlctl.reference.compliance.spoken_of import personal_values

OWN = "ghlctl"
FRAMES = 8
CAUSES = 5
PERSONAL = frozenset(
    "email phone name firstName lastName fullName contactName companyName address address1 city"
    " postalCode dateOfBirth dob ssn website body payload content headers signature authorization"
    " token secret password key customFields attachments message notes".casefold().split()
)
Event = MutableMapping[str, Any]


def configure(stream: TextIO | None = None) -> None:
    """Send all that this process logs through the processors, to stderr unless said otherwise."""
    out = _Quiet(stream or sys.stderr)
    out.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            pass_foreign_args=True,
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                own_words,
                exception_without_words,
                without_personal_fields,
                without_personal_values,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(sort_keys=True),
            ],
        )
    )
    logging.basicConfig(handlers=[out], level=logging.INFO, force=True)
    logging.captureWarnings(capture=True)
    threading.excepthook = _log_thread
    sys.unraisablehook = _log_unraisable


class _Quiet(logging.StreamHandler[TextIO]):
    """Says of a line that cannot be formatted no more than whose it was."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(json.dumps({"event": "an unreadable line", "logger": record.name}))
            self.stream.write(self.terminator)


def own_words(_: object, __: str, event: Event) -> Event:
    """Formatted again from its parts: of other libraries, the message before any part."""
    record: logging.LogRecord = event["_record"]
    event["logger"] = record.name
    words, args = str(record.msg), event.pop("positional_args", ())
    if record.name.split(".")[0] != OWN:
        event["event"] = redacted(words.splitlines()[0] if words else "")
        return event
    if isinstance(args, Mapping):
        event["event"] = words % {name: _safe(value) for name, value in args.items()}
    else:
        event["event"] = words % tuple(map(_safe, args)) if args else words
    return event


def exception_without_words(_: object, __: str, event: Event) -> Event:
    event.pop("exc_text", None)
    event.pop("stack_info", None)
    record: logging.LogRecord = event["_record"]
    record.exc_text = record.stack_info = None
    info = event.pop("exc_info", None) or record.exc_info
    record.exc_info = None
    error = info if isinstance(info, BaseException) else (info or (None, None, None))[1]
    if isinstance(error, BaseException):
        event["exception"] = [_described(one) for one in _chain(error)]
    return event


def without_personal_fields(_: object, __: str, event: Event) -> Event:
    """By name, at any depth."""
    kept = event.pop("_record"), event.pop("_from_structlog", None)
    for name in list(event):
        event[name] = _field(name, event[name])
    event["_record"], event["_from_structlog"] = kept
    return event


def without_personal_values(_: object, __: str, event: Event) -> Event:
    for name, value in event.items():
        if name not in ("_record", "_from_structlog", "event", "timestamp", "level", "logger"):
            event[name] = _value(value)
    return event


def _field(name: str, value: Any) -> Any:
    if name.casefold() in PERSONAL:
        return MASK
    if isinstance(value, Mapping):
        return {inner: _field(str(inner), one) for inner, one in value.items()}
    return value


def _value(value: Any) -> Any:
    match value:
        case Mapping():
            return {str(name): _value(one) for name, one in value.items()}
        case list() | tuple():
            return [_value(one) for one in value]
        case _:
            return _safe(value)


def _safe(value: object) -> object:
    """A number, one of a closed set of words, or a text without anything personal."""
    if value is None or isinstance(value, (bool, int, float, Enum, Head)):
        return value
    text = f"{value.message}; {value.hint}" if isinstance(value, GhlctlError) else str(value)
    values = personal_values()
    return f"{MASK} (too much to look through)" if values is None else redacted(text, values)


def _described(error: BaseException) -> dict[str, object]:
    return {"type": type(error).__name__, "at": _places(error.__traceback__)}


def _places(trace: TracebackType | None) -> list[str]:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-FRAMES:]


def _chain(error: BaseException) -> list[BaseException]:
    chain = [error]
    while len(chain) < CAUSES:
        before = chain[-1].__cause__ or chain[-1].__context__
        if before is None or before in chain:
            break
        chain.append(before)
    return chain


def _log_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        logging.getLogger(OWN).error("a thread ended by an exception", exc_info=args.exc_value)


def _log_unraisable(args: Any) -> None:
    logging.getLogger(OWN).error("an exception had nowhere to go", exc_info=args.exc_value)
