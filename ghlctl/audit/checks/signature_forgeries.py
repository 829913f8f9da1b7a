"""Whether a delivery without a signature, or with one that nobody trusts, is refused."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from ghlctl.audit.about import About, Topic
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.raw import said, whole
from ghlctl.audit.refusal import Forged, Forgery, must_refuse
from ghlctl.audit.script import Check, Script
from ghlctl.model.delivery import Delivery, Headers
from ghlctl.model.finding import Severity
from ghlctl.signing.encoding import from_base64, to_base64
from ghlctl.signing.target import target_of

_HEX = re.compile(r"(?:[0-9a-f]{2})+")
_SIGNATURE = re.compile(r"[0-9A-Za-z+/]+={0,2}$")


@dataclass(frozen=True, slots=True)
class Written:
    """A signature as its header has it: what stands before it, its bytes, and their spelling."""

    prefix: str
    raw: bytes
    spell: Callable[[bytes], str]

    def with_raw(self, raw: bytes) -> str:
        return self.prefix + self.spell(raw)


def with_header(delivery: Delivery, name: str, value: str | None) -> Delivery:
    """The delivery with one header's value replaced, or without the header."""
    kept: Headers = tuple(pair for pair in delivery.headers if pair[0].lower() != name.lower())
    return replace(delivery, headers=kept if value is None else (*kept, (name, value)))


def with_more(delivery: Delivery, *more: tuple[str, str]) -> Delivery:
    """The delivery with headers after its own, even of the same names."""
    return replace(delivery, headers=(*delivery.headers, *more))


def signature_header(kit: Kit) -> str:
    """Where this receiver looks: a header secret may name a header of its own."""
    key = kit.stranger if kit.key is None else kit.key
    signed = kit.scheme.sign(b"", key, at=0.0, delivery_id="", request=kit.request)
    return signed[0][0]


def signature_of(kit: Kit, delivery: Delivery) -> str:
    return delivery.header(signature_header(kit)) or ""


def resigned(kit: Kit, delivery: Delivery, value: str | None) -> Delivery:
    """The delivery with another value where its signature stands."""
    return with_header(delivery, signature_header(kit), value)


def written(kit: Kit, value: str) -> Written:
    """Read a signature that the scheme has written."""
    if not kit.scheme.covers:  # a secret is text, whatever its alphabet looks like
        prefix, space, secret = value.rpartition(" ")
        return Written(prefix + space, secret.encode(), lambda raw: raw.decode("latin-1"))
    found = _SIGNATURE.search(value)
    text = found[0] if found else value
    prefix = value.removesuffix(text)
    if _HEX.fullmatch(text):
        return Written(prefix, bytes.fromhex(text), bytes.hex)
    return Written(prefix, from_base64(text) or b"", to_base64)


def like(value: str, kit: Kit) -> str:
    """Random bytes in the alphabet and length of a signature's text, after the same prefix."""
    own = written(kit, value)
    # Keys of other lengths must not change what chance gives to whoever asks it next.
    chance = Random(kit.random.getrandbits(64))
    if not kit.scheme.covers:
        return own.prefix + chance.randbytes(len(own.raw)).hex()[: len(own.raw)]
    return own.with_raw(chance.randbytes(len(own.raw)))


def badly_signed(kit: Kit, delivery: Delivery) -> Delivery:
    """With a signature that is well formed and random."""
    return resigned(kit, delivery, like(signature_of(kit, delivery), kit))


def url_for(kit: Kit, body: bytes) -> str:
    """The URL that a scheme chose for this body, "" where there is but one."""
    url = target_of(kit.scheme, kit.request.url, body)
    return "" if url == kit.request.url else url


def forgery(name: str, make: Callable[[Kit, Genuine], Delivery]) -> Forgery:
    """One that starts from a genuine delivery and goes where that would have gone."""

    def forged(kit: Kit) -> Forged:
        genuine = kit.genuine()
        changed = make(kit, genuine)
        return Forged(changed, (genuine.canary,), url=url_for(kit, genuine.delivery.body))

    return Forgery(name, forged)


def revalued(name: str, value: Callable[[Kit, str], str | None]) -> Forgery:
    """A genuine delivery with its signature's text changed."""

    def make(kit: Kit, genuine: Genuine) -> Delivery:
        delivery = genuine.delivery
        return resigned(kit, delivery, value(kit, signature_of(kit, delivery)))

    return forgery(name, make)


def no_signature(kit: Kit) -> Script:
    """Deliveries without a signature: the header left out, every such header left out, N/A."""
    forgeries = [
        forgery("without any signature header", lambda kit, genuine: kit.unsigned(genuine))
    ]
    if len(kit.scheme.headers) > 1:
        forgeries.append(revalued(f"without {kit.scheme.headers[0]}", lambda _kit, _value: None))
    if "X-GHL-Signature" in kit.scheme.headers:
        name = "whose signature is the platform's literal N/A"
        forgeries.append(revalued(name, lambda _kit, _value: "N/A"))
    return must_refuse(kit, forgeries)


def empty_signature(kit: Kit) -> Script:
    """Headers that are there and say nothing."""
    name = signature_header(kit)

    def twice(kit: Kit, genuine: Genuine) -> Delivery:
        return with_more(resigned(kit, genuine.delivery, ""), (name, ""))

    def blank(kit: Kit) -> Forged:
        genuine = kit.genuine()
        delivery = resigned(kit, genuine.delivery, "  \t ")
        content = whole(kit, delivery)
        spoken = said(content, "whose signature is white space", genuine.canary, within_s=5.0)
        return Forged(delivery, (genuine.canary,), talk=spoken)

    def bare(kit: Kit, genuine: Genuine) -> Delivery:
        cleared = genuine.delivery
        for header, _ in _proof(kit, cleared):
            cleared = with_header(cleared, header, "")
        return cleared

    return must_refuse(
        kit,
        [
            revalued("whose signature is empty", lambda _kit, _value: ""),
            forgery("with two empty signatures", twice),
            forgery("whose signature headers are all empty", bare),
            revalued("whose signature is a pair of quotes", lambda _kit, _value: '""'),
            Forgery("whose signature is white space", blank),
        ],
    )


def _proof(kit: Kit, delivery: Delivery) -> Headers:
    names = {name.lower() for name in (*kit.scheme.headers, signature_header(kit))}
    return tuple(pair for pair in delivery.headers if pair[0].lower() in names)


def garbage_signature(kit: Kit) -> Script:
    """Values that are no signature: plain text, the wrong alphabet, random of the right shape."""
    return must_refuse(
        kit,
        [
            revalued("whose signature is a plain word", lambda _kit, _value: "garbage"),
            revalued("whose signature is of no known alphabet", lambda _kit, _value: "!" * 64),
            revalued(
                "whose signature is random but well formed", lambda kit, value: like(value, kit)
            ),
            revalued(
                "whose signature is random in the other alphabet",
                lambda kit, value: _other_alphabet(like(value, kit), kit),
            ),
        ],
    )


def _other_alphabet(value: str, kit: Kit) -> str:
    own = written(kit, value)
    spelt = own.raw.hex()
    if own.spell is bytes.hex:
        spelt = base64.b64encode(own.raw).decode()
    return own.prefix + spelt


def wrong_key(kit: Kit) -> Script:
    """Deliveries signed correctly, but with a key that the receiver has no reason to trust."""

    def foreign(kit: Kit) -> Forged:
        genuine = replace(kit, key=kit.stranger).genuine()
        return Forged(genuine.delivery, (genuine.canary,))

    return must_refuse(kit, [Forgery("signed with a key that nobody trusts", foreign)])


NO_SIGNATURE = Check(
    About(
        id="SIG-01",
        name="no-signature",
        topic=Topic.SIGNATURE,
        title="Refuses a delivery without a signature",
        severity=Severity.CRITICAL,
        asks="an event whose signature header was left out",
        correct="a 4xx reply, and nothing done",
        why="anyone who knows the address could make the receiver act, with a single request",
        remedy="refuse when the signature header is absent, before the body is looked at; "
        "refuse to start without a key",
        references=(
            "CWE-306",
            "CWE-347",
            "ASVS v5.0.0-4.1.5",
            "ASVS v5.0.0-13.2.1",
            "API2:2023",
        ),
    ),
    no_signature,
)

EMPTY_SIGNATURE = Check(
    About(
        id="SIG-02",
        name="empty-signature",
        topic=Topic.SIGNATURE,
        title="Refuses a signature header that is empty",
        severity=Severity.CRITICAL,
        asks="events whose signature header is there, and empty, white space, twice empty or ''",
        correct="a 4xx reply, and nothing done",
        why="a receiver that asks whether the header is there, and compares what is in it only "
        "where there is something, verifies nothing here",
        remedy="treat an empty header as a missing one, and refuse",
        references=("CWE-347", "CWE-755", "ASVS v5.0.0-4.1.5", "API2:2023", "CVE-2023-50728"),
    ),
    empty_signature,
    fits=Fits(signed=True),
)

GARBAGE_SIGNATURE = Check(
    About(
        id="SIG-03",
        name="garbage-signature",
        topic=Topic.SIGNATURE,
        title="Refuses a signature that is garbage",
        severity=Severity.CRITICAL,
        asks="events signed with a plain word, with an impossible alphabet, and with random "
        "bytes of the right length",
        correct="a 4xx reply, and nothing done",
        why="a receiver that only looks whether there is a signature lets every forgery through",
        remedy="verify with a maintained library, and test the branch that refuses too",
        references=(
            "CWE-347",
            "ASVS v5.0.0-4.1.5",
            "ASVS v5.0.0-11.6.1",
            "API2:2023",
        ),
    ),
    garbage_signature,
    fits=Fits(signed=True),
)

WRONG_KEY = Check(
    About(
        id="SIG-04",
        name="wrong-key",
        topic=Topic.SIGNATURE,
        title="Refuses a signature by another key",
        severity=Severity.CRITICAL,
        asks="an event signed correctly with a new key of the same kind",
        correct="a 4xx reply, and nothing done",
        why="a signature proves nothing unless it is held against the one key that is trusted",
        remedy="verify with the configured key alone, never with one that came with the request",
        references=("CWE-347", "ASVS v5.0.0-4.1.5", "API2:2023"),
    ),
    wrong_key,
    fits=Fits(signed=True),
)

CHECKS = (NO_SIGNATURE, EMPTY_SIGNATURE, GARBAGE_SIGNATURE, WRONG_KEY)
