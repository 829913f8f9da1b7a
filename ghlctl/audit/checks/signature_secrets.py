"""Whether a key that is empty, or that everybody knows, opens the door."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ghlctl.audit.about import About, Topic
from ghlctl.audit.checks.signature_forgeries import (
    resigned,
    revalued,
    signature_of,
    written,
)
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Kit
from ghlctl.audit.refusal import Forged, Forgery, must_refuse
from ghlctl.audit.script import Check, Script
from ghlctl.model.finding import Severity
from ghlctl.signing.catalogue import SCHEMES
from ghlctl.signing.scheme import SigningKey
from ghlctl.signing.standard import Standard

UNSET = ("undefined", "null", "None", "nil", "false", "[object Object]", "NaN")
"""What stands where a secret should, once a program has turned its absence into text."""

PUBLISHED = (
    "It's a Secret to Everybody",
    "8f742231b10e8888abcd99yyyzzz85a5",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy",
    "asdf1234",
    "hush",
    "12345",
    "whsec_test_secret",
    "whsec_test",
    "whsec_secret",
    "whsec_...",
    "secret",
    "mysecret",
    "my_secret",
    "my-secret",
    "my-secret-key",
    "supersecret",
    "super-secret",
    "super_secret",
    "supersecretkey",
    "topsecret",
    "s3cr3t",
    "changeme",
    "change-me",
    "change_me",
    "CHANGE_ME",
    "changeit",
    "password",
    "test",
    "testing",
    "test_secret",
    "test-secret",
    "testsecret",
    "test-key",
    "webhook",
    "webhook_secret",
    "webhook-secret",
    "webhooksecret",
    "WEBHOOK_SECRET",
    "your_webhook_secret",
    "your-webhook-secret",
    "YOUR_WEBHOOK_SECRET",
    "your_secret",
    "your-secret",
    "YOUR_SECRET",
    "your-secret-key",
    "your_secret_key",
    "shared-secret",
    "shared_secret",
    "default",
    "development",
    "dev-secret",
    "example",
    "123456",
    "12345678",
    "key",
    "shhh",
)
"""Secrets of providers' own documents and of their libraries' tests, and what people write."""

SEEDS = tuple(
    bytes.fromhex(text)
    for text in (
        "00" * 32,
        "01" * 32,
        "ff" * 32,
        bytes(range(32)).hex(),
        # RFC 8032, section 7.1
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "f5e5767cf153319517630f226876b86c8160cc583bc013744c6bf255f5cc0ee5",
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
    )
)
"""Private halves of Ed25519 that stand in documents, or that an unset one would be."""

_IDENTITY = b"\x01" + bytes(31)


def empty_key(kit: Kit) -> Script:
    """Signatures that a receiver without its key would make; zeros where keys come in pairs."""
    if isinstance(kit.stranger, bytes):
        texts = UNSET if not kit.scheme.covers else ("", *UNSET)
        names = (f"signed with the text {text}" if text else "signed with no key" for text in texts)
        return must_refuse(
            kit,
            [_with_text(name, text) for name, text in zip(names, texts, strict=True)],
        )
    return must_refuse(
        kit,
        [
            revalued("whose signature is all zeros", _zeros),
            revalued("whose signature would hold for an empty key", _identity),
        ],
    )


def _zeros(kit: Kit, value: str) -> str:
    own = written(kit, value)
    return own.with_raw(bytes(len(own.raw)))


def _identity(kit: Kit, value: str) -> str:
    """The neutral point with S = 0 for Ed25519; 1, whose every power is 1, for RSA."""
    own = written(kit, value)
    if isinstance(kit.stranger, Ed25519PrivateKey):
        return own.with_raw(_IDENTITY + bytes(32))
    return own.with_raw((1).to_bytes(len(own.raw), "big"))


def published_key(kit: Kit) -> Script:
    """Signatures by keys that stand in documents."""
    if isinstance(kit.stranger, bytes):
        return must_refuse(
            kit, [_with_text("signed with a secret from documents", text) for text in PUBLISHED]
        )
    return must_refuse(
        kit,
        [
            _signed_by(f"signed with a key from documents: {number}", _held(seed))
            for number, seed in enumerate(SEEDS, 1)
        ],
    )


def _held(seed: bytes) -> Callable[[Kit], SigningKey]:
    """The test key may be one of them too, as a secret may."""

    def key(kit: Kit) -> SigningKey:
        held = isinstance(kit.key, Ed25519PrivateKey) and kit.key.private_bytes_raw() == seed
        return kit.stranger if held else Ed25519PrivateKey.from_private_bytes(seed)

    return key


def _with_text(name: str, text: str) -> Forgery:
    if name.endswith("documents"):
        name = f"{name}: {text}"
    return _signed_by(name, lambda kit: _secret(kit, text))


def _secret(kit: Kit, text: str) -> bytes:
    """A secret's text as the scheme reads it; the stranger's where it is the test key itself.

    A receiver may well be audited with a published secret: to take that is no fault of it.
    """
    raw = text.encode()
    if isinstance(kit.scheme, Standard):
        raw = _decoded(text.removeprefix("whsec_"))
    if kit.key == raw and isinstance(kit.stranger, bytes):
        return kit.stranger
    return raw


def _decoded(text: str) -> bytes:
    """As lenient libraries decode base64; the text itself where there is nothing to decode."""
    known = "".join(one for one in text if one.isalnum() or one in "+/") if text.isascii() else ""
    try:
        return base64.b64decode(known[: len(known) // 4 * 4])
    except (binascii.Error, ValueError):
        return text.encode()


def _signed_by(name: str, key: Callable[[Kit], SigningKey]) -> Forgery:
    def make(kit: Kit) -> Forged:
        own = key(kit)
        if kit.scheme.covers:
            genuine = replace(kit, key=own).genuine()
            return Forged(genuine.delivery, (genuine.canary,))
        genuine = kit.genuine()
        before = written(kit, signature_of(kit, genuine.delivery)).prefix
        text = before + (own.decode("latin-1") if isinstance(own, bytes) else "")
        return Forged(resigned(kit, genuine.delivery, text), (genuine.canary,))

    return Forgery(name, make)


EMPTY_KEY = Check(
    About(
        id="SIG-11",
        name="empty-key",
        topic=Topic.SIGNATURE,
        title="Does not verify with an absent key",
        severity=Severity.CRITICAL,
        asks="events signed with an empty secret and with the texts undefined, null, None, …; "
        "of key pairs, signatures of zeros and of the neutral element",
        correct="a 4xx reply, and nothing done",
        why="a key that was not set becomes an empty one, or the text of its absence, and then "
        "anybody can sign",
        remedy="refuse to start without a key",
        references=(
            "CWE-1188",
            "CWE-636",
            "CWE-347",
            "ASVS v5.0.0-13.2.3",
            "ASVS v5.0.0-16.5.3",
            "API2:2023",
            "CVE-2026-41432",
        ),
    ),
    empty_key,
    fits=Fits(signed=True),
)

PUBLISHED_KEY = Check(
    About(
        id="SIG-12",
        name="published-key",
        topic=Topic.SIGNATURE,
        title="Does not trust a key from documents",
        severity=Severity.CRITICAL,
        asks="events signed with some sixty secrets from providers' documents, libraries' "
        "tests and habit; for Ed25519 with the private keys of RFC 8032",
        correct="a 4xx reply, and nothing done",
        why="a key that stands in a document, or that everybody tries first, is no secret",
        remedy="make a random key, and refuse to start with a sample",
        references=("CWE-798", "CWE-1391", "ASVS v5.0.0-13.2.3", "API2:2023"),
    ),
    published_key,
    fits=Fits(
        signed=True,
        schemes=frozenset(SCHEMES) - {"ghl-legacy"},
        because="scheme {scheme} has no published private keys of the size in use",
    ),
)

CHECKS = (EMPTY_KEY, PUBLISHED_KEY)
