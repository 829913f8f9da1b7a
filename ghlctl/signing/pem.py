"""Asymmetric keys as PEM text."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from ghlctl.errors import KeyMaterialError
from ghlctl.signing.scheme import KeyPair


def pair(key: Ed25519PrivateKey | RSAPrivateKey) -> KeyPair:
    return KeyPair(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


def read_private(text: bytes, scheme: str) -> object:
    try:
        return load_pem_private_key(text, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyMaterialError(
            f"this is no private key in PEM form that scheme {scheme} could sign with",
            f"write one with: ghlctl keys generate --scheme {scheme}",
        ) from None


def read_public(text: bytes, scheme: str) -> object:
    try:
        if b"PRIVATE KEY" in text:
            return load_pem_private_key(text, password=None).public_key()
        return load_pem_public_key(text)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyMaterialError(
            f"this is no key in PEM form that scheme {scheme} could verify with",
            f"write one with: ghlctl keys generate --scheme {scheme}",
        ) from None


def wrong_kind(scheme: str, key: object) -> KeyMaterialError:
    found = type(key).__name__.strip("_")
    return KeyMaterialError(
        f"scheme {scheme} cannot use a key of kind {found}",
        "choose the scheme that this key belongs to with --scheme",
    )
