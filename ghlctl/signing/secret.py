"""Shared secrets: read from a key's text, made afresh, and never taken for another kind of key."""

import secrets

from ghlctl.errors import KeyMaterialError
from ghlctl.signing.scheme import KeyPair, SigningKey, VerifyingKey

SECRET_BYTES = 32


def new_secret() -> KeyPair:
    secret = secrets.token_hex(SECRET_BYTES).encode()
    return KeyPair(secret, secret)


def read_secret(text: bytes, scheme: str) -> bytes:
    """The secret without white space around it; raise KeyMaterialError for none, or for a PEM."""
    secret = text.strip()
    if not secret:
        raise KeyMaterialError(
            f"the secret for scheme {scheme} is empty", "write a key with ghlctl keys generate"
        )
    if secret.startswith(b"-----BEGIN "):
        raise KeyMaterialError(
            f"scheme {scheme} takes a secret, not a PEM key",
            "use --scheme ghl for an Ed25519 key",
        )
    return secret


def secret_of(key: SigningKey | VerifyingKey, scheme: str) -> bytes:
    if not isinstance(key, bytes):
        raise KeyMaterialError(
            f"scheme {scheme} takes a shared secret",
            "choose the scheme that this key belongs to with --scheme",
        )
    return key
