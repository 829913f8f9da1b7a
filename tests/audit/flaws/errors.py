"""Receivers whose one flaw is in what they tell strangers."""

import json
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from ghlctl.model.delivery import Headers
from ghlctl.signing.scheme import Rejection
from tests.audit.flaws.flaw import FAIL, WARN, Flaw
from tests.audit.receivers import Steps, verify_signature, well_formed


def answering(tell: Callable[[str], str]) -> Callable[[Steps], Steps]:
    """Tells what went wrong while parsing, in its own way."""

    def made(steps: Steps) -> Steps:
        def parse(body: bytes) -> Any:
            try:
                return json.loads(body)
            except ValueError:
                raise HTTPException(400, tell(traceback.format_exc())) from None

        return replace(steps, parse=parse)

    return made


def names_its_version(steps: Steps) -> Steps:
    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        if verify_signature(steps, body, headers) is not None:
            raise HTTPException(401, "refused", {"X-Powered-By": "PHP/8.1.2"})
        return None

    return replace(steps, verify=verify)


def names_the_signature(steps: Steps) -> Steps:
    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        rejection = verify_signature(steps, body, headers)
        if rejection is Rejection.MISMATCH and isinstance(steps.key, bytes):
            at = float(dict(headers)["x-timestamp"])
            right = steps.scheme.sign(body, steps.key, at=at, delivery_id="")
            raise HTTPException(401, f"expected {dict(right)['X-Signature']}")
        return rejection

    return replace(steps, verify=verify)


def names_its_tenants(steps: Steps) -> Steps:
    known: set[str] = set()

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        rejection = verify_signature(steps, body, headers)
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            return rejection
        location = str(content.get("locationId")) if isinstance(content, dict) else ""
        if rejection is None:
            known.add(location)
        elif location not in known:
            raise HTTPException(404, "no such location")
        return rejection

    return replace(steps, verify=verify)


def crashes_over_no_json(steps: Steps) -> Steps:
    def parse(body: bytes) -> Any:
        try:
            return json.loads(body)
        except ValueError as error:
            raise KeyError from error

    return replace(steps, parse=parse)


def quotes_in_html(steps: Steps) -> Steps:
    def valid(payload: Any) -> bool:
        if not well_formed(payload) and isinstance(payload, dict):
            page = f"<p>No location {payload.get('locationId')}</p>"
            raise HTTPException(422, page, {"Content-Type": "text/html"})
        return well_formed(payload)

    return replace(steps, valid=valid)


async def head(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ref: refs/heads/main\n")


async def health(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok", "version": "1.4.2", "hostname": "web-1"})


def shows_its_repository(steps: Steps) -> Steps:
    return replace(steps, beside=(Route("/.git/HEAD", head),))


def tells_its_version(steps: Steps) -> Steps:
    return replace(steps, beside=(Route("/health", health),))


FLAWS = (
    Flaw("shows-traces", "ghl", answering(lambda trace: trace), {"ERR-01": FAIL}),
    Flaw("names-its-version", "ghl", names_its_version, {"ERR-02": FAIL}),
    Flaw("names-the-signature", "hmac-timestamp", names_the_signature, {"ERR-03": FAIL}),
    Flaw(
        "names-its-tenants",
        "ghl",
        names_its_tenants,
        {"ERR-04": WARN},
        by_chance=frozenset({"SIG-27"}),  # it parses first, and knows more and more locations
    ),
    Flaw(
        "crashes-over-no-json",
        "ghl",
        crashes_over_no_json,
        {"ERR-05": FAIL, "INP-22": FAIL},
        "what is no UTF-8 is no JSON",
    ),
    Flaw("quotes-in-html", "ghl", quotes_in_html, {"ERR-06": FAIL}),
    Flaw("debugger", "ghl", answering(lambda _t: "<h1>Werkzeug Debugger</h1>"), {"ERR-07": FAIL}),
    Flaw("shows-its-repository", "ghl", shows_its_repository, {"ERR-08": FAIL}),
    Flaw("tells-its-version", "ghl", tells_its_version, {"ERR-09": FAIL}),
)
