"""A request as it arrived, read once: its words, its body, who calls, and what it asks for."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Message, Receive, Scope

from ghlctl.upstream.caller import Caller, Tokens
from ghlctl.upstream.specification import Found, Specification, read_form

BODY_BYTES_MAX = 32 * 1024 * 1024
READING = frozenset({"GET", "HEAD", "OPTIONS"})
_WANTED = (b"authorization", b"version", b"idempotency-key")


@dataclass(frozen=True, slots=True)
class Heard:
    """`path` as sent, without its query; `content` the body's value, None for what is unreadable.

    `found` is the operation, None for a path or method that HighLevel does not have.
    """

    method: str
    path: str
    query: str
    asked: dict[str, str]
    key: str
    version: str
    body: bytes
    content: Any
    found: Found | None
    caller: Caller

    @property
    def writes(self) -> bool:
        return self.method not in READING


async def hear(
    scope: Scope, receive: Receive, specification: Specification, tokens: Tokens, now: float
) -> Heard | None:
    """None where the caller hung up before the end of its body."""
    body = await _body(receive)
    if body is None:
        return None
    headers = dict.fromkeys(_WANTED, "")
    for name, value in scope["headers"]:
        if name in headers:
            headers[name] = value.decode("latin-1")
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path, query = raw.decode("latin-1"), scope["query_string"].decode("latin-1")
    asked = dict(parse_qsl(query, keep_blank_values=True)) if query else {}
    method: str = scope["method"]
    found = specification.find(method, path)
    form = found is not None and found.operation.form
    content: Any = read_form(body) if form else _json(body)
    return Heard(
        method,
        path,
        query,
        asked,
        headers[b"idempotency-key"],
        headers[b"version"],
        body,
        content,
        found,
        tokens.caller(headers[b"authorization"], asked, content, now),
    )


async def _body(receive: Receive) -> bytes | None:
    """The body, read no further than one chunk beyond its bound."""
    chunks: list[bytes] = []
    size, more = 0, True
    while more and size <= BODY_BYTES_MAX:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        more = message.get("more_body", False)
    return b"".join(chunks)


def _json(body: bytes) -> Any:
    """The body's value; None for what is no JSON, which no operation takes."""
    if not body:
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
