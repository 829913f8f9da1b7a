"""Receivers whose one flaw is in what they make of a genuinely signed body."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import aiohttp

from ghlctl.model.finding import Outcome
from tests.audit.flaws import input_acting, input_reading
from tests.audit.flaws.flaw import FAIL, Flaw
from tests.audit.flaws.input_reading import crashes_over
from tests.audit.receivers import BROKEN, Payload, Steps, UpstreamFailed, call, well_formed


def crashes_on_a_number(steps: Steps) -> Steps:
    """Calls a method of text on a number."""
    return crashes_over(lambda p: isinstance(p, dict) and isinstance(p.get("email"), int))(steps)


def writes_none_upstream(steps: Steps) -> Steps:
    """Makes an id that is null a part of a path."""

    def valid(payload: Any) -> bool:
        null = isinstance(payload, dict) and payload.get("id", "") is None
        return well_formed({**payload, "id": "x"} if null else payload)

    async def act(steps: Steps, payload: Payload) -> None:
        await call(steps, f"/contacts/{payload['id']}/score", payload)

    return replace(steps, act=act, valid=valid)


def builds_paths_from_unchecked_ids(steps: Steps) -> Steps:
    """Whatever the id is, and nothing in the request upstream tells which delivery it is for."""

    def valid(payload: Any) -> bool:
        named = isinstance(payload, dict) and not isinstance(payload.get("id", ""), str)
        return well_formed({**payload, "id": "x"} if named else payload)

    async def act(steps: Steps, payload: Payload) -> None:
        path = f"/contacts/{quote(str(payload['id']), safe='')}"
        async with aiohttp.ClientSession() as session, session.put(steps.upstream + path) as answer:
            if answer.status >= BROKEN:
                raise UpstreamFailed

    return replace(steps, act=act, valid=valid)


INCONCLUSIVE = Outcome.INCONCLUSIVE
FLAWS = (
    *input_reading.FLAWS,
    *input_acting.FLAWS,
    Flaw("type-crash", "ghl", crashes_on_a_number, {"INP-09": FAIL}),
    Flaw("none-upstream", "ghl", writes_none_upstream, {"INP-09": FAIL}),
    Flaw(
        "unmarked-none",
        "ghl",
        builds_paths_from_unchecked_ids,
        {
            "INP-03": INCONCLUSIVE,
            "INP-09": FAIL,
            "INP-10": INCONCLUSIVE,
            "INP-14": INCONCLUSIVE,
        },
        "a request upstream without a mark may be due to whatever was asked meanwhile",
    ),
)
