"""Whether signatures that only a careless library takes are refused; after Wycheproof's cases.

What the standards leave open is not asked: non-canonical points (RFC 8032 and ZIP 215 differ), and
a DigestInfo without its NULL. With the test key all of this can be made for any exponent.
"""

import hashlib
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from ghlctl.audit.about import About, Topic
from ghlctl.audit.checks.signature_forgeries import forgery, resigned, revalued, written
from ghlctl.audit.fits import Fits, KeyKind
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import Forgery, must_refuse
from ghlctl.audit.script import Check, Need, Script
from ghlctl.model.delivery import Delivery
from ghlctl.model.finding import Severity
from ghlctl.signing.encoding import to_base64

ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of Ed25519's base point: S and S + ORDER are one number to careless arithmetic."""

_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
_SHA1_NAMED = bytes.fromhex("302d300906052b0e03021a05000420")
_LONG_LENGTHS = bytes.fromhex("308131300d060960864801650304020105000420")
_ROOM = bytes.fromhex("3039300d0609608648016503040201050004280000000000000000")


def malformed_mathematics(kit: Kit) -> Script:
    if isinstance(kit.stranger, Ed25519PrivateKey):
        return must_refuse(kit, [revalued(name, _ed25519(change)) for name, change in _CURVE])
    return must_refuse(kit, [_rsa(name, encode) for name, encode in _PADDINGS])


Halves = Callable[[bytes, int], bytes]


def _ed25519(change: Halves) -> Callable[[Kit, str], str]:
    def value(kit: Kit, genuine: str) -> str:
        own = written(kit, genuine)
        point, scalar = own.raw[:32], int.from_bytes(own.raw[32:], "little")
        return own.with_raw(change(point, scalar))

    return value


def _plus(count: int) -> Halves:
    return lambda point, scalar: point + _little(scalar + count * ORDER)


def _little(number: int) -> bytes:
    return number.to_bytes(32, "little")


_CURVE: tuple[tuple[str, Halves], ...] = (
    ("with S + L in place of S", _plus(1)),
    ("with S + 2 L in place of S", _plus(2)),
    ("with S + 8 L in place of S", _plus(8)),
    ("with L - S in place of S", lambda point, scalar: point + _little(ORDER - scalar)),
    ("with S = 0", lambda point, _scalar: point + bytes(32)),
    ("with S = L", lambda point, _scalar: point + _little(ORDER)),
    ("with R = 0", lambda _point, scalar: bytes(32) + _little(scalar)),
    ("with R and S swapped", lambda point, scalar: _little(scalar) + point),
    (
        "with R mirrored",
        lambda point, scalar: point[:31] + bytes([point[31] ^ 0x80]) + _little(scalar),
    ),
)


Encode = Callable[[bytes, int], bytes]
"""From the body's SHA-256 and the key's bytes to what is raised to the private power."""


def _rsa(name: str, encode: Encode) -> Forgery:
    def make(kit: Kit, genuine: Genuine) -> Delivery:
        key = kit.stranger if kit.key is None else kit.key
        assert isinstance(key, RSAPrivateKey)  # noqa: S101 - only asked where the stranger is one
        numbers, size = key.private_numbers(), key.key_size // 8
        digest = hashlib.sha256(genuine.delivery.body).digest()
        number = int.from_bytes(encode(digest, size), "big")
        raw = pow(number, numbers.d, numbers.public_numbers.n)
        return resigned(kit, genuine.delivery, to_base64(raw.to_bytes(size, "big")))

    return forgery(name, make)


def _padded(info: Callable[[bytes], bytes], *, kind: int = 1, filler: int = 0xFF) -> Encode:
    def encode(digest: bytes, size: int) -> bytes:
        last = info(digest)
        filling = bytes([filler]) * (size - len(last) - 3)
        return bytes([0, kind]) + filling + b"\0" + last

    return encode


def _garbage_after(digest: bytes, size: int) -> bytes:
    """Bleichenbacher's of 2006: eight bytes of filling, then whatever makes it a power."""
    start = b"\0\1" + b"\xff" * 8 + b"\0" + _SHA256 + digest
    return start + b"\x55" * (size - len(start))


def _no_separator(digest: bytes, size: int) -> bytes:
    last = _SHA256 + digest
    return b"\0\1" + b"\xff" * (size - len(last) - 2) + last


_PADDINGS: tuple[tuple[str, Encode], ...] = (
    ("with a short padding and garbage after the hash", _garbage_after),
    ("with a padding of zeros", _padded(lambda digest: _SHA256 + digest, filler=0)),
    ("with a padding for encryption", _padded(lambda digest: _SHA256 + digest, kind=2)),
    ("with nothing between padding and hash", _no_separator),
    ("with a bare hash in its padding", _padded(lambda digest: digest)),
    ("with a hash that is called SHA-1", _padded(lambda digest: _SHA1_NAMED + digest)),
    ("with lengths in a longer form", _padded(lambda digest: _LONG_LENGTHS + digest)),
    ("with room for garbage before its hash", _padded(lambda digest: _ROOM + digest)),
    ("with the hash of another body", _padded(lambda digest: _SHA256 + digest[::-1])),
)


MALFORMED_MATHEMATICS = Check(
    About(
        id="SIG-18",
        name="malleable-signature",
        topic=Topic.SIGNATURE,
        title="Refuses signatures that only careless arithmetic takes",
        severity=Severity.MEDIUM,
        asks="genuine Ed25519 signatures with S + L and other halves out of range; RSA signatures "
        "whose PKCS #1 v1.5 padding or DigestInfo is malformed",
        correct="a 4xx reply, and nothing done",
        why="a second signature for one delivery defeats who remembers signatures; a padding "
        "that is not checked lets signatures be forged for small exponents",
        remedy="use a maintained library, up to date, and no arithmetic of your own",
        references=(
            "CWE-347",
            "ASVS v5.0.0-11.2.1",
            "ASVS v5.0.0-11.6.1",
            "API2:2023",
            "CVE-2026-33895",
            "CVE-2022-24771",
        ),
    ),
    malformed_mathematics,
    frozenset({Need.KEY}),
    Fits(signed=True, keys=KeyKind.PAIR),
)

CHECKS = (MALFORMED_MATHEMATICS,)
