"""Receivers whose one flaw is in what they do with keys and tokens."""

from dataclasses import replace
from urllib.parse import quote

from ghlctl.model.delivery import Headers
from ghlctl.signing.scheme import Rejection
from tests.audit.flaws.flaw import FAIL, Flaw
from tests.audit.receivers import Payload, Steps, call, noted, verify_signature


def logs_its_secret(steps: Steps) -> Steps:
    """Tells its log what it compared with, where that failed."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        rejection = verify_signature(steps, body, headers)
        if rejection is not None and isinstance(steps.key, bytes):
            noted(steps, "mismatch", key=steps.key.decode())
        return rejection

    return replace(steps, verify=verify)


def logs_every_header(steps: Steps) -> Steps:
    """A debugging line that stayed: what authorises the sender stands in it."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        noted(steps, "headers", headers=dict(headers))
        return verify_signature(steps, body, headers)

    return replace(steps, verify=verify)


def puts_its_token_into_the_url(steps: Steps) -> Steps:
    async def act(steps: Steps, payload: Payload) -> None:
        contact = quote(payload["id"], safe="")
        await call(steps, f"/contacts/{contact}?access_token=pit-0123456789", payload)

    return replace(steps, act=act)


def keeps_the_token_of_whoever_came_first(steps: Steps) -> Steps:
    """Looks a token up once for each kind of event, not for each location."""
    first: dict[str, str] = {}

    async def act(steps: Steps, payload: Payload) -> None:
        contact = quote(payload["id"], safe="")
        location = first.setdefault(payload["type"], payload["locationId"])
        await call(steps, f"/contacts/{contact}", payload | {"locationId": location})

    return replace(steps, act=act)


FLAWS = (
    Flaw("logged-secret", "hmac-timestamp", logs_its_secret, {"KEY-03": FAIL}),
    Flaw("logged-headers", "ghl", logs_every_header, {"KEY-03": FAIL}),
    Flaw("token-in-url", "ghl", puts_its_token_into_the_url, {"KEY-07": FAIL}),
    Flaw("first-token", "ghl", keeps_the_token_of_whoever_came_first, {"KEY-07": FAIL}),
)
