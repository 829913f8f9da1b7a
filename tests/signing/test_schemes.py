import base64
import functools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.errors import KeyMaterialError, UsageError
from ghlctl.signing.catalogue import SCHEMES, scheme_named
from ghlctl.signing.scheme import KeyPair, Rejection, Scheme, SigningKey, VerifyingKey

AT = 1_700_000_000.0
NAMES = sorted(SCHEMES)


@functools.cache
def pair_of(name: str) -> KeyPair:
    return SCHEMES[name].generate()


@functools.cache
def keys_of(name: str) -> tuple[SigningKey, VerifyingKey]:
    """Read once: checking a 4096-bit private key takes a tenth of a second."""
    scheme, pair = SCHEMES[name], pair_of(name)
    return scheme.read_signing_key(pair.private), scheme.read_verifying_key(pair.public)


def signed(scheme: Scheme, body: bytes, at: float = AT) -> tuple[tuple[str, str], ...]:
    return scheme.sign(body, keys_of(scheme.name)[0], at=at, delivery_id="d-1")


def judged(
    scheme: Scheme,
    body: bytes,
    headers: tuple[tuple[str, str], ...],
    now: float = AT,
    tolerance: float | None = 300,
) -> Rejection | None:
    return scheme.verify(body, headers, keys_of(scheme.name)[1], now=now, tolerance=tolerance)


@pytest.mark.parametrize("name", NAMES)
@given(body=st.binary(max_size=2000))
def test_what_is_signed_verifies_whatever_the_bytes(name: str, body: bytes) -> None:
    scheme = SCHEMES[name]
    assert judged(scheme, body, signed(scheme, body)) is None


@pytest.mark.parametrize("name", NAMES)
@given(body=st.binary(min_size=1, max_size=200), where=st.integers(min_value=0))
def test_any_flipped_bit_of_the_body_is_refused(name: str, body: bytes, where: int) -> None:
    scheme = SCHEMES[name]
    headers = signed(scheme, body)
    bit = where % (len(body) * 8)
    altered = bytearray(body)
    altered[bit // 8] ^= 1 << bit % 8
    assert judged(scheme, bytes(altered), headers) is Rejection.MISMATCH


@pytest.mark.parametrize("name", NAMES)
@given(where=st.integers(min_value=0))
def test_any_flipped_bit_of_a_signature_is_refused(name: str, where: int) -> None:
    scheme = SCHEMES[name]
    (header, text), *rest = signed(scheme, b"{}")
    in_hex = name == "hmac-timestamp"
    raw = bytearray(bytes.fromhex(text) if in_hex else base64.b64decode(text))
    bit = where % (len(raw) * 8)
    raw[bit // 8] ^= 1 << bit % 8
    forged = raw.hex() if in_hex else base64.b64encode(raw).decode()
    assert judged(scheme, b"{}", ((header, forged), *rest)) is Rejection.MISMATCH


@pytest.mark.parametrize("name", NAMES)
@given(value=st.text(max_size=900))
def test_any_text_in_the_headers_is_refused_with_a_reason_and_never_an_exception(
    name: str, value: str
) -> None:
    scheme = SCHEMES[name]
    headers = tuple((header, value) for header in scheme.headers)
    assert judged(scheme, b"{}", headers) is not None


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
    headers = signed(scheme, b"{}")
    refused = scheme.verify(b"{}", headers, other, now=AT, tolerance=None)
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
def test_the_tolerance_of_a_timestamped_scheme_holds_both_ways(
    age: int, expected: Rejection | None
) -> None:
    scheme = SCHEMES["hmac-timestamp"]
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
    assert scheme.verify(b"{}", signed(scheme, b"{}"), key, now=AT, tolerance=None) is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", NAMES)
def test_a_key_of_another_kind_is_a_clear_error(name: str, other: str) -> None:
    if name == other or name == "hmac-timestamp" == other:
        return
    with pytest.raises(KeyMaterialError) as refusal:
        SCHEMES[name].read_signing_key(pair_of(other).private)
    assert name in refusal.value.message
    assert refusal.value.hint


@pytest.mark.parametrize("name", NAMES)
def test_signing_with_anothers_key_object_is_a_clear_error(name: str) -> None:
    for other in NAMES:
        if other == name:
            continue
        with pytest.raises(KeyMaterialError):
            SCHEMES[name].sign(b"", keys_of(other)[0], at=AT, delivery_id="")


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
