"""Whether a receiver looks for its key, or for a way around it, in the request."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.checks.signature_forgeries import (
    badly_signed,
    forgery,
    resigned,
    with_more,
)
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import REPEATS, Forged, Forgery, must_refuse
from ghlctl.audit.script import Check, Need, Part, Script, Send, Verdict, observe, send, send_all
from ghlctl.model.delivery import Delivery
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.signing.ghl import HEADER as GHL
from ghlctl.signing.ghl import SIGNATURE_BYTES
from ghlctl.signing.ghl_legacy import HEADER as LEGACY
from ghlctl.signing.ghl_legacy import KEY_BITS
from ghlctl.signing.scheme import SigningKey

LEGACY_SCHEME = "ghl-legacy"
_LINKS = ("jku", "x5u", "keyUrl", "SigningCertURL", "certUrl")


def offered_key(kit: Kit) -> Script:
    """Deliveries that bring the key by which they verify, or say where it can be fetched."""
    verdict = yield from must_refuse(
        kit,
        [
            _offer("that brings its key in a header", _in_headers("base64")),
            _offer("that brings its key in a header, raw", _in_headers("raw")),
            _offer("that brings its key in a header, as JWK", _in_headers("jwk")),
            _offer("that brings its key in its body", _in_body("base64")),
            _offer("that brings its key in its body, raw", _in_body("raw")),
            _offer("that brings its key in its body, as PEM", _in_body("pem")),
        ],
    )
    if verdict.outcome is not Outcome.PASS or not kit.listener:
        unheard = "" if kit.listener else "; whether it fetches one was not asked"
        return replace(verdict, reason=verdict.reason + unheard)
    called = yield from _calls(kit)
    if not called:
        return verdict
    for _ in range(REPEATS - 1):
        called_again = yield from _calls(kit)
        if not called_again:
            reason = "called an address that an unverified delivery named, but not every time"
            return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, called)
        called += called_again
    reason = f"{REPEATS} of {REPEATS} times, called an address that an unverified delivery named"
    return Verdict(Outcome.FAIL, Confidence.HIGH, reason, called)


def _calls(kit: Kit) -> Part[tuple[Canary, ...]]:
    """The canaries whose link was called."""
    sends = [
        Send(delivery, f"names a link to its key in its {place}", (mark,))
        for place, (delivery, mark) in (("headers", _linked(kit)), ("body", _linked_body(kit)))
    ]
    yield from send_all(sends)
    marks = [send.canaries[0] for send in sends]
    seen = yield from observe(*marks)
    paths = [one.path.casefold() for one in seen.callbacks]
    return tuple(mark for mark in marks if any(mark.within(path) for path in paths))


def _linked(kit: Kit) -> tuple[Delivery, Canary]:
    genuine = replace(kit, key=kit.stranger).genuine()
    link = f"{kit.listener}/{genuine.canary.delivery_id}"
    names = ("X-Jku", "X-X5u", "X-Key-Url", "X-Signing-Cert-Url", "X-Amz-Sns-Signing-Cert-Url")
    return with_more(genuine.delivery, *((name, link) for name in names)), genuine.canary


def _linked_body(kit: Kit) -> tuple[Delivery, Canary]:
    genuine = kit.genuine()
    link = f"{kit.listener}/{genuine.canary.delivery_id}"
    return _with_fields(kit, genuine, dict.fromkeys(_LINKS, link)), genuine.canary


def _with_fields(kit: Kit, genuine: Genuine, fields: Mapping[str, object]) -> Delivery:
    """Signed with the very key that it offers."""
    text = json.dumps(dict(genuine.event.payload) | dict(fields), ensure_ascii=False)
    return kit.signed(text.encode(), genuine.canary, at=genuine.at, key=kit.stranger)


def _offer(name: str, make: Callable[[Kit, Genuine], Delivery]) -> Forgery:
    def forged(kit: Kit) -> Forged:
        genuine = replace(kit, key=kit.stranger).genuine()
        return Forged(make(kit, genuine), (genuine.canary,))

    return Forgery(name, forged)


def _in_headers(form: str) -> Callable[[Kit, Genuine], Delivery]:
    names = ("X-Public-Key", "X-Signature-Key", "X-Signing-Key", "X-JWK", "X-Signing-Secret")

    def make(kit: Kit, genuine: Genuine) -> Delivery:
        offer = _texts(kit.stranger)[form]
        return with_more(genuine.delivery, *((name, offer) for name in names))

    return make


def _in_body(form: str) -> Callable[[Kit, Genuine], Delivery]:
    names = ("publicKey", "public_key", "signingKey", "signing_secret", "secret", "key")

    def make(kit: Kit, genuine: Genuine) -> Delivery:
        texts = _texts(kit.stranger)
        fields: dict[str, object] = dict.fromkeys(names, texts[form])
        return _with_fields(kit, genuine, fields | {"jwk": json.loads(texts["jwk"])})

    return make


def _texts(key: SigningKey) -> dict[str, str]:
    """The verifying half of a key in its usual spellings."""
    if isinstance(key, bytes):
        text = key.decode("latin-1")
        whole = base64.b64encode(key).decode()
        jwk = {"kty": "oct", "k": _url64(key)}
        return {"pem": text, "raw": text, "base64": whole, "jwk": json.dumps(jwk)}
    public = key.public_key()
    form = PublicFormat.SubjectPublicKeyInfo
    der = base64.b64encode(public.public_bytes(Encoding.DER, form)).decode()
    pem = public.public_bytes(Encoding.PEM, form).decode()
    return {"pem": pem, "base64": der, **_raw_texts(key)}


def _raw_texts(key: Ed25519PrivateKey | RSAPrivateKey) -> dict[str, str]:
    if isinstance(key, Ed25519PrivateKey):
        raw = key.public_key().public_bytes_raw()
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": _url64(raw)}
        return {"raw": base64.b64encode(raw).decode(), "jwk": json.dumps(jwk)}
    numbers = key.public_key().public_numbers()
    modulus = numbers.n.to_bytes(key.key_size // 8, "big")
    jwk = {"kty": "RSA", "n": _url64(modulus), "e": "AQAB"}
    return {"raw": modulus.hex(), "jwk": json.dumps(jwk)}


def _url64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def legacy_header(kit: Kit) -> Script:
    """The platform's retired header beside its present one.

    A test key is of one scheme. With an Ed25519 key what is asked is whether the retired header
    opens what the present one closes, for a sender without the platform's retired key. With an
    RSA key a receiver that knows no other scheme is right to act, and one that falls back is not:
    the two cannot be told apart from outside, so that acting is only noted.
    """
    if kit.scheme.name == LEGACY_SCHEME:
        return _falls_back(kit)
    return must_refuse(
        kit,
        [
            forgery("with garbage in the retired header alone", _retired(_garbage, None)),
            forgery("with a random signature in the retired header alone", _retired(_random, None)),
            forgery("with its own signature in the retired header alone", _moved),
            forgery("with random signatures in both headers", _both_random),
        ],
    )


def _retired(
    value: Callable[[Kit], str], present: str | None
) -> Callable[[Kit, Genuine], Delivery]:
    def make(kit: Kit, genuine: Genuine) -> Delivery:
        return with_more(resigned(kit, genuine.delivery, present), (LEGACY, value(kit)))

    return make


def _garbage(_kit: Kit) -> str:
    return "garbage"


def _random(kit: Kit) -> str:
    return base64.b64encode(kit.random.randbytes(KEY_BITS // 8)).decode()


def _both_random(kit: Kit, genuine: Genuine) -> Delivery:
    return with_more(badly_signed(kit, genuine.delivery), (LEGACY, _random(kit)))


def _moved(kit: Kit, genuine: Genuine) -> Delivery:
    own = genuine.delivery.header(GHL) or ""
    return with_more(resigned(kit, genuine.delivery, None), (LEGACY, own))


def _falls_back(kit: Kit) -> Script:
    genuine = kit.genuine()
    present = base64.b64encode(kit.random.randbytes(SIGNATURE_BYTES)).decode()
    delivery = with_more(genuine.delivery, (GHL, present))
    purpose = "the retired header is genuine, the present one is not"
    yield from send(delivery, purpose, genuine.canary)
    seen = yield from observe(genuine.canary, any_act=True)
    sure, shown = Confidence.HIGH, (genuine.canary,)
    if not kit.oracle or kit.footprint.acts(seen.of(shown)):
        reason = (
            f"the retired {LEGACY} counts whatever {GHL} says, or nobody saw; right for a receiver "
            "that knows no other, wrong for one that falls back to it"
        )
        return Verdict(Outcome.INFORMATIVE, sure, reason, shown)
    return Verdict(Outcome.PASS, Confidence.CONFIRMED, f"{GHL} decides where it is there", shown)


OFFERED_KEY = Check(
    About(
        id="SIG-16",
        name="offered-key",
        topic=Topic.SIGNATURE,
        title="Ignores a key that the request brings with it",
        severity=Severity.CRITICAL,
        asks="events signed by a stranger that bring the stranger's key, as text or JWK, in "
        "headers and body, or that name a link to it",
        correct="a 4xx reply, nothing done, and no link called",
        why="who verifies with the key that came along verifies nothing; who fetches one calls "
        "wherever a stranger wants",
        remedy="pin the keys; where they must be fetched, from one configured host",
        references=(
            "CWE-347",
            "CWE-918",
            "ASVS v5.0.0-9.1.3",
            "API2:2023",
            "API7:2023",
            "CVE-2023-33185",
        ),
    ),
    offered_key,
    fits=Fits(signed=True),
)

LEGACY_HEADER = Check(
    About(
        id="SIG-15",
        name="legacy-header",
        topic=Topic.SIGNATURE,
        title="Has no way in through the retired signature header",
        severity=Severity.HIGH,
        asks="events with garbage, random and borrowed signatures in X-WH-Signature, alone and "
        "beside an X-GHL-Signature that does not hold",
        correct="a 4xx reply, and nothing done",
        why="the platform sends the retired header no longer: what still opens for it opens for "
        "nobody but attackers",
        remedy="drop the path for X-WH-Signature",
        references=("CWE-757", "CWE-288", "ASVS v5.0.0-9.1.2", "API2:2023"),
    ),
    legacy_header,
    frozenset({Need.KEY}),
    Fits(schemes=frozenset({"ghl", LEGACY_SCHEME})),
)

CHECKS = (LEGACY_HEADER, OFFERED_KEY)
