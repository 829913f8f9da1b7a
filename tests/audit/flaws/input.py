"""Receivers whose one flaw is in what they make of a genuinely signed body."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import aiohttp

from tests.audit.flaws import input_acting, input_reading
from tests.audit.flaws.flaw import FAIL, Flaw
from tests.audit.receivers import BROKEN, Payload, Steps, UpstreamFailed, call, too_old


def crashes_on_a_number(steps: Steps) -> Steps:
    """Calls a method of text on whatever stands in the field."""

    def valid(payload: Any) -> bool:
        return bool(payload["email"].strip() and payload["id"].strip())

    return replace(
        steps, valid=valid, identity=lambda p, _h: repr(p["webhookId"]), stale=leniently_stale
    )


def writes_none_upstream(steps: Steps) -> Steps:
    """Makes whatever stands in the id part of a path."""

    async def act(steps: Steps, payload: Payload) -> None:
        await call(steps, f"/contacts/{payload['id']}/score", payload)

    return replace(
        steps,
        act=act,
        valid=lambda _payload: True,
        identity=lambda p, _h: repr(p["webhookId"]),
        stale=leniently_stale,
    )


def builds_paths_from_unchecked_ids(steps: Steps) -> Steps:
    """As before, and nothing in the request upstream tells which delivery it is for."""

    async def act(steps: Steps, payload: Payload) -> None:
        path = f"/contacts/{quote(str(payload['id']), safe='')}"
        async with aiohttp.ClientSession() as session, session.put(steps.upstream + path) as answer:
            if answer.status >= BROKEN:
                raise UpstreamFailed

    return replace(writes_none_upstream(steps), act=act)


def leniently_stale(steps: Steps, payload: Payload) -> bool:
    return isinstance(payload["timestamp"], str) and too_old(steps, payload)


ANY_TYPE = "what takes every type takes a location of every type, and asks upstream for it"

FLAWS = (
    *input_reading.FLAWS,
    *input_acting.FLAWS,
    Flaw("type-crash", "ghl", crashes_on_a_number, {"INP-09": FAIL, "TEN-03": FAIL}, ANY_TYPE),
    Flaw("none-upstream", "ghl", writes_none_upstream, {"INP-09": FAIL, "TEN-03": FAIL}, ANY_TYPE),
    Flaw("unmarked-none", "ghl", builds_paths_from_unchecked_ids, {"INP-09": FAIL}),
)
