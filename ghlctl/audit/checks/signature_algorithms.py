"""Whether the algorithm is the receiver's choice and not the sender's."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ghlctl.audit.about import About, Topic
from ghlctl.audit.checks.signature_forgeries import (
    forgery,
    like,
    resigned,
    signature_of,
    url_for,
    with_more,
    written,
)
from ghlctl.audit.fits import Fits, KeyKind
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import Forgery, must_refuse
from ghlctl.audit.script import Check, Need, Script
from ghlctl.model.delivery import Delivery
from ghlctl.model.finding import Severity
from ghlctl.signing.encoding import to_base64
from ghlctl.signing.scheme import Covered
from ghlctl.signing.shared_secret import Message, SharedSecret
from ghlctl.signing.standard import Standard
from ghlctl.signing.stripe import Stripe

ALGORITHM_HEADER = "X-Signature-Algorithm"
_WEAKER = ("sha1", "md5", "sha512")


def content_of(kit: Kit, delivery: Delivery) -> bytes:
    """The bytes that the delivery's signature covers."""
    body = delivery.body
    match kit.scheme:
        case SharedSecret(timestamp=name) as scheme:
            place = url_for(kit, body) or kit.request.url
            request = replace(kit.request, url=place)
            said = (delivery.header(name) or "") if name else ""
            return scheme.content(Message(body, said, request)) or b""
        case Standard(headers=(_, timestamp, name)):
            said = f"{delivery.header(name)}.{delivery.header(timestamp)}."
            return said.encode() + body
        case Stripe():
            time = signature_of(kit, delivery).partition(",")[0].removeprefix("t=")
            return time.encode() + b"." + body
        case _:
            return body


def public_key_as_secret(kit: Kit) -> Script:
    """HMAC with the public key for a secret: what `verify(body, signature, key)` may come to."""
    return must_refuse(kit, list(_confusions(kit)))


def _confusions(kit: Kit) -> Iterator[Forgery]:
    for name, text in _public_texts(kit):
        for alphabet, spell in (("base64", to_base64), ("hexadecimal", bytes.hex)):
            yield _mac(f"signed by HMAC with the public key ({name}, {alphabet})", text, spell)


def _mac(name: str, key: bytes, spell: Callable[[bytes], str]) -> Forgery:
    def make(kit: Kit, genuine: Genuine) -> Delivery:
        content = content_of(kit, genuine.delivery)
        prefix = "v1," if isinstance(kit.scheme, Standard) else ""
        return resigned(kit, genuine.delivery, prefix + spell(hmac.digest(key, content, "sha256")))

    return forgery(name, make)


def _public_texts(kit: Kit) -> list[tuple[str, bytes]]:
    public = kit.public
    if not isinstance(public, Ed25519PublicKey | RSAPublicKey):
        return []
    form = PublicFormat.SubjectPublicKeyInfo
    pem = public.public_bytes(Encoding.PEM, form)
    der = public.public_bytes(Encoding.DER, form)
    texts = [
        ("PEM", pem),
        ("PEM without its last line end", pem.strip()),
        ("DER", der),
        ("DER in base64", base64.b64encode(der)),
    ]
    if isinstance(public, Ed25519PublicKey):
        raw = public.public_bytes_raw()
        texts += [("raw", raw), ("raw in base64", base64.b64encode(raw))]
        texts += [("whpk_", b"whpk_" + base64.b64encode(raw))]
    return texts


def chosen_algorithm(kit: Kit) -> Script:
    """No algorithm, no key, and algorithms other than the scheme's, named in header and body."""
    forgeries = [
        forgery("that claims the algorithm none", _claims_none),
        forgery("whose signature says none", lambda kit, one: _says(kit, one, "none")),
        forgery("whose body claims the algorithm none", _body_claims_none),
        forgery("signed with a token of the algorithm none", _token),
        forgery("signed with a digest that takes no key", _digest),
    ]
    if isinstance(kit.stranger, bytes):
        forgeries += [
            forgery(f"signed by HMAC with {name} ({how})", _weaker(name, spell))
            for name in _WEAKER
            for how, spell in _LABELS
        ]
    if isinstance(kit.stranger, RSAPrivateKey):
        forgeries += [
            forgery("signed with PSS in place of PKCS #1 v1.5", _pss),
            forgery("signed with SHA-512 in place of SHA-256", _sha512),
        ]
    return must_refuse(kit, forgeries)


def _claims_none(kit: Kit, genuine: Genuine) -> Delivery:
    bare = resigned(kit, genuine.delivery, "none")
    return with_more(bare, (ALGORITHM_HEADER, "none"), ("X-Signature-Alg", "none"))


def _says(kit: Kit, genuine: Genuine, algorithm: str) -> Delivery:
    random = like(signature_of(kit, genuine.delivery), kit)
    text = random.removeprefix(written(kit, random).prefix)
    mark = "," if isinstance(kit.scheme, Standard) else "="
    return resigned(kit, genuine.delivery, f"{algorithm}{mark}{text}")


def _body_claims_none(kit: Kit, genuine: Genuine) -> Delivery:
    claims = {"alg": "none", "algorithm": "none", "signature": "", "signatureVersion": "none"}
    body = json.dumps(dict(genuine.event.payload) | claims, separators=(",", ":")).encode()
    random = like(signature_of(kit, genuine.delivery), kit)
    return replace(resigned(kit, genuine.delivery, random), body=body)


def _token(kit: Kit, genuine: Genuine) -> Delivery:
    head = _part(b'{"alg":"none","typ":"JWT"}')
    return resigned(kit, genuine.delivery, f"{head}.{_part(genuine.delivery.body[:600])}.")


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _digest(kit: Kit, genuine: Genuine) -> Delivery:
    """As long as a signature, so that it looks like one."""
    own = written(kit, signature_of(kit, genuine.delivery))
    names = {20: "sha1", 32: "sha256", 64: "sha512"}
    name = names.get(len(own.raw), "sha256")
    digest = hashlib.new(name, content_of(kit, genuine.delivery), usedforsecurity=False)
    return resigned(kit, genuine.delivery, own.with_raw(digest.digest()))


Label = Callable[[Kit, str, str, str], str]
"""From the scheme's own prefix, the algorithm's name and the signature's text to a value."""


def _own_label(_kit: Kit, prefix: str, _name: str, text: str) -> str:
    return prefix + text


def _algorithm_label(kit: Kit, prefix: str, name: str, text: str) -> str:
    match kit.scheme:
        case Stripe():
            return f"{prefix.rpartition(',')[0]},{name}={text}"
        case Standard():
            return f"{name},{text}"
        case _:
            return f"{name}={text}"


_LABELS: tuple[tuple[str, Label], ...] = (
    ("under the usual label", _own_label),
    ("under its own label", _algorithm_label),
)


def _weaker(name: str, label: Label) -> Callable[[Kit, Genuine], Delivery]:
    """Genuinely keyed; who shares the key could have done it, but never the provider."""

    def make(kit: Kit, genuine: Genuine) -> Delivery:
        key = kit.stranger if kit.key is None else kit.key
        assert isinstance(key, bytes)  # noqa: S101 - only asked of schemes with a shared secret
        own = written(kit, signature_of(kit, genuine.delivery))
        given = _other_than(kit, name)
        mac = hmac.digest(key, content_of(kit, genuine.delivery), given)
        value = label(kit, own.prefix, given, own.spell(mac))
        return with_more(resigned(kit, genuine.delivery, value), (ALGORITHM_HEADER, given))

    return make


def _other_than(kit: Kit, name: str) -> str:
    """Twilio's own is SHA-1: there the stronger one is as foreign as the weaker elsewhere."""
    own = kit.scheme.digest.value if isinstance(kit.scheme, SharedSecret) else "sha256"
    return "sha256" if name == own else name


def _rsa(kit: Kit) -> RSAPrivateKey:
    key = kit.stranger if kit.key is None else kit.key
    assert isinstance(key, RSAPrivateKey)  # noqa: S101 - only asked where the stranger is one
    return key


def _pss(kit: Kit, genuine: Genuine) -> Delivery:
    how = padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH)
    made = _rsa(kit).sign(genuine.delivery.body, how, SHA256())
    return with_more(
        resigned(kit, genuine.delivery, to_base64(made)), (ALGORITHM_HEADER, "RSA-PSS")
    )


def _sha512(kit: Kit, genuine: Genuine) -> Delivery:
    made = _rsa(kit).sign(genuine.delivery.body, padding.PKCS1v15(), SHA512())
    return with_more(
        resigned(kit, genuine.delivery, to_base64(made)), (ALGORITHM_HEADER, "RSA-SHA512")
    )


PUBLIC_KEY_AS_SECRET = Check(
    About(
        id="SIG-13",
        name="public-key-as-secret",
        topic=Topic.SIGNATURE,
        title="Does not use its public key as a secret",
        severity=Severity.CRITICAL,
        asks="events with an HMAC whose secret is the public key, in each of its usual spellings",
        correct="a 4xx reply, and nothing done",
        why="everybody has the public key: where the sender can turn it into a secret, "
        "everybody can sign",
        remedy="pin the algorithm to the key",
        references=(
            "CWE-347",
            "CWE-327",
            "ASVS v5.0.0-9.1.2",
            "ASVS v5.0.0-11.6.1",
            "API2:2023",
            "CVE-2024-37568",
        ),
    ),
    public_key_as_secret,
    frozenset({Need.PUBLIC_KEY}),
    Fits(signed=True, keys=KeyKind.PAIR),
)

CHOSEN_ALGORITHM = Check(
    About(
        id="SIG-14",
        name="chosen-algorithm",
        topic=Topic.SIGNATURE,
        title="Does not let the sender choose the algorithm",
        severity=Severity.CRITICAL,
        asks="events that claim the algorithm none, that carry a digest without a key, and that "
        "are signed with other algorithms than the scheme's, named in header and body",
        correct="a 4xx reply, and nothing done",
        why="a sender that may name the algorithm names the weakest, or none",
        remedy="allow one algorithm, the scheme's",
        references=(
            "CWE-347",
            "CWE-757",
            "CWE-327",
            "ASVS v5.0.0-9.1.2",
            "ASVS v5.0.0-11.4.1",
            "API2:2023",
            "CVE-2026-28802",
            "CVE-2026-48747",
            "CVE-2022-23540",
        ),
    ),
    chosen_algorithm,
    frozenset({Need.KEY}),
    Fits(covers=frozenset({Covered.BODY, Covered.FORM_FIELDS})),
)

CHECKS = (PUBLIC_KEY_AS_SECRET, CHOSEN_ALGORITHM)
