"""Receivers whose one flaw is in what they do when too much is sent."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace

from starlette.exceptions import HTTPException

from ghlctl.signing.scheme import Rejection
from tests.audit.flaws.flaw import WARN, Flaw
from tests.audit.receivers import Payload, Steps, call, write

_CONTACT = re.compile(rb'"(?:id|contactId)":\s*"(\w{20})"')
_TAKES_S = 0.5
_AT_ONCE = 15  # more than any volley, fewer than a surge


def crowded(full: Callable[[], None], waits_s: float) -> Callable[[Steps], Steps]:
    """Each act takes its time; `full` is what happens to those beyond the most at once.

    Asked alone, as all that count what comes: the questions of other topics are a crowd as well.
    """

    def make(steps: Steps) -> Steps:
        under_way: set[str] = set()

        async def act(steps: Steps, payload: Payload) -> None:
            if len(under_way) >= _AT_ONCE:
                return full()
            under_way.add(payload["webhookId"])
            try:
                await asyncio.sleep(_TAKES_S)
                return await write(steps, payload)
            finally:
                under_way.discard(payload["webhookId"])

        return replace(steps, act=act, answers_within_s=waits_s)

    return make


def forgets() -> None:
    """A bounded queue from which the newest falls, after it was acknowledged."""


def breaks() -> None:
    """A pool that is exhausted."""
    raise HTTPException(500)


def asks_before_verifying(steps: Steps) -> Steps:
    """Looks the contact up at the upstream, and then at the signature."""

    async def look(steps: Steps, body: bytes, _rejection: Rejection) -> None:
        for found in _CONTACT.findall(body)[:1]:
            await call(steps, f"/lookup/{found.decode()}", {}, method="GET")

    return replace(steps, before_refusing=look)


FLAWS = (Flaw("asks-before-verifying", "ghl", asks_before_verifying, {"RES-06": WARN}),)
