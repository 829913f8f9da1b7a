"""Receivers whose one flaw is in what they do with old and repeated deliveries."""

import asyncio
import contextlib
import hmac
import itertools
import json
import time
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote

import aiohttp

from ghlctl.model.delivery import Headers, first_header
from ghlctl.signing.scheme import Rejection
from tests.audit.flaws.flaw import FAIL, WARN, Flaw
from tests.audit.receivers import (
    BROKEN,
    Payload,
    Steps,
    UpstreamFailed,
    verify_signature,
    write,
)


def has_no_window(steps: Steps) -> Steps:
    """Never compares the signed time with its clock."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        return steps.scheme.verify(body, headers, steps.key, now=time.time(), tolerance=None)

    return replace(steps, verify=verify, stale=lambda _steps, _payload: False)


def has_a_window_of_minutes(steps: Steps) -> Steps:
    """Refuses what the platform tries again after a quarter of an hour."""

    def stale(_steps: Steps, payload: Payload) -> bool:
        return abs(time.time() - datetime.fromisoformat(payload["timestamp"]).timestamp()) > 300

    return replace(steps, stale=stale)


def forgets_every_id(steps: Steps) -> Steps:
    """Keeps no memory of deliveries."""
    fresh = map(str, itertools.count())
    return replace(steps, identity=lambda _payload, _headers: next(fresh))


def knows_deliveries_by_signature(steps: Steps) -> Steps:
    """Recognises a repeated request, but not the same delivery signed again."""
    name = steps.scheme.headers[0]
    return replace(steps, identity=lambda _payload, headers: first_header(headers, name) or "")


def welcomes_the_future(steps: Steps) -> Steps:
    """Asks how old a delivery is, never how young."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        rejection = verify_signature(steps, body, headers)
        return None if rejection is Rejection.TOO_NEW else rejection

    return replace(steps, verify=verify)


def does_without_a_time(steps: Steps) -> Steps:
    """Compares the time with its clock where there is one."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        if first_header(headers, "X-Timestamp"):
            return verify_signature(steps, body, headers)
        given = first_header(headers, "X-Signature") or ""
        return None if hmac.compare_digest(_mac(steps, b"", body), given) else Rejection.MISMATCH

    return replace(steps, verify=verify)


def takes_what_is_no_number(steps: Steps) -> Steps:
    """Reads the time as a floating-point number: every comparison with NaN is false."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        text = first_header(headers, "X-Timestamp") or ""
        given = first_header(headers, "X-Signature") or ""
        if not hmac.compare_digest(_mac(steps, text.encode(), body), given):
            return Rejection.MISMATCH
        try:
            age = time.time() - float(text)
        except ValueError:
            return Rejection.MALFORMED
        return Rejection.TOO_OLD if age > 300 or age < -300 else None

    return replace(steps, verify=verify)


def _mac(steps: Steps, timestamp: bytes, body: bytes) -> str:
    assert isinstance(steps.key, bytes)
    return hmac.new(steps.key, timestamp + b"." + body, "sha256").hexdigest()


def knows_deliveries_by_the_signatures_text(steps: Steps) -> Steps:
    """Reads base64 of every kind, and remembers it as it was written."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        text = (first_header(headers, "X-GHL-Signature") or "").strip()
        standard = text.replace("-", "+").replace("_", "/").rstrip("=")
        mended = standard + "=" * (-len(standard) % 4)
        return verify_signature(steps, body, (("X-GHL-Signature", mended),))

    return replace(
        steps,
        verify=verify,
        identity=lambda _payload, headers: first_header(headers, "X-GHL-Signature") or "",
    )


def knows_deliveries_by_a_header(steps: Steps) -> Steps:
    """Believes a header that nobody has signed, where there is one."""
    return replace(
        steps,
        identity=lambda payload, headers: (
            first_header(headers, "x-webhook-id") or str(payload["webhookId"])
        ),
    )


def believes_githubs_header(steps: Steps) -> Steps:
    """As that provider advises; its signature does not cover the header."""
    name = "X-GitHub-Delivery"
    return replace(steps, identity=lambda _payload, headers: first_header(headers, name) or "")


def looks_then_notes(steps: Steps) -> Steps:
    """Knows what it has finished; a second copy that comes meanwhile is new to it."""
    done: set[str] = set()

    async def act(steps: Steps, payload: Payload) -> None:
        if payload["webhookId"] not in done:
            await asyncio.sleep(0.02)
            await write(steps, payload)
            done.add(payload["webhookId"])

    fresh = map(str, itertools.count())
    return replace(steps, identity=lambda _payload, _headers: next(fresh), act=act)


def notes_before_it_verifies(steps: Steps) -> Steps:
    """Remembers the id of whatever comes, and takes the genuine one for a duplicate."""
    seen: set[str] = set()

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        rejection = verify_signature(steps, body, headers)
        if rejection is not None:
            seen.update(_ids(body))
        return rejection

    async def act(steps: Steps, payload: Payload) -> None:
        if payload["webhookId"] not in seen:
            await write(steps, payload)

    return replace(steps, verify=verify, act=act)


def _ids(body: bytes) -> list[str]:
    try:
        payload = json.loads(body)
    except ValueError:
        return []
    found = payload.get("webhookId") if isinstance(payload, dict) else None
    return [found] if isinstance(found, str) else []


def is_done_before_it_acts(steps: Steps) -> Steps:
    """Acknowledges whatever the upstream answered."""

    async def act(steps: Steps, payload: Payload) -> None:
        with contextlib.suppress(UpstreamFailed):
            await write(steps, payload)

    return replace(steps, act=act)


def loses_what_it_queued(steps: Steps) -> Steps:
    """Acknowledges first, and does not try again."""
    return replace(is_done_before_it_acts(steps), delay_s=0.05)


def overwrites_with_what_is_older(steps: Steps) -> Steps:
    """Copies the name upstream, in the order in which events happen to come."""

    async def act(steps: Steps, payload: Payload) -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.put(
                f"{steps.upstream}/contacts/{quote(payload['id'], safe='')}",
                json={"lastName": payload.get("lastName")},
            ) as answer,
        ):
            if answer.status >= BROKEN:
                raise UpstreamFailed

    return replace(steps, act=act)


NO_MEMORY = "a receiver that forgets what it has seen forgets every way of sending it again"

FLAWS = (
    Flaw(
        "no-window",
        "hmac-timestamp",
        has_no_window,
        {"RPL-01": FAIL, "RPL-02": WARN},
        "without a window there is neither past nor future",
    ),
    Flaw("no-window", "ghl", has_no_window, {"RPL-01": WARN}),
    Flaw("narrow-window", "ghl", has_a_window_of_minutes, {"RPL-14": WARN}),
    Flaw(
        "no-memory",
        "ghl",
        forgets_every_id,
        {"RPL-05": FAIL, "RPL-06": FAIL, "RPL-08": FAIL, "RPL-09": FAIL},
        NO_MEMORY,
    ),
    Flaw(
        "no-memory",
        "hmac-timestamp",
        forgets_every_id,
        {"RPL-05": FAIL, "RPL-06": FAIL, "RPL-07": FAIL, "RPL-08": FAIL, "RPL-09": FAIL},
        NO_MEMORY,
    ),
    Flaw(
        "memory-of-signatures",
        "hmac-timestamp",
        knows_deliveries_by_signature,
        {"RPL-07": FAIL},
    ),
    Flaw("future", "standard", welcomes_the_future, {"RPL-02": FAIL}),
    Flaw("future", "hmac-timestamp", welcomes_the_future, {"RPL-02": WARN}),
    Flaw("future", "stripe", welcomes_the_future),
    Flaw("timeless", "hmac-timestamp", does_without_a_time, {"RPL-03": FAIL}),
    Flaw("not-a-number", "hmac-timestamp", takes_what_is_no_number, {"RPL-04": FAIL}),
    Flaw("signature-text", "ghl", knows_deliveries_by_the_signatures_text, {"RPL-06": FAIL}),
    Flaw("header-id", "ghl", knows_deliveries_by_a_header, {"RPL-08": FAIL}),
    Flaw("own-header-id", "github", believes_githubs_header, {"RPL-08": WARN}),
    Flaw("look-then-note", "ghl", looks_then_notes, {"RPL-09": FAIL}),
    Flaw(
        "note-then-verify",
        "ghl",
        notes_before_it_verifies,
        {"RPL-10": FAIL, "RES-10": WARN},
        "what it notes before it verifies it has to parse before",
    ),
    Flaw("done-before-acting", "ghl", is_done_before_it_acts, {"RPL-11": FAIL}),
    Flaw("queued-and-lost", "hmac-timestamp", loses_what_it_queued, {"RPL-11": FAIL}),
    Flaw("last-one-wins", "ghl", overwrites_with_what_is_older, {"RPL-12": FAIL}),
)
