"""The providers' own libraries: signed here and verified there, and the reverse."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier
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
