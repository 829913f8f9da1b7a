"""The providers' own libraries: signed here and verified there, and the reverse."""

import base64
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs

import gidgethub
import pytest
import stripe
import svix
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from gidgethub.sansio import validate_event
from hubspot.utils.signature import Signature
from hypothesis import given
from hypothesis import strategies as st
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey
from slack_sdk.signature import SignatureVerifier
from square.utils.webhooks_helper import verify_signature
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError
from twilio.request_validator import RequestValidator

from ghlctl.signing.catalogue import SCHEMES
from ghlctl.signing.scheme import Request
from ghlctl.signing.target import target_of


def moment() -> float:
    """Now: the libraries read the clock, and a whole run of the tests outlasts their tolerance."""
    return float(int(time.time()))


SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://example.com/hook?tenant=1"
bodies = st.text(max_size=200).filter(lambda text: text.isprintable())


def headers_of(name: str, body: bytes, url: str = "") -> dict[str, str]:
    scheme = SCHEMES[name]
    key = scheme.read_signing_key(SECRET.encode())
    request = Request("POST", url)
    return dict(scheme.sign(body, key, at=moment(), delivery_id="msg-1", request=request))


def holds(name: str, body: bytes, headers: dict[str, str], url: str = "") -> bool:
    scheme = SCHEMES[name]
    key = scheme.read_verifying_key(SECRET.encode())
    request = Request("POST", url)
    refused = scheme.verify(
        body, tuple(headers.items()), key, now=moment(), tolerance=300, request=request
    )
    return refused is None


@given(bodies)
def test_standardwebhooks_verifies_what_is_signed_here(body: str) -> None:
    library = Webhook(SECRET)
    headers = headers_of("standard", body.encode())
    library.verify(body, headers, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        library.verify(body + "x", headers, json_parse=False)


@pytest.mark.parametrize("family", ["webhook", "svix"])
@given(body=bodies)
def test_what_standardwebhooks_signs_verifies_here(family: str, body: str) -> None:
    at = moment()
    signature = Webhook(SECRET).sign("msg-2", datetime.fromtimestamp(at, UTC), body)
    headers = {
        f"{family}-id": "msg-2",
        f"{family}-timestamp": str(int(at)),
        f"{family}-signature": signature,
    }
    assert holds("standard", body.encode(), headers)
    assert holds("svix", body.encode(), headers)


@given(bodies)
def test_svix_s_headers_carry_the_same_signature_as_the_standard_ones(body: str) -> None:
    ours = headers_of("svix", body.encode())
    renamed = {name.replace("svix", "webhook"): value for name, value in ours.items()}
    Webhook(SECRET).verify(body, renamed, json_parse=False)


@given(bodies)
def test_stripe_verifies_what_is_signed_here_and_the_reverse(body: str) -> None:
    library = stripe.WebhookSignature
    header = headers_of("stripe", body.encode())["Stripe-Signature"]
    assert library.verify_header(body, header, SECRET, tolerance=300)
    with pytest.raises(stripe.SignatureVerificationError):
        library.verify_header(body + "x", header, SECRET, tolerance=300)
    at = moment()
    theirs = library._compute_signature(f"{int(at)}.{body}", SECRET)
    assert holds("stripe", body.encode(), {"Stripe-Signature": f"t={int(at)},v1={theirs}"})


@given(bodies)
def test_slack_sdk_verifies_what_is_signed_here_and_the_reverse(body: str) -> None:
    library = SignatureVerifier(SECRET)
    assert library.is_valid_request(body, headers_of("slack", body.encode()))
    assert not library.is_valid_request(body + "x", headers_of("slack", body.encode()))
    at = moment()
    theirs = library.generate_signature(timestamp=str(int(at)), body=body)
    assert theirs is not None
    headers = {"X-Slack-Signature": theirs, "X-Slack-Request-Timestamp": str(int(at))}
    assert holds("slack", body.encode(), headers)


def twilio_form(body: str) -> dict[str, list[str]]:
    return parse_qs(body, keep_blank_values=True)


@pytest.mark.parametrize("body", ["a=1&b=2", "b=2&a=1", "a=&b=x%20y", "a=2&a=1&a=2", ""])
def test_twilio_agrees_on_forms_in_both_directions(body: str) -> None:
    library = RequestValidator(SECRET)
    ours = headers_of("twilio", body.encode(), URL)["X-Twilio-Signature"]
    form = {
        name: values if len(values) > 1 else values[0] for name, values in twilio_form(body).items()
    }
    single: Callable[..., bool] = library.validate
    if "a=2&a=1" not in body:  # its own reader of repeated fields wants a framework's multidict
        assert single(URL, form, ours)
        theirs = library.compute_signature(URL, form)
        assert holds("twilio", body.encode(), {"X-Twilio-Signature": theirs}, URL)
    assert holds("twilio", body.encode(), {"X-Twilio-Signature": ours}, URL)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_twilio_agrees_on_json_by_the_hash_in_the_url(payload: dict[str, str]) -> None:
    body = json.dumps(payload)
    library, url = RequestValidator(SECRET), target_of(SCHEMES["twilio"], URL, body.encode())
    ours = headers_of("twilio", body.encode(), url)["X-Twilio-Signature"]
    assert library.validate(url, body, ours)
    assert not library.validate(url, body + " ", ours)


@given(bodies)
def test_svix_verifies_what_is_signed_here_and_the_reverse(body: str) -> None:
    library, headers = svix.Webhook(SECRET), headers_of("svix", body.encode())
    library.verify(body, headers)
    with pytest.raises(svix.WebhookVerificationError):
        library.verify(body + "x", headers)
    at = moment()
    theirs = library.sign("msg-3", datetime.fromtimestamp(at, UTC), body)
    said = {"svix-id": "msg-3", "svix-timestamp": str(int(at)), "svix-signature": theirs}
    assert holds("svix", body.encode(), said)


@given(st.binary(max_size=200))
def test_gidgethub_verifies_what_is_signed_here(body: bytes) -> None:
    signature = headers_of("github", body)["X-Hub-Signature-256"]
    validate_event(body, signature=signature, secret=SECRET)
    with pytest.raises(gidgethub.ValidationFailure):
        validate_event(body + b"x", signature=signature, secret=SECRET)


@given(bodies)
def test_hubspot_verifies_what_is_signed_here_and_the_reverse(body: str) -> None:
    headers = headers_of("hubspot", body.encode(), URL)
    signature = headers["X-HubSpot-Signature-v3"]
    asked = {"http_uri": URL, "signature_version": "v3"}
    told = asked | {"timestamp": headers["X-HubSpot-Request-Timestamp"]}
    assert Signature.is_valid(signature, SECRET, body, **told)
    assert not Signature.is_valid(signature, SECRET, body + "x", **told)
    at = str(int(moment() * 1000))
    theirs = Signature.get_signature(SECRET, body, "v3", URL, timestamp=at)
    said = {"X-HubSpot-Signature-v3": theirs, "X-HubSpot-Request-Timestamp": at}
    assert holds("hubspot", body.encode(), said, URL)


@given(bodies.filter(bool))  # its library calls any empty body a forgery
def test_square_verifies_what_is_signed_here(body: str) -> None:
    signature = headers_of("square", body.encode(), URL)["x-square-hmacsha256-signature"]
    known = {"signature_key": SECRET, "notification_url": URL}
    assert verify_signature(request_body=body, signature_header=signature, **known)
    assert not verify_signature(request_body=body + "x", signature_header=signature, **known)


@given(body=st.binary(max_size=200), seed=st.binary(min_size=32, max_size=32))
def test_libsodium_agrees_on_ed25519_in_both_directions(body: bytes, seed: bytes) -> None:
    """HighLevel's scheme is a bare Ed25519 signature of the body, in base64."""
    scheme, theirs = SCHEMES["ghl"], SigningKey(seed)
    ours = Ed25519PrivateKey.from_private_bytes(seed)
    ((_, text),) = scheme.sign(body, ours, at=0, delivery_id="")
    assert theirs.verify_key.verify(body, base64.b64decode(text)) == body
    with pytest.raises(BadSignatureError):
        theirs.verify_key.verify(body + b"x", base64.b64decode(text))
    signature = base64.b64encode(theirs.sign(body).signature).decode()
    headers = (("X-GHL-Signature", signature),)
    public = ours.public_key()
    assert scheme.verify(body, headers, public, now=0, tolerance=None) is None


@given(bodies)
def test_libsodium_verifies_standard_webhooks_v1a(body: str) -> None:
    scheme = SCHEMES["standard-ed25519"]
    pair = scheme.generate()
    key = scheme.read_signing_key(pair.private)
    headers = dict(scheme.sign(body.encode(), key, at=1.7e9, delivery_id="msg-4"))
    version, _, text = headers["webhook-signature"].partition(",")
    public = VerifyKey(base64.b64decode(pair.public.removeprefix(b"whpk_")))
    content = f"msg-4.1700000000.{body}".encode()
    assert version == "v1a"
    assert public.verify(content, base64.b64decode(text)) == content
