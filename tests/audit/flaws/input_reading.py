"""Receivers whose one flaw is in how they read and check a genuinely signed body."""

import json
import re
import sqlite3
import urllib.request
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

from ghlctl.model.delivery import Headers
from ghlctl.signing.scheme import Rejection
from tests.audit.flaws.flaw import FAIL, WARN, Flaw
from tests.audit.receivers import ASKED, Steps, verify_signature, well_formed

MANY = 5000


class Broken(Exception):  # noqa: N818 - what a receiver does not expect
    """Nobody catches it."""


def reads_what_comes_first(steps: Steps) -> Steps:
    def parse(body: bytes) -> Any:
        return json.JSONDecoder().raw_decode(body.decode())[0]

    return replace(steps, parse=parse)


def encodes_again(steps: Steps) -> Steps:
    """Writes what it has read, which is not always possible."""

    def valid(payload: Any) -> bool:
        return bool(json.dumps(payload, ensure_ascii=False).encode()) and well_formed(payload)

    return replace(steps, valid=valid)


def takes_lists(steps: Steps) -> Steps:
    def parse(body: bytes) -> Any:
        content = json.loads(body)
        return content[0] if isinstance(content, list) and content else content

    return replace(steps, parse=parse)


def takes_numbers_for_ids(steps: Steps) -> Steps:
    """Reads every number as a double, as JavaScript does."""

    def parse(body: bytes) -> Any:
        content = json.loads(body, parse_int=lambda text: int(float(text[:200])))
        if isinstance(content, dict) and isinstance(content.get("id"), int | float):
            content["id"] = str(content["id"])
        return content

    return replace(steps, parse=parse)


def has_no_limit_in_depth(steps: Steps) -> Steps:
    def parse(body: bytes) -> Any:
        try:
            return json.loads(body)
        except RecursionError:
            raise Broken from None

    return replace(steps, parse=parse)


def has_room_for_few(steps: Steps) -> Steps:
    def valid(payload: Any) -> bool:
        tags = payload.get("tags") if isinstance(payload, dict) else None
        if isinstance(tags, list) and len(tags) > MANY:
            raise Broken
        return well_formed(payload)

    return replace(steps, valid=valid)


def builds_queries(steps: Steps) -> Steps:
    """Puts the name into the text of a query."""

    def valid(payload: Any) -> bool:
        if not well_formed(payload) or not isinstance(payload.get("name"), str):
            return well_formed(payload)
        query = f"SELECT '{payload['name']}'"
        with closing(sqlite3.connect(":memory:")) as database:
            database.execute(query)
        return True

    return replace(steps, valid=valid)


def formats_tags(steps: Steps) -> Steps:
    """Takes a tag for a format."""

    def valid(payload: Any) -> bool:
        tags = payload.get("tags") if isinstance(payload, dict) else None
        for tag in tags if isinstance(tags, list) else ():
            if isinstance(tag, str):
                tag % ()
        return well_formed(payload)

    return replace(steps, valid=valid)


def obeys_charsets(steps: Steps) -> Steps:
    """Takes a signature for forged where the content type names another charset."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        kind = dict(headers).get("content-type", "")
        if "charset=" in kind and "utf-8" not in kind:
            return Rejection.MISMATCH
        return verify_signature(steps, body, headers)

    return replace(steps, verify=verify)


def reads_xml(steps: Steps) -> Steps:
    """Fetches what an entity names, as old parsers do."""

    def parse(body: bytes) -> Any:
        if found := re.search(rb'<!ENTITY x SYSTEM "(http://127\.[^"]+)"', body):
            with urllib.request.urlopen(found.group(1).decode(), timeout=5):  # noqa: S310 - the flaw
                pass
        return json.loads(body)

    return replace(steps, parse=parse)


def has_a_switch(steps: Steps) -> Steps:
    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        if "skip_verify=1" in ASKED.get().url:
            return None
        return verify_signature(steps, body, headers)

    return replace(steps, verify=verify)


def crashes_over(wrong: Callable[[Any], bool]) -> Callable[[Steps], Steps]:
    """Does not expect a body of some kind."""

    def made(steps: Steps) -> Steps:
        def valid(payload: Any) -> bool:
            if wrong(payload):
                raise Broken
            return well_formed(payload)

        return replace(steps, valid=valid)

    return made


FLAWS = (
    Flaw("reads-first", "ghl", reads_what_comes_first, {"INP-01": FAIL}),
    Flaw(
        "encodes-again",
        "ghl",
        encodes_again,
        {"INP-02": FAIL, "INP-22": FAIL},
        "half a surrogate pair is unusual JSON and unusual Unicode",
    ),
    Flaw("takes-lists", "ghl", takes_lists, {"INP-03": FAIL}),
    Flaw(
        "doubles",
        "ghl",
        takes_numbers_for_ids,
        {"INP-06": FAIL, "INP-09": FAIL},
        "a number taken for an id is of a wrong type, too",
    ),
    Flaw("no-depth", "ghl", has_no_limit_in_depth, {"INP-07": FAIL}),
    Flaw("few-parts", "ghl", has_room_for_few, {"INP-08": FAIL}),
    Flaw("builds-queries", "ghl", builds_queries, {"INP-13": FAIL}),
    Flaw("formats-tags", "ghl", formats_tags, {"INP-24": FAIL}),
    Flaw("obeys-charsets", "ghl", obeys_charsets, {"INP-23": WARN}),
    Flaw("reads-xml", "ghl", reads_xml, {"INP-26": FAIL}),
    Flaw("has-a-switch", "ghl", has_a_switch, {"INP-27": FAIL}),
    Flaw(
        "crashes-over-null",
        "ghl",
        crashes_over(lambda payload: payload is None),
        {"INP-03": FAIL, "ERR-05": FAIL},
        "null is a body that is no object, and among what should be refused",
    ),
)
