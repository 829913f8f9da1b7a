"""Whether a signature vouches for the very bytes that came, and for no others."""

import json
from dataclasses import replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.checks.signature_forgeries import forgery, url_for
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import Forged, Forgery, must_refuse
from ghlctl.audit.script import Check, Need, Script
from ghlctl.model.delivery import Delivery
from ghlctl.model.finding import Severity
from ghlctl.providers.catalogue import provider_named
from ghlctl.providers.deliver import encode
from ghlctl.signing.scheme import Covered

_BODIES = frozenset({Covered.BODY, Covered.FORM_FIELDS})


def swapped_body(kit: Kit) -> Script:
    """The signature of one event over another."""
    return must_refuse(
        kit,
        [
            Forgery("about another contact under the same signature", _other_contact),
            Forgery("of another type under the same signature", _other_type),
        ],
    )


def altered_body(kit: Kit) -> Script:
    """Genuinely signed bodies that were changed on their way."""
    return must_refuse(
        kit,
        [
            forgery("of which one byte was changed", _one_byte),
            forgery("with a field more than was signed", _one_field),
            forgery("with text after the signed body", _trailing),
            Forgery("with a second document after the signed body", _second_document),
            Forgery("with another document before the signed body", _first_document),
        ],
    )


def rewritten_body(kit: Kit) -> Script:
    """Other bytes that mean the same as JSON."""
    return must_refuse(
        kit,
        [
            forgery("with white space added after signing", _spaced),
            forgery("with its names in another order than was signed", _reordered),
            forgery("with letters written as escapes after signing", _escaped),
            forgery("with a line end added after signing", _ended),
        ],
    )


def _other_contact(kit: Kit) -> Forged:
    genuine, other = kit.genuine(), kit.genuine()
    return _swapped(kit, genuine, other)


def _other_type(kit: Kit) -> Forged:
    types = provider_named(kit.provider).event_types
    name = next((one for one in types if one != kit.event_type), kit.event_type)
    return _swapped(kit, kit.genuine(), kit.genuine(event_type=name))


def _swapped(kit: Kit, genuine: Genuine, other: Genuine) -> Forged:
    forged = replace(genuine.delivery, body=encode(other.event))
    return _for(kit, genuine, forged, other)


def _for(kit: Kit, genuine: Genuine, forged: Delivery, *others: Genuine) -> Forged:
    """Sent to where the signed body would have gone: that is what its signature was made for."""
    canaries = (genuine.canary, *(one.canary for one in others))
    return Forged(forged, canaries, url=url_for(kit, genuine.delivery.body))


def _one_byte(_kit: Kit, genuine: Genuine) -> Delivery:
    body, mark = genuine.delivery.body, genuine.canary.email.encode()
    if mark in body:
        return replace(genuine.delivery, body=body.replace(mark, mark.capitalize(), 1))
    at = body.rindex(b'"')
    return replace(genuine.delivery, body=body[:at] + b"x" + body[at:])


def _one_field(_kit: Kit, genuine: Genuine) -> Delivery:
    body = genuine.delivery.body[:-1] + b',"ghlctlAdded":true}'
    return replace(genuine.delivery, body=body)


def _trailing(_kit: Kit, genuine: Genuine) -> Delivery:
    return replace(genuine.delivery, body=genuine.delivery.body + b"garbage")


def _second_document(kit: Kit) -> Forged:
    genuine, other = kit.genuine(), kit.genuine()
    body = genuine.delivery.body + b"\n" + encode(other.event)
    return _for(kit, genuine, replace(genuine.delivery, body=body), other)


def _first_document(kit: Kit) -> Forged:
    genuine, other = kit.genuine(), kit.genuine()
    body = encode(other.event) + b"\n" + genuine.delivery.body
    return _for(kit, genuine, replace(genuine.delivery, body=body), other)


def _spaced(_kit: Kit, genuine: Genuine) -> Delivery:
    text = json.dumps(genuine.event.payload, ensure_ascii=False)
    return replace(genuine.delivery, body=text.encode())


def _reordered(_kit: Kit, genuine: Genuine) -> Delivery:
    backwards = dict(reversed(list(genuine.event.payload.items())))
    text = json.dumps(backwards, ensure_ascii=False, separators=(",", ":"))
    return replace(genuine.delivery, body=text.encode())


def _escaped(_kit: Kit, genuine: Genuine) -> Delivery:
    mark = genuine.canary.email
    body = genuine.delivery.body
    escaped = f"\\u{ord(mark[0]):04x}{mark[1:]}"
    if mark.encode() not in body:
        return replace(genuine.delivery, body=body.replace(b'e"', b'\\u0065"', 1))
    return replace(genuine.delivery, body=body.replace(mark.encode(), escaped.encode()))


def _ended(_kit: Kit, genuine: Genuine) -> Delivery:
    return replace(genuine.delivery, body=genuine.delivery.body + b"\n")


SWAPPED_BODY = Check(
    About(
        id="SIG-07",
        name="swapped-body",
        topic=Topic.SIGNATURE,
        title="Refuses one event's signature over another event",
        severity=Severity.CRITICAL,
        asks="events about another contact and of another type, under a genuine signature",
        correct="a 4xx reply, and nothing done",
        why="whoever holds one genuine delivery could put its signature over any other",
        remedy="compute the signature over the body of this very request",
        references=("CWE-345", "CWE-354", "ASVS v5.0.0-4.1.5", "API2:2023"),
    ),
    swapped_body,
    frozenset({Need.KEY}),
    Fits(covers=_BODIES),
)

ALTERED_BODY = Check(
    About(
        id="SIG-08",
        name="altered-body",
        topic=Topic.SIGNATURE,
        title="Refuses a body that was altered after signing",
        severity=Severity.CRITICAL,
        asks="genuinely signed events with one byte changed, with a field more, with text "
        "or a second document before or after them",
        correct="a 4xx reply, and nothing done",
        why="whoever holds one genuine signature could put it under a body of their own",
        remedy="sign and verify the raw bytes of the body, all of them, before parsing",
        references=("CWE-345", "CWE-354", "ASVS v5.0.0-4.1.5", "API2:2023"),
    ),
    altered_body,
    frozenset({Need.KEY}),
    fits=Fits(covers=_BODIES),
)

REWRITTEN_BODY = Check(
    About(
        id="SIG-09",
        name="rewritten-body",
        topic=Topic.SIGNATURE,
        title="Refuses other bytes than were signed, even where they mean the same",
        severity=Severity.MEDIUM,
        asks="signed events with white space, another order or escapes put in after signing",
        correct="a 4xx reply, and nothing done: the signature is over raw bytes",
        why="what is verified is then not what came, but what a parser made of it; two parsers "
        "that read one body differently are a way around the signature",
        remedy="verify before parsing, over the bytes of the request",
        references=(
            "CWE-345",
            "CWE-436",
            "ASVS v5.0.0-1.5.3",
            "ASVS v5.0.0-4.1.5",
            "API8:2023",
        ),
    ),
    rewritten_body,
    frozenset({Need.KEY}),
    Fits(covers=_BODIES),
)

CHECKS = (SWAPPED_BODY, ALTERED_BODY, REWRITTEN_BODY)
