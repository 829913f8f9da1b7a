"""Whether every delivery's signature is verified, over the bytes that came, with the right key."""

import base64
import re
from dataclasses import replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import Forged, Forgery, must_refuse
from ghlctl.audit.script import Check, Need, Script
from ghlctl.model.delivery import Delivery, Headers
from ghlctl.model.finding import Severity
from ghlctl.providers.deliver import encode
from ghlctl.signing.scheme import Covered

_HEX = re.compile(r"(?:[0-9a-f]{2})+")
_SIGNATURE = re.compile(r"[0-9A-Za-z+/]+={0,2}$")


def with_header(delivery: Delivery, name: str, value: str | None) -> Delivery:
    """The delivery with one header's value replaced, or without the header."""
    kept: Headers = tuple(pair for pair in delivery.headers if pair[0].lower() != name.lower())
    return replace(delivery, headers=kept if value is None else (*kept, (name, value)))


def no_signature(kit: Kit) -> Script:
    """Deliveries without a signature: the header left out, every such header left out, N/A."""

    def bare(kit: Kit) -> Forged:
        genuine = kit.genuine()
        return Forged(kit.unsigned(genuine), (genuine.canary,))

    forgeries = [Forgery("without any signature header", bare)]
    if len(kit.scheme.headers) > 1:
        forgeries.append(_instead(f"without {kit.scheme.headers[0]}", None))
    if "X-GHL-Signature" in kit.scheme.headers:
        forgeries.append(_instead("whose signature is the platform's literal N/A", "N/A"))
    return must_refuse(kit, forgeries)


def garbage_signature(kit: Kit) -> Script:
    """Values that are no signature: plain text, the wrong alphabet, random of the right shape."""
    return must_refuse(
        kit,
        [
            _instead("whose signature is a plain word", "garbage"),
            _instead("whose signature is of no known alphabet", "!" * 64),
            Forgery("whose signature is random but well formed", _random_signature),
        ],
    )


def wrong_key(kit: Kit) -> Script:
    """Deliveries signed correctly, but with a key that the receiver has no reason to trust."""

    def foreign(kit: Kit) -> Forged:
        genuine = replace(kit, key=kit.stranger).genuine()
        return Forged(genuine.delivery, (genuine.canary,))

    return must_refuse(kit, [Forgery("signed with a key that nobody trusts", foreign)])


def altered_body(kit: Kit) -> Script:
    """Genuinely signed bodies that were changed on their way."""
    return must_refuse(
        kit,
        [
            Forgery("of which one byte was changed", _one_byte),
            Forgery("about another contact under the same signature", _other_contact),
            Forgery("with text after the signed body", _trailing),
            Forgery("with a second document after the signed body", _second_document),
        ],
    )


def _instead(name: str, value: str | None) -> Forgery:
    def make(kit: Kit) -> Forged:
        genuine = kit.genuine()
        forged = with_header(genuine.delivery, kit.scheme.headers[0], value)
        return Forged(forged, (genuine.canary,))

    return Forgery(name, make)


def _random_signature(kit: Kit) -> Forged:
    genuine = kit.genuine()
    name = kit.scheme.headers[0]
    value = like(genuine.delivery.header(name) or "", kit)
    return Forged(with_header(genuine.delivery, name, value), (genuine.canary,))


def like(value: str, kit: Kit) -> str:
    """Random bytes in the alphabet and length of a signature's text, after the same prefix."""
    written = _SIGNATURE.search(value)
    text = written[0] if written else value
    if _HEX.fullmatch(text):
        forged = kit.random.randbytes(len(text) // 2).hex()
    else:
        length = len(text.rstrip("=")) * 3 // 4
        forged = base64.b64encode(kit.random.randbytes(length)).decode()
    return value.removesuffix(text) + forged


def _one_byte(kit: Kit) -> Forged:
    genuine = kit.genuine()
    mark = genuine.canary.email.encode()
    if mark in genuine.delivery.body:
        return _changed(genuine, genuine.delivery.body.replace(mark, mark.capitalize(), 1))
    at = genuine.delivery.body.rindex(b'"')
    body = genuine.delivery.body
    return _changed(genuine, body[:at] + b"x" + body[at:])


def _trailing(kit: Kit) -> Forged:
    genuine = kit.genuine()
    return _changed(genuine, genuine.delivery.body + b"garbage")


def _other_contact(kit: Kit) -> Forged:
    genuine, other = kit.genuine(), kit.genuine()
    forged = replace(genuine.delivery, body=encode(other.event))
    return Forged(forged, (genuine.canary, other.canary))


def _second_document(kit: Kit) -> Forged:
    genuine, other = kit.genuine(), kit.genuine()
    forged = replace(genuine.delivery, body=genuine.delivery.body + b"\n" + encode(other.event))
    return Forged(forged, (genuine.canary, other.canary))


def _changed(genuine: Genuine, body: bytes) -> Forged:
    return Forged(replace(genuine.delivery, body=body), (genuine.canary,))


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

ALTERED_BODY = Check(
    About(
        id="SIG-08",
        name="altered-body",
        topic=Topic.SIGNATURE,
        title="Refuses a body that was altered after signing",
        severity=Severity.CRITICAL,
        asks="genuinely signed events with one byte changed, with another contact, with text "
        "or a second document after them",
        correct="a 4xx reply, and nothing done",
        why="whoever holds one genuine signature could put it under a body of their own",
        remedy="sign and verify the raw bytes of the body, all of them, before parsing",
        references=("CWE-345", "CWE-354", "ASVS v5.0.0-4.1.5", "API2:2023"),
    ),
    altered_body,
    frozenset({Need.KEY}),
    fits=Fits(covers=frozenset({Covered.BODY, Covered.FORM_FIELDS})),
)

CHECKS = (NO_SIGNATURE, GARBAGE_SIGNATURE, WRONG_KEY, ALTERED_BODY)
