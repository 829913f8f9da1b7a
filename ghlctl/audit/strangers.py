"""A key of the same kind as the test key that nobody has a reason to trust."""

import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from ghlctl.signing.scheme import Scheme, SigningKey

_EXPONENT = 65537


def stranger_to(key: SigningKey | None, scheme: Scheme) -> SigningKey:
    """As long as the test key, so that it is refused for what it is and not for its length."""
    match key:
        case Ed25519PrivateKey():
            return Ed25519PrivateKey.generate()
        case RSAPrivateKey(key_size=bits):
            return generate_private_key(_EXPONENT, bits)
        case bytes():
            return secrets.token_hex(len(key))[: len(key)].encode()
        case _:
            return scheme.read_signing_key(scheme.generate().private)
