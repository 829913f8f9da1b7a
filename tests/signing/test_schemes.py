import base64
import functools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.errors import KeyMaterialError, UsageError
from ghlctl.signing.catalogue import SCHEMES, scheme_named
from ghlctl.signing.scheme import (
    Covered,
    KeyPair,
    Rejection,
    Request,
    Scheme,
    SigningKey,
    VerifyingKey,
)
from ghlctl.signing.target import target_of

AT = 1_700_000_000.0
URL = "https://receiver.example.com/hooks?tenant=1"
EVERY = sorted(SCHEMES)
NAMES = [name for name in EVERY if name != "none"]
BODY_COVERED = [name for name in NAMES if name != "header-secret"]
SECRETS = [name for name in NAMES if not name.startswith(("ghl", "standard", "svix"))]
AGED = [name for name in NAMES if SCHEMES[name].timestamped and name != "stripe"]


@functools.cache
def pair_of(name: str) -> KeyPair:
    return SCHEMES[name].generate()


@functools.cache
def keys_of(name: str) -> tuple[SigningKey, VerifyingKey]:
    """Read once: checking a 4096-bit private key takes a tenth of a second."""
    scheme, pair = SCHEMES[name], pair_of(name)
    return scheme.read_signing_key(pair.private), scheme.read_verifying_key(pair.public)


def signed(scheme: Scheme, body: bytes, at: float = AT) -> tuple[tuple[str, str], ...]:
    key = keys_of(scheme.name)[0]
    return scheme.sign(body, key, at=at, delivery_id="d-1", request=asked(scheme, body))


def asked(scheme: Scheme, body: bytes) -> Request:
    return Request("POST", target_of(scheme, URL, body))


def judged(
    scheme: Scheme,
    body: bytes,
    headers: tuple[tuple[str, str], ...],
    now: float = AT,
    tolerance: float | None = 300,
    request: Request | None = None,
) -> Rejection | None:
    return scheme.verify(
        body,
        headers,
        keys_of(scheme.name)[1],
        now=now,
        tolerance=tolerance,
        request=request or asked(scheme, body),
    )


@pytest.mark.parametrize("name", EVERY)
@given(body=st.binary(max_size=2000))
def test_what_is_signed_verifies_whatever_the_bytes(name: str, body: bytes) -> None:
    scheme = SCHEMES[name]
    assert judged(scheme, body, signed(scheme, body)) is None


@pytest.mark.parametrize("name", BODY_COVERED)
@given(body=st.binary(min_size=1, max_size=200), where=st.integers(min_value=0))
def test_any_flipped_bit_of_the_body_is_refused(name: str, body: bytes, where: int) -> None:
    scheme = SCHEMES[name]
    headers = signed(scheme, body)
    bit = where % (len(body) * 8)
    altered = bytearray(body)
    altered[bit // 8] ^= 1 << bit % 8
    request = asked(scheme, body)
    if name == "twilio" and "bodySHA256" not in request.url:
        return  # a form is covered by its fields, not by its bytes
    assert judged(scheme, bytes(altered), headers, request=request) is Rejection.MISMATCH


@pytest.mark.parametrize("name", BODY_COVERED)
@given(where=st.integers(min_value=0))
def test_any_flipped_bit_of_a_signature_is_refused(name: str, where: int) -> None:
    scheme = SCHEMES[name]
    (header, text), *rest = signed(scheme, b"{}")
    before, written = split(name, text)
    in_hex = len(written) == 64
    raw = bytearray(bytes.fromhex(written) if in_hex else base64.b64decode(written))
    bit = where % (len(raw) * 8)
    raw[bit // 8] ^= 1 << bit % 8
    forged = before + (raw.hex() if in_hex else base64.b64encode(raw).decode())
    assert judged(scheme, b"{}", ((header, forged), *rest)) is Rejection.MISMATCH


@pytest.mark.parametrize("name", NAMES)
@given(value=st.text(max_size=900))
def test_any_text_in_the_headers_is_refused_with_a_reason_and_never_an_exception(
    name: str, value: str
) -> None:
    scheme = SCHEMES[name]
    headers = tuple((header, value) for header in scheme.headers)
    assert judged(scheme, b"{}", headers) is not None


def split(name: str, text: str) -> tuple[str, str]:
    """What stands before a signature in its header, and the signature."""
    before = {"stripe": "v1=", "standard": ",", "standard-ed25519": ",", "svix": ","}
    mark = before.get(name, "=" if text.startswith(("sha256=", "v0=")) else "")
    at = text.index(mark) + len(mark) if mark else 0
    return text[:at], text[at:]


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_header_is_named_as_missing(name: str) -> None:
    assert judged(SCHEMES[name], b"{}", ()) is Rejection.MISSING_HEADER


@pytest.mark.parametrize("name", NAMES)
def test_header_names_are_read_in_any_case(name: str) -> None:
    scheme = SCHEMES[name]
    headers = tuple((header.lower(), value) for header, value in signed(scheme, b"{}"))
    assert judged(scheme, b"{}", headers) is None


@pytest.mark.parametrize("name", NAMES)
def test_another_key_of_the_same_kind_is_refused(name: str) -> None:
    scheme = SCHEMES[name]
    other = scheme.read_verifying_key(scheme.generate().public)
    headers, request = signed(scheme, b"{}"), asked(scheme, b"{}")
    refused = scheme.verify(b"{}", headers, other, now=AT, tolerance=None, request=request)
    assert refused is Rejection.MISMATCH


@pytest.mark.parametrize("name", ["ghl", "ghl-legacy"])
@pytest.mark.parametrize("value", ["N/A", ""])
def test_the_platforms_word_for_unsigned_counts_as_no_signature(name: str, value: str) -> None:
    scheme = SCHEMES[name]
    assert judged(scheme, b"{}", ((scheme.headers[0], value),)) is Rejection.MISSING_HEADER


@pytest.mark.parametrize("name", ["ghl", "ghl-legacy"])
def test_base64_that_is_not_canonical_is_malformed(name: str) -> None:
    scheme = SCHEMES[name]
    ((header, text),) = signed(scheme, b"{}")
    url_safe = base64.urlsafe_b64encode(base64.b64decode(text)).decode()
    for variant in (text.rstrip("="), text + "\n", " " + text, text[:-8]):
        assert judged(scheme, b"{}", ((header, variant),)) is Rejection.MALFORMED
    if url_safe != text:
        assert judged(scheme, b"{}", ((header, url_safe),)) is Rejection.MALFORMED


@pytest.mark.parametrize(
    ("age", "expected"),
    [(0, None), (300, None), (301, Rejection.TOO_OLD), (-300, None), (-301, Rejection.TOO_NEW)],
)
@pytest.mark.parametrize("name", AGED)
def test_the_tolerance_of_a_timestamped_scheme_holds_both_ways(
    name: str, age: int, expected: Rejection | None
) -> None:
    scheme = SCHEMES[name]
    assert judged(scheme, b"{}", signed(scheme, b"{}"), now=AT + age) is expected


def test_without_a_tolerance_any_age_holds() -> None:
    scheme = SCHEMES["hmac-timestamp"]
    assert judged(scheme, b"{}", signed(scheme, b"{}"), now=AT + 1e9, tolerance=None) is None


def test_a_stale_forgery_is_a_mismatch_first() -> None:
    """Telling a forger that only the time was wrong would be a false statement."""
    scheme = SCHEMES["hmac-timestamp"]
    headers = signed(scheme, b"{}")
    assert judged(scheme, b"[]", headers, now=AT + 1e6) is Rejection.MISMATCH


def test_the_timestamp_is_covered_by_the_hmac() -> None:
    scheme = SCHEMES["hmac-timestamp"]
    (signature, _) = signed(scheme, b"{}")
    assert judged(scheme, b"{}", (signature, ("X-Timestamp", "1700000001"))) is Rejection.MISMATCH


def test_hmac_timestamp_agrees_with_a_digest_made_by_another_program() -> None:
    """Made with: printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac s3cret"""
    scheme = SCHEMES["hmac-timestamp"]
    headers = scheme.sign(b'{"a":1}', b"s3cret", at=AT, delivery_id="")
    assert headers[0][1] == OPENSSL_DIGEST


OPENSSL_DIGEST = "1698a50bc74d1ff1db85c4e0a5297c2ad9fdba245d5737cdb789e4cc6e098940"


@pytest.mark.parametrize("name", NAMES)
def test_a_private_key_verifies_too(name: str) -> None:
    scheme = SCHEMES[name]
    key = scheme.read_verifying_key(pair_of(name).private)
    headers, request = signed(scheme, b"{}"), asked(scheme, b"{}")
    refused = scheme.verify(b"{}", headers, key, now=AT, tolerance=None, request=request)
    assert refused is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", NAMES)
def test_a_key_of_another_kind_is_a_clear_error(name: str, other: str) -> None:
    alike = {name, other} <= {"standard", "svix"}
    if name == other or alike or (name in SECRETS and isinstance(keys_of(other)[0], bytes)):
        return  # one secret's text looks like another's
    if name in SECRETS and other == "standard-ed25519":
        return  # a key in base64 after whsk_ would do as a secret too
    if {name, other} <= {"standard", "svix", *SECRETS} and name in {"standard", "svix"}:
        return  # hexadecimal digits may be base64 too
    with pytest.raises(KeyMaterialError) as refusal:
        SCHEMES[name].read_signing_key(pair_of(other).private)
    assert name in refusal.value.message
    assert refusal.value.hint


@pytest.mark.parametrize("name", NAMES)
def test_signing_with_anothers_key_object_is_a_clear_error(name: str) -> None:
    for other in NAMES:
        if isinstance(keys_of(other)[0], type(keys_of(name)[0])):
            continue
        request = asked(SCHEMES[name], b"")
        with pytest.raises(KeyMaterialError):
            SCHEMES[name].sign(b"", keys_of(other)[0], at=AT, delivery_id="", request=request)
        with pytest.raises(KeyMaterialError):
            SCHEMES[name].verify(
                b"", (), keys_of(other)[1], now=AT, tolerance=None, request=request
            )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", [b"", b"   \n"])
def test_an_empty_key_is_a_clear_error(name: str, text: bytes) -> None:
    with pytest.raises(KeyMaterialError):
        SCHEMES[name].read_signing_key(text)
    with pytest.raises(KeyMaterialError):
        SCHEMES[name].read_verifying_key(text)


def test_an_unknown_scheme_lists_the_known_ones() -> None:
    with pytest.raises(UsageError) as refusal:
        scheme_named("ghl2")
    assert refusal.value.hint == "did you mean 'ghl'?"
    with pytest.raises(UsageError) as refusal:
        scheme_named("qqq")
    assert "hmac-timestamp" in refusal.value.hint


@pytest.mark.parametrize(
    ("name", "file"),
    [("ghl", "ghl-ed25519.pem"), ("ghl-legacy", "ghl-rsa-legacy.pem")],
)
def test_highlevels_published_public_keys_are_read(name: str, file: str) -> None:
    key = SCHEMES[name].read_verifying_key((PUBLISHED / file).read_bytes())
    forged = signed(SCHEMES[name], b"{}")
    assert SCHEMES[name].verify(b"{}", forged, key, now=AT, tolerance=None) is Rejection.MISMATCH


PUBLISHED = Path(__file__).with_name("published_keys")


@pytest.mark.parametrize("name", EVERY)
def test_a_scheme_says_what_it_covers_and_where_it_is_weak(name: str) -> None:
    scheme = SCHEMES[name]
    assert scheme.name == name
    assert scheme.weakness
    assert "\n" not in scheme.weakness
    assert (Covered.TIMESTAMP in scheme.covers) == scheme.timestamped
    assert scheme.tolerance_s is None or scheme.timestamped


@pytest.mark.parametrize("name", AGED)
def test_a_covered_timestamp_cannot_be_moved(name: str) -> None:
    scheme = SCHEMES[name]
    moved = tuple(
        (header, str(int(value) + 1) if header == scheme.headers[1] else value)
        for header, value in signed(scheme, b"{}")
    )
    assert judged(scheme, b"{}", moved) is Rejection.MISMATCH


@pytest.mark.parametrize("name", [n for n in NAMES if Covered.URL in SCHEMES[n].covers])
def test_a_covered_url_cannot_be_another_and_must_be_named(name: str) -> None:
    scheme = SCHEMES[name]
    headers = signed(scheme, b"a=1")
    other = Request("POST", "https://other.example.com/hooks?tenant=1")
    assert judged(scheme, b"a=1", headers, request=other) is Rejection.MISMATCH
    with pytest.raises(UsageError):
        scheme.sign(b"a=1", keys_of(name)[0], at=AT, delivery_id="d")
    with pytest.raises(UsageError):
        scheme.verify(b"a=1", headers, keys_of(name)[1], now=AT, tolerance=None)


def test_a_covered_method_cannot_be_another() -> None:
    scheme = SCHEMES["hubspot"]
    other = Request("PUT", URL)
    assert judged(scheme, b"", signed(scheme, b""), request=other) is Rejection.MISMATCH


@pytest.mark.parametrize("name", ["standard", "svix", "standard-ed25519"])
def test_a_covered_id_cannot_be_another(name: str) -> None:
    signature, timestamp, _ = signed(SCHEMES[name], b"{}")
    headers = (signature, timestamp, (SCHEMES[name].headers[2], "d-2"))
    assert judged(SCHEMES[name], b"{}", headers) is Rejection.MISMATCH


@pytest.mark.parametrize(("name", "malformed"), [("stripe", "v1=zz,"), ("standard", "v1,?? ")])
def test_a_malformed_signature_beside_one_that_holds_does_no_harm(
    name: str, malformed: str
) -> None:
    """The providers' own libraries take any that holds, too."""
    scheme = SCHEMES[name]
    (header, text), *rest = signed(scheme, b"{}")
    at = text.index("v1")
    beside = ((header, text[:at] + malformed + text[at:]), *rest)
    assert judged(scheme, b"{}", beside) is None
    assert judged(scheme, b"[]", beside) is Rejection.MISMATCH
    alone = ((header, text[:at] + malformed.rstrip(", ")), *rest)
    assert judged(scheme, b"{}", alone) is Rejection.MALFORMED


def test_stripe_bounds_the_past_alone() -> None:
    scheme = SCHEMES["stripe"]
    headers = signed(scheme, b"{}")
    assert judged(scheme, b"{}", headers, now=AT + 301) is Rejection.TOO_OLD
    assert judged(scheme, b"{}", headers, now=AT - 1e6) is None


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith(("standard", "svix"))])
def test_halves_of_two_header_families_are_never_joined(name: str) -> None:
    (_, signature), (_, timestamp), (_, delivery) = signed(SCHEMES[name], b"{}")
    mixed = (
        ("webhook-signature", signature),
        ("svix-timestamp", timestamp),
        ("webhook-id", delivery),
    )
    assert judged(SCHEMES[name], b"{}", mixed) is Rejection.MISSING_HEADER


@pytest.mark.parametrize("name", ["github", "slack", "zoom", "meta", "stripe", "standard"])
def test_an_unknown_version_is_named_as_that(name: str) -> None:
    scheme = SCHEMES[name]
    (header, text), *rest = signed(scheme, b"{}")
    newer = text.replace("sha256=", "sha1=").replace("v0=", "v9=").replace("v1", "v9")
    assert judged(scheme, b"{}", ((header, newer), *rest)) is Rejection.UNKNOWN_VERSION


def test_twilio_counts_a_url_with_and_without_its_usual_port_as_one() -> None:
    scheme = SCHEMES["twilio"]
    key, form = keys_of("twilio")[0], b"a=1&b=2"
    for signed_url, seen in (
        ("https://example.com/x", "https://example.com:443/x"),
        ("https://example.com:443/x", "https://example.com/x"),
    ):
        headers = scheme.sign(form, key, at=AT, delivery_id="", request=Request("POST", signed_url))
        assert judged(scheme, form, headers, request=Request("POST", seen)) is None


def test_twilio_refuses_to_sign_json_that_its_url_does_not_vouch_for() -> None:
    scheme = SCHEMES["twilio"]
    with pytest.raises(UsageError):
        scheme.sign(
            b"{}", keys_of("twilio")[0], at=AT, delivery_id="", request=Request("POST", URL)
        )


def test_a_header_secret_may_name_its_header() -> None:
    scheme = SCHEMES["header-secret"]
    key = scheme.read_signing_key(b"Authorization: Bearer abc\n")
    headers = scheme.sign(b"", key, at=AT, delivery_id="")
    assert headers == (("Authorization", "Bearer abc"),)
    trusted = scheme.read_verifying_key(b"Authorization: Bearer abc")
    assert scheme.verify(b"", headers, trusted, now=AT, tolerance=None) is None


@pytest.mark.parametrize("text", ["two\nlines", "café"])
def test_a_header_secret_that_fits_into_no_header_is_a_clear_error(text: str) -> None:
    with pytest.raises(KeyMaterialError):
        SCHEMES["header-secret"].read_signing_key(text.encode())


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe\x00", b"x" * 10_000_000], ids=["empty", "bytes", "10MB"]
)
def test_empty_binary_and_huge_bodies_are_signed_like_any_other(name: str, body: bytes) -> None:
    scheme = SCHEMES[name]
    assert judged(scheme, body, signed(scheme, body)) is None


@pytest.mark.parametrize("name", BODY_COVERED)
@given(st.data())
def test_a_genuine_header_that_is_bent_is_never_an_exception(
    name: str, data: st.DataObject
) -> None:
    scheme = SCHEMES[name]
    genuine = signed(scheme, b"{}")
    bent = tuple((header, bend(data, value)) for header, value in genuine)
    if bent != genuine:
        verdict = judged(scheme, b"{}", bent)
        assert verdict is not None or differs_only_in(scheme, genuine, bent)


def bend(data: st.DataObject, text: str) -> str:
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 3))
    return text[:at] + data.draw(st.text(max_size=3)) + text[at + cut :]


def differs_only_in(
    scheme: Scheme, genuine: tuple[tuple[str, str], ...], bent: tuple[tuple[str, str], ...]
) -> bool:
    """In what the scheme does not cover: an id header, more signatures, spaces between them."""
    (_, signature), *rest = genuine
    (_, other), *others = bent
    if scheme.name == "stripe":
        return split("stripe", signature)[1] in other
    if scheme.name in {"github", "shopify"}:
        return signature == other
    return rest == others and signature in other
