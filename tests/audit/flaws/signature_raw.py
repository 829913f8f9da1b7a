"""Receivers on bare sockets, for flaws that frameworks do not let anybody have."""

import asyncio
import json
from collections.abc import Callable

from ghlctl.model.delivery import Headers
from tests.audit.receivers import Steps, verify_signature, write
from tests.audit.street import Talk

Trust = Callable[[Steps, bytes, Headers, bool], bool]
"""Whether to act, `trusted`: an earlier request of the connection held."""


def bare(steps: Steps, trust: Trust, more: bytes = b"") -> Talk:
    """Content-Length alone, one request after the other; refuses every other framing.

    `more` are header lines of every reply.
    """
    seen: set[str] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        trusted = False
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").strip().split("\r\n")
            headers = tuple((name, text.strip()) for name, _, text in map(_parted, lines))
            names = [name.lower() for name, _ in headers]
            lengths = [text for name, text in headers if name.lower() == "content-length"]
            framed = len(lengths) <= 1 and "transfer-encoding" not in names
            if not framed or any(line[:1] == " " for line in lines):
                writer.write(b"HTTP/1.1 400 no\r\nContent-Length: 0\r\n\r\n")
                return await writer.drain()
            body = await reader.readexactly(int(lengths[0]) if lengths else 0)
            holds = first.startswith("POST /webhooks/ghl ") and trust(steps, body, headers, trusted)
            trusted = trusted or holds
            payload = json.loads(body) if holds else {}
            if holds and payload["webhookId"] not in seen:
                seen.add(payload["webhookId"])
                await write(steps, payload)
            status = b"200 yes" if holds else b"401 no"
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n" + more + b"\r\n")
            await writer.drain()

    return talk


def _parted(line: str) -> tuple[str, str, str]:
    return line.partition(":")


def each_by_itself(steps: Steps, body: bytes, headers: Headers, _trusted: bool) -> bool:
    return verify_signature(steps, body, headers) is None


def by_exact_name(steps: Steps, body: bytes, headers: Headers, _trusted: bool) -> bool:
    named = tuple(pair for pair in headers if pair[0] == steps.scheme.headers[0])
    return verify_signature(steps, body, named) is None


def once_a_connection(steps: Steps, body: bytes, headers: Headers, trusted: bool) -> bool:
    return trusted or verify_signature(steps, body, headers) is None
