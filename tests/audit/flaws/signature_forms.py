"""Receivers whose one flaw is in how they verify: asked only about signatures, many at a time."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ghlctl.model.delivery import Headers, first_header
from ghlctl.model.finding import Outcome
from ghlctl.signing.scheme import Rejection
from ghlctl.signing.scheme import Request as Asked
from tests.audit.flaws.flaw import FAIL, WARN
from tests.audit.receivers import ASKED, PATH, Steps, receiver, verify_signature, write

Verify = Callable[[Steps, bytes, Headers], Rejection | None]
GITHUB, GHL = "X-Hub-Signature-256", "X-GHL-Signature"
ORDER = 2**252 + 27742317777372353535851937790883648493


@dataclass(frozen=True)
class Form:
    """`app` makes a flawed application from correct steps; `trips` and `because` as in a Flaw."""

    name: str
    scheme: str
    app: Callable[[Steps], Starlette]
    trips: Mapping[str, Outcome] = field(default_factory=dict)
    because: str = ""


def lenient(also: Verify) -> Callable[[Steps], Starlette]:
    """Correct, and asks `also` about what it would refuse."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        rejection = verify_signature(steps, body, headers)
        return rejection and also(steps, body, headers)

    return lambda steps: receiver(replace(steps, verify=verify))


def accepted_if(holds: Callable[[Steps, bytes, Headers], bool]) -> Callable[[Steps], Starlette]:
    def also(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        try:
            return None if holds(steps, body, headers) else Rejection.MISMATCH
        except (ValueError, KeyError, TypeError, IndexError):
            return Rejection.MALFORMED

    return lenient(also)


def said(headers: Headers, name: str) -> str:
    return first_header(headers, name) or ""


def secret(steps: Steps) -> bytes:
    assert isinstance(steps.key, bytes)
    return steps.key


def own_signature(steps: Steps, body: bytes, headers: Headers) -> str:
    """What the header should have said, for schemes whose body alone is signed."""
    signed = steps.scheme.sign(body, secret(steps), at=0.0, delivery_id="", request=ASKED.get())
    return signed[0][1]


def verified(steps: Steps, body: bytes, headers: Headers, **key: Any) -> bool:
    given = key.get("key", steps.key)
    return (
        steps.scheme.verify(
            body, headers, given, now=time.time(), tolerance=300, request=ASKED.get()
        )
        is None
    )


def having(headers: Headers, name: str, value: str) -> Headers:
    kept = tuple(pair for pair in headers if pair[0].lower() != name.lower())
    return (*kept, (name, value))


def empty_is_enough(steps: Steps, _body: bytes, headers: Headers) -> bool:
    name = steps.scheme.headers[0].lower()
    return any(key.lower() == name and not value.strip() for key, value in headers)


def compares_a_beginning(steps: Steps, body: bytes, headers: Headers) -> bool:
    value = said(headers, GITHUB)
    return bool(value) and own_signature(steps, body, headers).startswith(value)


def compares_eight_letters(steps: Steps, body: bytes, headers: Headers) -> bool:
    value = said(headers, GITHUB)
    return own_signature(steps, body, headers)[:15] == value[:15]


def compares_as_much_as_came(steps: Steps, body: bytes, headers: Headers) -> bool:
    given = base64.b64decode(said(headers, "X-Shopify-Hmac-Sha256"))
    own = base64.b64decode(own_signature(steps, body, headers))
    return bool(given) and all(a == b for a, b in zip(given, own, strict=False))


def reads_64_bytes(steps: Steps, body: bytes, headers: Headers) -> bool:
    raw = base64.b64decode(said(headers, GHL))[:64]
    return verified(steps, body, having(headers, GHL, base64.b64encode(raw).decode()))


def forgets_the_body(steps: Steps, body: bytes, headers: Headers) -> bool:
    """Verifies the URL, in which a hash stands, and not the hash."""
    expected = hmac.digest(secret(steps), ASKED.get().url.encode(), "sha1")
    return base64.b64encode(expected).decode() == said(headers, "X-Twilio-Signature")


def verifies_its_own_json(steps: Steps) -> Starlette:
    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        try:
            text = json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":"))
        except ValueError:
            return Rejection.MALFORMED
        return verify_signature(steps, text.encode(), headers)

    return receiver(replace(steps, verify=verify))


def verifies_without_line_ends(steps: Steps, body: bytes, headers: Headers) -> bool:
    return verified(steps, body.strip(), headers)


def refuses_line_ends(steps: Steps) -> Starlette:
    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        return Rejection.MALFORMED if b"\n" in body else verify_signature(steps, body, headers)

    return receiver(replace(steps, verify=verify))


def trusts(key: bytes) -> Callable[[Steps, bytes, Headers], bool]:
    return lambda steps, body, headers: verified(steps, body, headers, key=key)


def trusts_seed(seed: bytes) -> Callable[[Steps, bytes, Headers], bool]:
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    return lambda steps, body, headers: verified(steps, body, headers, key=key)


def takes_zeros(_steps: Steps, _body: bytes, headers: Headers) -> bool:
    raw = base64.b64decode(said(headers, GHL))
    return len(raw) == 64 and not any(raw)


def takes_hmac_by_public_key(steps: Steps, body: bytes, headers: Headers) -> bool:
    assert isinstance(steps.key, Ed25519PublicKey)
    pem = steps.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return said(headers, GHL) == hmac.digest(pem, body, "sha256").hex()


def reads_the_algorithm(steps: Steps, body: bytes, headers: Headers) -> bool:
    name, _, value = said(headers, GITHUB).partition("=")
    return hmac.new(secret(steps), body, name).hexdigest() == value


def takes_none_for_an_algorithm(_steps: Steps, _body: bytes, headers: Headers) -> bool:
    return said(headers, "X-Signature-Algorithm") == "none"


def takes_a_plain_digest(_steps: Steps, body: bytes, headers: Headers) -> bool:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return said(headers, "X-Shopify-Hmac-Sha256") == digest


def takes_the_retired_header(_steps: Steps, _body: bytes, headers: Headers) -> bool:
    return said(headers, GHL) in ("", "N/A") and bool(said(headers, "X-WH-Signature"))


def takes_the_offered_key(steps: Steps, body: bytes, headers: Headers) -> bool:
    key = load_der_public_key(base64.b64decode(said(headers, "X-Public-Key")))
    return verified(steps, body, headers, key=key)


def takes_the_secret_in_the_body(steps: Steps, body: bytes, headers: Headers) -> bool:
    return verified(steps, body, headers, key=json.loads(body)["secret"].encode())


def fetches_keys(steps: Steps) -> Starlette:
    async def fetch(_steps: Steps, _body: bytes, _rejection: Rejection) -> None:
        link = asked_headers.get("x-jku")
        if link:
            async with aiohttp.ClientSession() as session, session.get(link):
                pass

    asked_headers: dict[str, str] = {}

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        asked_headers.clear()
        asked_headers.update((name.lower(), value) for name, value in headers)
        return verify_signature(steps, body, headers)

    return receiver(replace(steps, verify=verify, before_refusing=fetch))


def reduces_s(steps: Steps, body: bytes, headers: Headers) -> bool:
    raw = base64.b64decode(said(headers, GHL), validate=True)
    scalar = int.from_bytes(raw[32:64], "little") % ORDER
    mended = raw[:32] + scalar.to_bytes(32, "little") if len(raw) == 64 else raw
    return verified(steps, body, having(headers, GHL, base64.b64encode(mended).decode()))


def looks_for_the_hash(steps: Steps, body: bytes, headers: Headers) -> bool:
    assert isinstance(steps.key, RSAPublicKey)
    numbers = steps.key.public_numbers()
    raw = base64.b64decode(said(headers, "X-WH-Signature"))
    opened = pow(int.from_bytes(raw, "big"), numbers.e, numbers.n)
    return len(raw) == 256 and hashlib.sha256(body).digest() in opened.to_bytes(256, "big")


def tries_every_header(steps: Steps, body: bytes, headers: Headers) -> bool:
    own = own_signature(steps, body, headers)
    return any(key.lower() == GITHUB.lower() and value == own for key, value in headers)


def reads_the_first_entry(steps: Steps) -> Starlette:
    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        first = said(headers, "webhook-signature").split(" ")[0]
        return verify_signature(steps, body, having(headers, "webhook-signature", first))

    return receiver(replace(steps, verify=verify))


def overlooks_versions(steps: Steps, body: bytes, headers: Headers) -> bool:
    _, _, text = said(headers, "webhook-signature").partition(",")
    return verified(steps, body, having(headers, "webhook-signature", f"v1,{text}"))


def reads_the_query(steps: Steps, body: bytes, headers: Headers) -> bool:
    value = Request({"type": "http", "query_string": _query(), "headers": []}).query_params
    return verified(steps, body, having(headers, GHL, value["signature"]))


def _query() -> bytes:
    return ASKED.get().url.partition("?")[2].encode()


def reads_a_cookie(steps: Steps, body: bytes, headers: Headers) -> bool:
    pairs = dict(one.split("=", 1) for one in said(headers, "cookie").split("; "))
    return verified(steps, body, having(headers, GHL, pairs["signature"]))


def reads_the_body(steps: Steps, body: bytes, headers: Headers) -> bool:
    payload = json.loads(body)
    value = payload.pop("signature")
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return verified(steps, text, having(headers, GHL, value))


def routed(*methods: str) -> Callable[[Steps], Starlette]:
    """POST, and other methods beside it."""

    def app(steps: Steps) -> Starlette:
        inner = receiver(steps)
        (own,) = inner.routes
        assert isinstance(own, Route)
        return Starlette(routes=[Route(PATH, own.endpoint, methods=["POST", *methods])])

    return app


def another_route(path: str) -> Callable[[Steps], Starlette]:
    """A second way in, which verifies nothing."""

    def app(steps: Steps) -> Starlette:
        async def unverified(request: Request) -> Response:
            await write(steps, json.loads(await request.body()))
            return JSONResponse({"status": "done"})

        routes = [*receiver(steps).routes, Route(path, unverified, methods=["POST"])]
        return Starlette(routes=routes)

    return app


def verifies_json_alone(_steps: Steps, _body: bytes, headers: Headers) -> bool:
    return "json" not in said(headers, "content-type")


def verifies_no_form(steps: Steps) -> Starlette:
    """Reads payload= of a form, and verifies what came as JSON."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        form = said(headers, "content-type").startswith("application/x-www-form")
        return None if form else verify_signature(steps, body, headers)

    def parse(body: bytes) -> Any:
        if body.startswith(b"payload="):
            query = {"type": "http", "query_string": body, "headers": []}
            return json.loads(Request(query).query_params["payload"])
        return json.loads(body)

    return receiver(replace(steps, verify=verify, parse=parse))


def lets_tests_pass(_steps: Steps, body: bytes, _headers: Headers) -> bool:
    return str(json.loads(body)["type"]).lower() in ("test", "ping")


def lets_other_apps_pass(_steps: Steps, body: bytes, _headers: Headers) -> bool:
    return bool(json.loads(body)["appId"] == "0123456789abcdef01234567")


def trusts_neighbours(_steps: Steps, _body: bytes, headers: Headers) -> bool:
    return said(headers, "x-forwarded-for") == "127.0.0.1"


def signed_test_mode(_steps: Steps, body: bytes, headers: Headers) -> bool:
    return bool(said(headers, GHL)) and json.loads(body)["test"] is True


def greets(answer: Callable[[Steps, Any], Any]) -> Callable[[Steps], Starlette]:
    """Answers handshakes before it verifies."""

    def app(steps: Steps) -> Starlette:
        inner = receiver(steps)
        (own,) = inner.routes
        assert isinstance(own, Route)

        async def greeting(request: Request) -> Response:
            try:
                found = answer(steps, json.loads(await request.body()))
            except (ValueError, KeyError, TypeError):
                found = None
            if found:
                return JSONResponse(found)
            answered: Response = await own.endpoint(request)
            return answered

        return Starlette(routes=[Route(PATH, greeting, methods=["POST"])])

    return app


def echo(_steps: Steps, payload: Any) -> Any:
    return {"challenge": payload["challenge"]}


def zoom_token(steps: Steps, payload: Any) -> Any:
    text = payload["payload"]["plainToken"]
    made = hmac.digest(secret(steps), text.encode(), "sha256").hex()
    return {"plainToken": text, "encryptedToken": made}


def parses_first(steps: Steps) -> Starlette:
    inner = receiver(steps)
    (own,) = inner.routes
    assert isinstance(own, Route)

    async def parsing(request: Request) -> Response:
        try:
            json.loads(await request.body())
        except ValueError:
            return PlainTextResponse("no JSON", status_code=400)
        answered: Response = await own.endpoint(request)
        return answered

    return Starlette(routes=[Route(PATH, parsing, methods=["POST"])])


def tries_near_times(steps: Steps, body: bytes, headers: Headers) -> bool:
    """Makes up for clocks that are apart."""
    at = int(said(headers, "X-Timestamp"))
    near = (having(headers, "X-Timestamp", str(at + by)) for by in range(-60, 61))
    return any(verified(steps, body, one) for one in near)


def cuts_ids(steps: Steps, body: bytes, headers: Headers) -> bool:
    """Its column for ids is as long as a UUID."""
    return verified(steps, body, having(headers, "webhook-id", said(headers, "webhook-id")[:36]))


def believes_proxies(steps: Steps, body: bytes, headers: Headers) -> bool:
    host = said(headers, "x-forwarded-host")
    _, _, rest = ASKED.get().url.partition("://")
    own, slash, path = rest.partition("/")
    url = f"{said(headers, 'x-forwarded-proto') or 'https'}://{host or own}{slash}{path}"
    token = ASKED.set(Asked(ASKED.get().method, url))
    try:
        return bool(host) and verified(steps, body, headers)
    finally:
        ASKED.reset(token)


def refuses_and_acts_later(steps: Steps) -> Starlette:
    """Its queue takes what its answer refuses, where a strange key signed."""
    tasks: set[asyncio.Task[None]] = set()

    async def queued(payload: Any) -> None:
        await asyncio.sleep(0.05)
        await write(steps, payload)

    async def before(_steps: Steps, body: bytes, rejection: Rejection) -> None:
        if rejection is Rejection.MISMATCH:
            task = asyncio.get_running_loop().create_task(queued(json.loads(body)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    return receiver(replace(steps, before_refusing=before))


def takes_the_unsigned_quietly(steps: Steps) -> Starlette:
    """Verifies only where there is a signature, and answers 200 to everything."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        rejection = verify_signature(steps, body, headers)
        return None if rejection is Rejection.MISSING_HEADER else rejection

    return receiver(replace(steps, verify=verify, refusal=200))


UNSIGNED = ("SIG-01", "SIG-02", "SIG-22", "SIG-24", "SIG-25", "SIG-26", "SIG-31")
"""What a receiver that takes the unsigned does, whatever the unsigned says."""

_BY_NOBODY = (
    *("SIG-03", "SIG-04", "SIG-05", "SIG-07", "SIG-08", "SIG-09", "SIG-11", "SIG-12"),
    *("SIG-14", "SIG-16", "SIG-19", "SIG-26"),
)

FORMS: tuple[Form, ...] = (
    Form("empty", "hmac-timestamp", accepted_if(empty_is_enough), {"SIG-02": FAIL}),
    Form("beginning", "github", accepted_if(compares_a_beginning), {"SIG-05": FAIL}),
    Form(
        "eight-letters",
        "github",
        accepted_if(compares_eight_letters),
        {"SIG-05": FAIL, "SIG-06": FAIL},
        "what follows the part that is compared is not looked at, be it wrong or too long",
    ),
    Form(
        "as-much-as-came",
        "shopify",
        accepted_if(compares_as_much_as_came),
        {"SIG-05": FAIL, "SIG-06": FAIL},
        "the shorter of two texts ends the comparison, whichever of them it is",
    ),
    Form("64-bytes", "ghl", accepted_if(reads_64_bytes), {"SIG-06": FAIL}),
    Form(
        "no-body-hash",
        "twilio",
        accepted_if(forgets_the_body),
        {"SIG-07": FAIL, "SIG-08": FAIL, "SIG-09": FAIL},
        "a body that is not verified can be another, an altered and a rewritten one",
    ),
    Form(
        "own-json",
        "hmac-timestamp",
        verifies_its_own_json,
        {"SIG-09": FAIL, "SIG-10": FAIL},
        "what is written again before it is verified is refused where it was written otherwise, "
        "and taken where it was signed so",
    ),
    Form("stripped", "ghl", accepted_if(verifies_without_line_ends), {"SIG-09": FAIL}),
    Form("one-line", "ghl", refuses_line_ends, {"SIG-10": FAIL}),
    Form("no-key", "github", accepted_if(trusts(b"")), {"SIG-11": FAIL}),
    Form("zeros", "ghl", accepted_if(takes_zeros), {"SIG-11": FAIL}),
    Form("changeme", "slack", accepted_if(trusts(b"changeme")), {"SIG-12": FAIL}),
    Form("sample", "header-secret", accepted_if(trusts(b"changeme")), {"SIG-12": FAIL}),
    Form(
        "sample",
        "standard",
        accepted_if(trusts(base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))),
        {"SIG-12": FAIL},
    ),
    Form("rfc-8032", "ghl", accepted_if(trusts_seed(bytes(32))), {"SIG-12": FAIL}),
    Form("public-key", "ghl", accepted_if(takes_hmac_by_public_key), {"SIG-13": FAIL}),
    Form("named-algorithm", "github", accepted_if(reads_the_algorithm), {"SIG-14": FAIL}),
    Form("none", "ghl", accepted_if(takes_none_for_an_algorithm), {"SIG-14": FAIL}),
    Form("digest", "shopify", accepted_if(takes_a_plain_digest), {"SIG-14": FAIL}),
    Form("retired", "ghl", accepted_if(takes_the_retired_header), {"SIG-15": FAIL}),
    Form("offered-key", "ghl", accepted_if(takes_the_offered_key), {"SIG-16": FAIL}),
    Form("offered-secret", "github", accepted_if(takes_the_secret_in_the_body), {"SIG-16": FAIL}),
    Form("fetched-key", "ghl", fetches_keys, {"SIG-16": FAIL}),
    Form("reduced-s", "ghl", accepted_if(reduces_s), {"SIG-18": FAIL}),
    Form("loose-padding", "ghl-legacy", accepted_if(looks_for_the_hash), {"SIG-18": FAIL}),
    Form("any-header", "github", accepted_if(tries_every_header), {"SIG-19": WARN}),
    Form("first-entry", "standard", reads_the_first_entry, {"SIG-20": FAIL}),
    Form("any-version", "standard", accepted_if(overlooks_versions), {"SIG-20": FAIL}),
    Form("query", "ghl", accepted_if(reads_the_query), {"SIG-22": FAIL}),
    Form("cookie", "ghl", accepted_if(reads_a_cookie), {"SIG-22": FAIL}),
    Form("field", "ghl", accepted_if(reads_the_body), {"SIG-22": FAIL}),
    Form("put", "ghl", routed("PUT"), {"SIG-23": FAIL}),
    Form("text", "ghl", accepted_if(verifies_json_alone), {"SIG-24": FAIL}),
    Form("form", "ghl", verifies_no_form, {"SIG-24": FAIL}),
    Form("test-route", "ghl", another_route("/webhooks/test"), {"SIG-25": FAIL}),
    Form("slash-route", "github", another_route(f"{PATH}/"), {"SIG-25": FAIL}),
    Form("tests", "ghl", accepted_if(lets_tests_pass), {"SIG-26": FAIL}),
    Form("other-apps", "ghl", accepted_if(lets_other_apps_pass), {"SIG-26": FAIL}),
    Form("neighbours", "slack", accepted_if(trusts_neighbours), {"SIG-26": FAIL}),
    Form("test-mode", "ghl", accepted_if(signed_test_mode), {"SIG-26": FAIL}),
    Form("greeting", "slack", greets(echo), {"SIG-26": WARN}),
    Form("token", "zoom", greets(zoom_token), {"SIG-26": FAIL}),
    Form("parsing", "ghl", parses_first, {"SIG-27": WARN}),
    Form("near-times", "hmac-timestamp", accepted_if(tries_near_times), {"SIG-28": FAIL}),
    Form("cut-ids", "standard", accepted_if(cuts_ids), {"SIG-28": FAIL}),
    Form("proxies", "twilio", accepted_if(believes_proxies), {"SIG-30": FAIL}),
    Form("proxies", "square", accepted_if(believes_proxies), {"SIG-30": FAIL}),
    Form(
        "late",
        "github",
        refuses_and_acts_later,
        dict.fromkeys(_BY_NOBODY, FAIL) | {"SIG-27": WARN},
        "whatever is well formed is acted on; a body that is no JSON breaks it in between",
    ),
    Form(
        "quiet",
        "slack",
        takes_the_unsigned_quietly,
        dict.fromkeys(UNSIGNED, FAIL),
        "what comes without a signature comes so in every form, empty and misplaced too",
    ),
)
