"""Receivers whose one flaw is in what they do with text from a genuinely signed body."""

import asyncio
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import aiohttp
from starlette.exceptions import HTTPException

from tests.audit.flaws.flaw import FAIL, WARN, Flaw
from tests.audit.receivers import (
    BROKEN,
    PLAIN,
    Payload,
    Steps,
    UpstreamFailed,
    call,
    well_formed,
    write,
)

SUM = re.compile(r"(\d{5,7})\*(\d{4})")
LONG = 24


async def put(steps: Steps, path: str, content: Mapping[str, Any], key: str) -> None:
    headers = {"Idempotency-Key": f"{key}:score"}
    async with (
        aiohttp.ClientSession() as session,
        session.put(steps.upstream + path, json=content, headers=headers) as answer,
    ):
        if answer.status >= BROKEN:
            raise UpstreamFailed


def path_of(payload: Payload) -> str:
    return f"/contacts/{quote(payload['id'], safe='')}"


def reads_names_twice(steps: Steps) -> Steps:
    """Checks the first value of a name and acts on the last."""

    def parse(body: bytes) -> Any:
        def paired(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            return dict(pairs) | {"first": dict(reversed(pairs)).get("id")}

        return json.loads(body, object_pairs_hook=paired)

    async def act(steps: Steps, payload: Payload) -> None:
        await put(steps, path_of(payload), {"contact": payload["first"]}, payload["webhookId"])

    return replace(steps, parse=parse, act=act)


def remembers_properties(steps: Steps) -> Steps:
    """What one event says of __proto__ is true of all, as in JavaScript."""
    shared: dict[str, Any] = {}

    async def act(steps: Steps, payload: Payload) -> None:
        if isinstance(more := payload.get("__proto__"), dict):
            shared.update(more)
        await put(steps, path_of(payload), {"score": 7, **shared}, payload["webhookId"])

    return replace(steps, act=act)


def acts_on_nobody(steps: Steps) -> Steps:
    def valid(payload: Any) -> bool:
        empty = isinstance(payload, dict) and payload.get("id") == ""
        return well_formed({**payload, "id": "x"} if empty else payload)

    return replace(steps, valid=valid)


def passes_all_on(steps: Steps) -> Steps:
    async def act(steps: Steps, payload: Payload) -> None:
        await put(steps, path_of(payload), payload, payload["webhookId"])

    return replace(steps, act=act)


def passes_the_email_on(steps: Steps) -> Steps:
    async def act(steps: Steps, payload: Payload) -> None:
        content = {"email": payload["email"]}
        await put(steps, path_of(payload), content, payload["webhookId"])

    return replace(steps, act=act)


def queries_with_operators(steps: Steps) -> Steps:
    """An operator finds the first contact that there is."""

    def valid(payload: Any) -> bool:
        found = isinstance(payload, dict) and _operator(payload.get("id"))
        return found or well_formed(payload)

    async def act(steps: Steps, payload: Payload) -> None:
        found = _operator(payload["id"])
        await write(steps, {**payload, "id": "firstContactThereIs"} if found else payload)

    return replace(steps, valid=valid, act=act)


def _operator(value: object) -> bool:
    return isinstance(value, dict) and any(name.startswith("$") for name in value)


def thanks_in_html(steps: Steps) -> Steps:
    async def act(steps: Steps, payload: Payload) -> None:
        await write(steps, payload)
        page = f"<p>Thank you, {payload.get('name')}</p>"
        raise HTTPException(200, page, {"Content-Type": "text/html"})

    return replace(steps, act=act)


def fills_templates(steps: Steps) -> Steps:
    """Works out what stands in two braces."""

    def worked_out(found: re.Match[str]) -> str:
        one, other = found.group(1).split("*")
        return str(int(one) * int(other))

    async def act(steps: Steps, payload: Payload) -> None:
        name = re.sub(r"\{\{(\d+\*\d+)\}\}", worked_out, str(payload.get("name")))
        await put(steps, path_of(payload), {"name": name}, payload["webhookId"])

    return replace(steps, act=act)


def asks_a_shell(steps: Steps) -> Steps:
    """Does with a sum in an address what a shell would, without being one."""

    async def act(steps: Steps, payload: Payload) -> None:
        await write(steps, payload)
        found = re.search(
            r"curl -s (http://127\.0\.0\.1:\d+/[\w-]+/)\$\(\((\d+)\*(\d+)\)\)",
            str(payload.get("name")),
        )
        if found:
            product = int(found.group(2)) * int(found.group(3))
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{found.group(1)}{product}"),
            ):
                pass

    return replace(steps, act=act)


def fetches_pictures(steps: Steps) -> Steps:
    async def act(steps: Steps, payload: Payload) -> None:
        await write(steps, payload)
        url = payload.get("avatar")
        if isinstance(url, str) and url.startswith("http://127.0.0.1:"):
            async with aiohttp.ClientSession() as session, session.get(url):
                pass

    return replace(steps, act=act)


def joins_paths(steps: Steps) -> Steps:
    """Takes an id for a part of a path without looking at it."""

    def valid(payload: Any) -> bool:
        named = isinstance(payload, dict) and isinstance(payload.get("id"), str)
        plain = named and payload["id"].isascii() and "\0" not in payload["id"]
        return well_formed({**payload, "id": "x"} if plain and payload["id"] else payload)

    async def act(steps: Steps, payload: Payload) -> None:
        await call(steps, f"/contacts/{payload['id']}", payload)

    return replace(steps, valid=valid, act=act)


def folds_letters(steps: Steps) -> Steps:
    """Takes letters for the same that only look alike."""

    def parse(body: bytes) -> Any:
        content = json.loads(body)
        if isinstance(content, dict) and isinstance(content.get("id"), str):
            content["id"] = unicodedata.normalize("NFKC", content["id"])
        return content

    def valid(payload: Any) -> bool:
        named = isinstance(payload, dict) and isinstance(payload.get("id"), str)
        return well_formed({**payload, "id": "x"} if named and payload["id"].isalnum() else payload)

    return replace(steps, parse=parse, valid=valid)


def logs_names(steps: Steps) -> Steps:
    async def act(steps: Steps, payload: Payload) -> None:
        await write(steps, payload)
        if steps.log is not None:
            with steps.log.open("a", encoding="utf-8", errors="replace", newline="") as log:
                log.write(f"INFO scored {payload.get('name')}\n")

    return replace(steps, act=act)


def tries_every_way(steps: Steps) -> Steps:
    """As long over a text that nearly fits as a pattern that backtracks, without blocking all."""

    async def act(steps: Steps, payload: Payload) -> None:
        email = payload["email"]
        if len(email) > LONG and "@" not in email and PLAIN.fullmatch(email[:-1]):
            await asyncio.sleep(2)
        await write(steps, payload)

    return replace(steps, act=act, answers_within_s=None)


FLAWS = (
    Flaw("names-twice", "ghl", reads_names_twice, {"INP-04": FAIL}),
    Flaw("remembers-properties", "ghl", remembers_properties, {"INP-05": FAIL}),
    Flaw("acts-on-nobody", "ghl", acts_on_nobody, {"INP-10": FAIL}),
    Flaw(
        "passes-all-on",
        "ghl",
        passes_all_on,
        {"INP-11": FAIL, "INP-12": WARN, "RPL-12": FAIL},
        "what is passed on whole holds what is invalid, too, and what is out of date",
    ),
    Flaw("passes-email-on", "ghl", passes_the_email_on, {"INP-12": WARN}),
    Flaw("operators", "ghl", queries_with_operators, {"INP-14": FAIL}),
    Flaw("thanks-in-html", "ghl", thanks_in_html, {"INP-15": FAIL}),
    Flaw("fills-templates", "ghl", fills_templates, {"INP-16": FAIL}),
    Flaw("logs-names", "ghl", logs_names, {"INP-17": FAIL}),
    Flaw("asks-a-shell", "ghl", asks_a_shell, {"INP-18": FAIL}),
    Flaw("fetches-pictures", "ghl", fetches_pictures, {"INP-19": FAIL}),
    Flaw("joins-paths", "ghl", joins_paths, {"INP-20": FAIL}),
    Flaw("folds-letters", "ghl", folds_letters, {"INP-22": FAIL}),
    Flaw("tries-every-way", "ghl", tries_every_way, {"INP-25": FAIL}),
)
