"""A request sent again differs from the first in its signature and its span alone."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.load.address import address_of, request_bytes
from ghlctl.load.again import Signer, again_with
from ghlctl.model.delivery import Delivery
from ghlctl.model.trace import span_id, trace_id, traceparent
from ghlctl.signing.catalogue import SCHEMES
from ghlctl.signing.scheme import Request

ADDRESS = address_of("http://127.0.0.1:1/hook")
BODY = b'{"a": 1, "traceparent: 00-": "\r\n\r\n"}'
NAME = "0b9f3a62-5f6e-4a0e-9a7b-3c1d2e4f5a6b"
WHERE = Request("POST", "http://127.0.0.1:1/hook")


def first_of(scheme_name: str, at: float) -> tuple[Signer, bytes, bytes]:
    """Its signer, its verifying key's text, and the request as it went first."""
    scheme = SCHEMES[scheme_name]
    pair = scheme.generate()
    key = scheme.read_signing_key(pair.private)
    body = b"a=1" if scheme_name == "twilio" else BODY
    signed = scheme.sign(body, key, at=at, delivery_id=NAME, request=WHERE)
    headers = (("Content-Type", "application/json"), *signed, ("traceparent", traceparent(NAME)))
    request = request_bytes(ADDRESS, Delivery(NAME, "X", body, headers))
    return Signer(scheme, key, WHERE), pair.public, request


@pytest.mark.parametrize("name", SCHEMES)
def test_whatever_the_scheme_the_next_attempt_is_genuine_at_its_own_time(name: str) -> None:
    signer, public, request = first_of(name, 1_000_000.0)
    sent = again_with(signer)(request, NAME, 3, 1_900_000.0)
    head, _, body = sent.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    pairs = tuple((key, value) for key, _, value in (line.partition(": ") for line in lines[1:]))
    scheme = signer.scheme
    verifying = scheme.read_verifying_key(public)
    held = scheme.verify(body, pairs, verifying, now=1_900_001.0, tolerance=60.0, request=WHERE)
    assert held is None
    assert body == request.partition(b"\r\n\r\n")[2]
    before = request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    assert [line.partition(":")[0] for line in lines] == [x.partition(":")[0] for x in before]
    assert dict(pairs)["traceparent"] == traceparent(NAME, 3)


def test_without_a_signer_only_the_span_is_new() -> None:
    _, _, request = first_of("hmac-timestamp", 0.0)
    sent = again_with(None)(request, NAME, 12, 9.0)
    assert sent == request.replace(traceparent(NAME).encode(), traceparent(NAME, 12).encode())
    assert sent != request


def test_somebody_elses_traceparent_is_left_alone() -> None:
    other = f"traceparent: 00-{'a' * 32}-{'b' * 16}-00"
    request = f"POST / HTTP/1.1\r\n{other}\r\n\r\n{traceparent(NAME)}".encode()
    assert again_with(None)(request, NAME, 1, 0.0) == request
    assert again_with(None)(request, "no uuid", 1, 0.0) == request


@given(st.uuids(version=4), st.integers(0, 15))
def test_a_trace_is_the_delivery_id_and_a_span_the_attempt(name: object, retry: int) -> None:
    text = str(name)
    made = traceparent(text, retry)
    assert re.fullmatch(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01", made)
    assert trace_id(text) == text.replace("-", "")
    spans = {span_id(text, each) for each in range(16)}
    assert len(spans) == 16


@pytest.mark.parametrize("name", ["", "no uuid", "0" * 32, "g" * 32])
def test_an_id_that_is_no_uuid_has_no_trace(name: str) -> None:
    assert traceparent(name) == trace_id(name) == ""
