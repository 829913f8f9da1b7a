"""Correct receivers that verify with other people's libraries, and a framework of their own."""

import base64
import json
from collections.abc import Callable
from typing import Any

import nacl.exceptions
import nacl.signing
import standardwebhooks
import stripe
import svix.webhooks
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator

from tests.audit.flaws.signature_forms import Form
from tests.audit.receivers import PATH, Steps, receiver, write

REFUSED = (
    ValueError,
    nacl.exceptions.BadSignatureError,
    standardwebhooks.WebhookVerificationError,
    svix.webhooks.WebhookVerificationError,
    stripe.SignatureVerificationError,
)


def by_library(
    holds: Callable[[Steps, bytes, dict[str, str], str], Any],
) -> Callable[[Steps], Starlette]:
    """As its documents show it: the raw body, the headers, and a 400 for what does not hold."""

    def app(steps: Steps) -> Starlette:
        seen: set[str] = set()

        async def webhook(request: Request) -> Response:
            body = await request.body()
            try:
                whole = holds(steps, body, dict(request.headers), str(request.url))
                payload = json.loads(body)
            except REFUSED:
                return Response(status_code=400)
            if whole is False:
                return Response(status_code=400)
            if payload["webhookId"] not in seen:
                seen.add(payload["webhookId"])
                await write(steps, payload)
            return JSONResponse({"received": True})

        return Starlette(routes=[Route(PATH, webhook, methods=["POST"])])

    return app


def text_of(steps: Steps) -> str:
    assert isinstance(steps.key, bytes)
    return steps.key.decode()


def secret_of(steps: Steps) -> str:
    assert isinstance(steps.key, bytes)
    return base64.b64encode(steps.key).decode()


def standard(steps: Steps, body: bytes, headers: dict[str, str], _url: str) -> Any:
    return standardwebhooks.Webhook(secret_of(steps)).verify(body, headers)


def by_svix(steps: Steps, body: bytes, headers: dict[str, str], _url: str) -> Any:
    return svix.webhooks.Webhook(secret_of(steps)).verify(body, headers)


def by_stripe(steps: Steps, body: bytes, headers: dict[str, str], _url: str) -> Any:
    said = headers.get("stripe-signature", "")
    return stripe.WebhookSignature.verify_header(body.decode(), said, text_of(steps), 300)


def by_twilio(steps: Steps, body: bytes, headers: dict[str, str], url: str) -> Any:
    said = headers.get("x-twilio-signature", "")
    return RequestValidator(text_of(steps)).validate(url, body.decode(), said)


def by_libsodium(steps: Steps, body: bytes, headers: dict[str, str], _url: str) -> Any:
    assert isinstance(steps.key, Ed25519PublicKey)
    key = nacl.signing.VerifyKey(steps.key.public_bytes_raw())
    return key.verify(body, base64.b64decode(headers.get("x-ghl-signature", "")))


def reads_the_last_of_two(steps: Steps) -> Starlette:
    """A framework that keeps headers in a dictionary: of two of a name the last one stays."""
    inner = receiver(steps)
    (own,) = inner.routes
    assert isinstance(own, Route)

    async def webhook(request: Request) -> Response:
        headers = dict(request.scope["headers"])
        scope = dict(request.scope) | {"headers": list(headers.items())}
        answered: Response = await own.endpoint(Request(scope, request.receive))
        return answered

    return Starlette(routes=[Route(PATH, webhook, methods=["POST"])])


CORRECT: tuple[Form, ...] = (
    Form("standardwebhooks", "standard", by_library(standard)),
    Form("svix", "svix", by_library(by_svix)),
    Form("stripe", "stripe", by_library(by_stripe)),
    Form("twilio", "twilio", by_library(by_twilio)),
    Form("libsodium", "ghl", by_library(by_libsodium)),
    Form("last-of-two", "github", reads_the_last_of_two),
)
