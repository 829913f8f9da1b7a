"""Receivers whose one flaw is in whose data they touch."""

import json
from dataclasses import replace
from typing import Any

from ghlctl.model.delivery import Headers
from ghlctl.signing.scheme import Rejection
from tests.audit.flaws.flaw import FAIL, WARN, Flaw
from tests.audit.receivers import Payload, Steps, call, verify_signature, well_formed, write


def trusts_the_contacts_first_location(steps: Steps) -> Steps:
    """Remembers where it has met a contact, and calls for that location ever after."""
    homes: dict[str, str] = {}

    async def act(steps: Steps, payload: Payload) -> None:
        home = homes.setdefault(payload["id"], payload["locationId"])
        await write(steps, payload | {"locationId": home})

    return replace(steps, act=act)


def takes_any_location(steps: Steps) -> Steps:
    """Looks at every field but this one."""

    def valid(payload: Any) -> bool:
        return isinstance(payload, dict) and well_formed(payload | {"locationId": "any"})

    return replace(steps, valid=valid)


def believes_any_installation(steps: Steps) -> Steps:
    """Verifies events, and fetches tokens for whoever says that it installed the app."""

    async def fetch(steps: Steps, body: bytes, _rejection: Rejection) -> None:
        try:
            payload = json.loads(body)
        except ValueError:
            return
        if isinstance(payload, dict) and payload.get("type") == "INSTALL":
            await call(steps, f"/oauth/locationToken/{payload.get('locationId')}", payload)

    return replace(steps, before_refusing=fetch)


def believes_any_uninstallation(steps: Steps) -> Steps:
    """Forgets a location whenever somebody says so."""
    gone: set[str] = set()

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        rejection = verify_signature(steps, body, headers)
        if rejection is not None:
            gone.update(_uninstalled(body))
        return rejection

    async def act(steps: Steps, payload: Payload) -> None:
        if payload["locationId"] not in gone:
            await write(steps, payload)

    return replace(steps, verify=verify, act=act)


def _uninstalled(body: bytes) -> list[str]:
    try:
        payload = json.loads(body)
    except ValueError:
        return []
    if not isinstance(payload, dict) or payload.get("type") != "UNINSTALL":
        return []
    place = payload.get("locationId")
    return [place] if isinstance(place, str) else []


FLAWS = (
    Flaw("first-home", "ghl", trusts_the_contacts_first_location, {"TEN-02": FAIL}),
    Flaw("any-location", "ghl", takes_any_location, {"TEN-03": FAIL}),
    Flaw(
        "any-install",
        "ghl",
        believes_any_installation,
        {"TEN-05": FAIL, "SIG-26": FAIL, "RES-10": WARN},
        "an installation that nobody signed is what both bring, and only parsing tells it",
    ),
    Flaw(
        "any-uninstall",
        "ghl",
        believes_any_uninstallation,
        {"TEN-05": FAIL, "RES-10": WARN},
        "what it believes without a signature it has to parse first",
    ),
)
