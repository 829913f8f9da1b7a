"""Signatures that the providers or their libraries published, made and verified here."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from ghlctl.signing.catalogue import SCHEMES
from ghlctl.signing.scheme import Request

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())["vectors"]
SCHEME_OF = {"standard-webhooks": "standard", "hubspot-v3": "hubspot"}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["expected"][:24])
def test_a_published_signature_is_made_and_verified(vector: dict[str, Any]) -> None:
    scheme = SCHEMES[SCHEME_OF.get(vector["provider"], vector["provider"])]
    secret = next(
        vector[name] for name in ("secret", "auth_token", "signature_key") if name in vector
    )
    key = scheme.read_signing_key(secret.encode())
    trusted = scheme.read_verifying_key(secret.encode())
    at = float(vector.get("timestamp", int(vector.get("timestamp_ms", 0)) / 1000))
    url = next((vector[name] for name in ("url", "notification_url", "uri") if name in vector), "")
    request = Request(vector.get("method", "POST"), url)
    body = vector.get("body") or urlencode(vector.get("params", {}))
    headers = scheme.sign(
        body.encode(), key, at=at, delivery_id=vector.get("msg_id", ""), request=request
    )
    assert headers[0][1] == vector["expected"]
    held = scheme.verify(
        body.encode(), headers, trusted, now=at, tolerance=scheme.tolerance_s, request=request
    )
    assert held is None


def test_every_provider_with_a_published_signature_is_held_to_it() -> None:
    assert {vector["provider"] for vector in VECTORS} == {
        *("standard-webhooks", "github", "slack", "twilio", "square", "hubspot-v3")
    }
