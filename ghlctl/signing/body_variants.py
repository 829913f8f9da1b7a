"""Bodies that a receiver may have had in its hands in place of the one that was signed."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

BOM = b"\xef\xbb\xbf"
MOST_BYTES = 16 * 1024 * 1024
"""Larger bodies are not written again in a dozen ways."""


@dataclass(frozen=True, slots=True)
class Variant:
    """`change` completes "the signature holds for the body …"."""

    kind: str
    change: str
    body: bytes


def variants(body: bytes) -> Iterator[Variant]:
    """Each different from `body`, the likeliest mistakes first."""
    if len(body) > MOST_BYTES:
        return
    seen = {body}
    for variant in _all(body):
        if variant.body not in seen:
            seen.add(variant.body)
            yield variant


def _all(body: bytes) -> Iterator[Variant]:
    yield Variant("bom", "without the byte order mark at its start", body.removeprefix(BOM))
    yield Variant("bom", "with a byte order mark before it", BOM + body)
    unix = body.replace(b"\r\n", b"\n")
    yield Variant("newline", "without the line end after it", body.rstrip(b"\r\n"))
    yield Variant("newline", "with a line end after it", body + b"\n")
    yield Variant("crlf", "with LF in place of CRLF", unix)
    yield Variant("crlf", "with CRLF in place of LF", unix.replace(b"\n", b"\r\n"))
    yield Variant("whitespace", "without the white space around it", body.strip())
    if not body:
        yield Variant("reserialised", "that is an empty object rather than nothing", b"{}")
    yield from _written_again(body)


def _written_again(body: bytes) -> Iterator[Variant]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return
    for words, write in _WRITERS:
        try:
            again = write(value).encode()
        except (ValueError, RecursionError):
            continue  # a lone surrogate has no UTF-8
        yield Variant("reserialised", f"as JSON {words}", again)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _whole_numbers(value: Any) -> Any:
    """JavaScript has one kind of number: 1.0 is written as 1."""
    match value:
        case dict():
            return {name: _whole_numbers(inner) for name, inner in value.items()}
        case list():
            return [_whole_numbers(inner) for inner in value]
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
        case _:
            return value


_WRITERS: tuple[tuple[str, Callable[[Any], str]], ...] = (
    ("in compact form, as JavaScript writes it", _compact),
    ("with spaces, as Python writes it", json.dumps),
    ("with spaces and letters beyond ASCII", lambda value: json.dumps(value, ensure_ascii=False)),
    (
        "in compact form with escapes for what is not ASCII",
        lambda value: json.dumps(value, separators=(",", ":")),
    ),
    (
        "with escaped slashes, as PHP writes it",
        lambda value: json.dumps(value, separators=(",", ":")).replace("/", "\\/"),
    ),
    ("with whole numbers, as JavaScript writes it", lambda value: _compact(_whole_numbers(value))),
    (
        "with sorted names",
        lambda value: json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")),
    ),
    ("with sorted names and spaces", lambda value: json.dumps(value, sort_keys=True)),
    ("indented by two", lambda value: json.dumps(value, indent=2, ensure_ascii=False)),
    ("indented by four", lambda value: json.dumps(value, indent=4, ensure_ascii=False)),
)
