"""Receivers whose one flaw is where personal details get to, and how long they stay."""

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import aiohttp

from ghlctl.signing.scheme import Rejection
from tests.audit.flaws.flaw import FAIL, WARN, Flaw
from tests.audit.receivers import BROKEN, Payload, Steps, UpstreamFailed, call, noted, write


def logs_the_payload(steps: Steps) -> Steps:
    async def act(steps: Steps, payload: Payload) -> None:
        noted(steps, "received", payload=payload)
        await write(steps, payload)

    return replace(steps, act=act)


def logs_the_payload_in_base64(steps: Steps) -> Steps:
    """Unreadable at a glance, and to nobody who decodes it."""

    async def act(steps: Steps, payload: Payload) -> None:
        raw = json.dumps(payload, ensure_ascii=False).encode()
        noted(steps, "received", raw=base64.b64encode(raw).decode())
        await write(steps, payload)

    return replace(steps, act=act)


def logs_refused_bodies(steps: Steps) -> Steps:
    async def before(steps: Steps, body: bytes, rejection: Rejection) -> None:
        noted(steps, "bad signature", body=body.decode("utf-8", "replace"), why=rejection)

    return replace(steps, before_refusing=before)


def logs_what_it_cannot_parse(steps: Steps) -> Steps:
    def parse(body: bytes) -> Any:
        try:
            return json.loads(body)
        except ValueError:
            noted(steps, "no JSON", body=body.hex())
            raise

    return replace(steps, parse=parse)


def logs_what_fails_upstream(steps: Steps) -> Steps:
    async def act(steps: Steps, payload: Payload) -> None:
        try:
            await write(steps, payload)
        except UpstreamFailed:
            noted(steps, "upstream failed", payload=payload)
            raise

    return replace(steps, act=act)


def logs_a_digest_of_the_address(steps: Steps) -> Steps:
    """A pseudonym that everybody with a list of addresses can undo."""

    async def act(steps: Steps, payload: Payload) -> None:
        address = str(payload.get("email", "")).lower().encode()
        noted(steps, "scored", person=hashlib.sha256(address).hexdigest()[:12])
        await write(steps, payload)

    return replace(steps, act=act)


def looks_people_up_by_address(steps: Steps) -> Steps:
    async def act(steps: Steps, payload: Payload) -> None:
        query = quote(str(payload.get("email", "")))
        await call(steps, f"/contacts/{quote(payload['id'], safe='')}?email={query}", payload)

    return replace(steps, act=act)


def puts_a_name_into_the_path(steps: Steps) -> Steps:
    async def act(steps: Steps, payload: Payload) -> None:
        name = quote(str(payload.get("lastName") or "none"))
        await call(steps, f"/people/{name}/{quote(payload['id'], safe='')}", payload)

    return replace(steps, act=act)


async def post(steps: Steps, path: str, payload: Payload, body: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer loc-{payload.get('locationId')}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(steps.upstream + path, json=body, headers=headers) as answer,
    ):
        if answer.status >= BROKEN:
            raise UpstreamFailed


def hands_details_on(steps: Steps) -> Steps:
    async def act(steps: Steps, payload: Payload) -> None:
        await write(steps, payload)
        names = ("dateOfBirth", "address1", "customFields")
        copied = {"contact": payload["id"], **{name: payload.get(name) for name in names}}
        await post(steps, "/analytics/events", payload, copied)

    return replace(steps, act=act)


def makes_contacts_of_all_events(steps: Steps) -> Steps:
    """Whatever the event: also of one that says that the contact is gone."""

    async def act(steps: Steps, payload: Payload) -> None:
        contact = payload.get("contactId") or payload["id"]
        await post(steps, "/contacts/upsert", payload, {"id": contact})

    return replace(steps, act=act)


def remembers_the_first_address(steps: Steps) -> Steps:
    """A cache that ContactUpdate does not reach."""
    known: dict[str, str] = {}

    async def act(steps: Steps, payload: Payload) -> None:
        contact = str(payload.get("contactId") or payload["id"])
        address = known.setdefault(contact, str(payload.get("email", "")))
        await write(steps, payload)
        await post(steps, f"/contacts/{quote(contact, safe='')}/notes", payload, {"to": address})

    return replace(loose(steps), act=act)


def loose(steps: Steps) -> Steps:
    """Takes events that are not about a contact, too."""

    def valid(payload: Any) -> bool:
        names = ("type", "locationId", "id", "timestamp", "webhookId")
        if not isinstance(payload, dict):
            return False
        texts = [payload.get(name) or payload.get("contactId") for name in names]
        own = all(isinstance(text, str) and text for text in texts)
        return own and isinstance(payload.get("email", ""), str)

    return replace(steps, valid=valid)


FLAWS = (
    Flaw("logged-payload", "ghl", logs_the_payload, {"PRV-01": FAIL}),
    Flaw("logged-base64", "hmac-timestamp", logs_the_payload_in_base64, {"PRV-01": FAIL}),
    Flaw("logged-refused-body", "ghl", logs_refused_bodies, {"PRV-02": FAIL}),
    Flaw("logged-broken-body", "github", logs_what_it_cannot_parse, {"PRV-02": FAIL}),
    Flaw("logged-failed-event", "ghl", logs_what_fails_upstream, {"PRV-02": FAIL}),
    Flaw("logged-digest", "ghl", logs_a_digest_of_the_address, {"PRV-03": WARN}),
    Flaw(
        "address-in-query",
        "ghl",
        looks_people_up_by_address,
        {"PRV-05": FAIL, "INP-12": WARN},
        "whatever stands where an address should goes into the query",
    ),
    Flaw("name-in-path", "ghl", puts_a_name_into_the_path, {"PRV-05": FAIL}),
    Flaw("copied-details", "ghl", hands_details_on, {"PRV-13": WARN}),
    Flaw("upserted-again", "ghl", makes_contacts_of_all_events, {"PRV-09": FAIL}),
    Flaw("first-address", "ghl", remembers_the_first_address, {"PRV-14": FAIL}),
)
