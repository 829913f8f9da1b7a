"""Several keys at once: the receiver trusts old and new, the sender signs with both if it can."""

import pytest

from ghlctl.errors import UsageError
from ghlctl.signing.catalogue import SCHEMES
from ghlctl.signing.rotation import sign_with, verify_with
from ghlctl.signing.scheme import Rejection, Request, Scheme, SigningKey, VerifyingKey

AT = 1_700_000_000.0
REQUEST = Request("POST", "https://example.com/hook")
ROTATING = ("standard", "standard-ed25519", "svix", "stripe")
ROTATED = [name for name in SCHEMES if name not in {"none", "ghl-legacy"}]


def pairs(scheme: Scheme) -> tuple[list[SigningKey], list[VerifyingKey]]:
    made = [scheme.generate() for _ in range(2)]
    return (
        [scheme.read_signing_key(pair.private) for pair in made],
        [scheme.read_verifying_key(pair.public) for pair in made],
    )


@pytest.mark.parametrize("name", ROTATED)
def test_a_receiver_that_trusts_two_keys_takes_a_delivery_by_either(name: str) -> None:
    scheme, body = SCHEMES[name], b"a=1"
    private, public = pairs(scheme)
    for key in private:
        headers = scheme.sign(body, key, at=AT, delivery_id="d", request=REQUEST)
        held = verify_with(scheme, body, headers, public, now=AT, tolerance=300, request=REQUEST)
        assert held is None


@pytest.mark.parametrize("name", ROTATING)
def test_one_header_carries_a_signature_by_each_key(name: str) -> None:
    scheme = SCHEMES[name]
    private, public = pairs(scheme)
    headers = sign_with(scheme, b"{}", private, at=AT, delivery_id="d")
    for key in public:
        assert scheme.verify(b"{}", headers, key, now=AT, tolerance=300) is None
    assert scheme.verify(b"[]", headers, public[0], now=AT, tolerance=300) is Rejection.MISMATCH


def test_two_keys_where_a_header_holds_one_signature_is_a_clear_error() -> None:
    private, _ = pairs(SCHEMES["ghl"])
    with pytest.raises(UsageError, match="one signature"):
        sign_with(SCHEMES["ghl"], b"", private, at=AT, delivery_id="d")
    with pytest.raises(UsageError, match="no key"):
        sign_with(SCHEMES["ghl"], b"", [], at=AT, delivery_id="d")


def test_the_reason_that_came_furthest_is_named() -> None:
    scheme = SCHEMES["hmac-timestamp"]
    private, public = pairs(scheme)
    headers = scheme.sign(b"{}", private[1], at=AT, delivery_id="d")
    for keys in (public, public[::-1]):
        refused = verify_with(scheme, b"{}", headers, keys, now=AT + 900, tolerance=300)
        assert refused is Rejection.TOO_OLD
    assert verify_with(scheme, b"{}", headers, [], now=AT, tolerance=300) is Rejection.MISMATCH
