"""Whether what is signed beside the body – time, id, URL – is what the receiver goes by."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import SplitResult, urlsplit

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import fresh_canary
from ghlctl.audit.checks.signature_forgeries import (
    forgery,
    signature_header,
    signature_of,
    url_for,
    with_header,
    with_more,
)
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import Forged, Forgery, must_refuse
from ghlctl.audit.script import Check, Need, Script, Verdict, observe, send
from ghlctl.model.delivery import Delivery
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.providers.deliver import encode
from ghlctl.signing.scheme import Covered, Request
from ghlctl.signing.shared_secret import SharedSecret
from ghlctl.signing.standard import Standard
from ghlctl.signing.target import target_of

_FOREIGN = "https://other.example.com"


def changed_metadata(kit: Kit) -> Script:
    """Signed time and id, changed by a little: fresh still, and signed no more."""
    forgeries = [
        forgery(f"whose time was moved by {by:+d} s after signing", _moved(by))
        for by in (1, -1, 30)
    ]
    if Covered.ID in kit.scheme.covers:
        forgeries += [
            forgery("whose id was replaced after signing", _another_id),
            forgery("whose id was lengthened after signing", _longer_id),
        ]
    return must_refuse(kit, forgeries)


def _moved(seconds: int) -> Callable[[Kit, Genuine], Delivery]:
    def make(kit: Kit, genuine: Genuine) -> Delivery:
        delivery = genuine.delivery
        match kit.scheme:
            case SharedSecret(timestamp=name, ticks_per_s=ticks):
                told = int(delivery.header(name) or 0) + seconds * ticks
                return with_header(delivery, name, str(told))
            case Standard(headers=(_, name, _)):
                return with_header(delivery, name, str(int(delivery.header(name) or 0) + seconds))
            case _:
                time, comma, rest = signature_of(kit, delivery).partition(",")
                value = f"t={int(time.removeprefix('t=')) + seconds}{comma}{rest}"
                return with_header(delivery, signature_header(kit), value)

    return make


def _another_id(kit: Kit, genuine: Genuine) -> Delivery:
    name = kit.scheme.headers[-1]
    return with_header(genuine.delivery, name, fresh_canary(kit.random).delivery_id)


def _longer_id(kit: Kit, genuine: Genuine) -> Delivery:
    name = kit.scheme.headers[-1]
    return with_header(genuine.delivery, name, (genuine.delivery.header(name) or "") + "1")


def shifted_parts(kit: Kit) -> Script:
    """Two readings of one signed text: what was body once is time or id now.

    Only who gets a sender to sign a body of this shape can do it, and the scheme's own libraries
    take it: so it is noted and never fails.
    """
    outer = kit.genuine()
    inner = encode(outer.event)
    time = str(int(outer.at))
    signed = kit.signed(time.encode() + b"." + inner, outer.canary, at=outer.at)
    shifted = _shifted(kit, replace(signed, body=inner), time)
    yield from send(shifted, "the start of its body moved into its headers", outer.canary)
    seen = yield from observe(outer.canary, any_act=True)
    shown = (outer.canary,)
    if not kit.oracle:
        reason = "nobody saw what it did with parts that were moved"
        return Verdict(Outcome.INFORMATIVE, Confidence.LOW, reason, shown)
    if kit.footprint.acts(seen.of(shown)):
        reason = (
            "takes a dot in its id or time, so that one signature stands for two deliveries; only "
            "of use to who has bodies signed that begin with a time"
        )
        return Verdict(Outcome.INFORMATIVE, Confidence.HIGH, reason, shown)
    reason = "refused a dot in what is joined by dots"
    return Verdict(Outcome.PASS, Confidence.CONFIRMED, reason, shown)


def _shifted(kit: Kit, delivery: Delivery, time: str) -> Delivery:
    """`id.time.time.body` is read as (id.time, time, body) then, or as (time.time, body)."""
    if isinstance(kit.scheme, Standard):
        _, _, name = kit.scheme.headers
        return with_header(delivery, name, f"{delivery.header(name)}.{time}")
    name = kit.scheme.headers[1]
    return with_header(delivery, name, f"{delivery.header(name)}.{time}")


def foreign_url(kit: Kit) -> Script:
    """Deliveries signed for another host, with headers that name that host as their own."""
    return must_refuse(
        kit,
        [
            _elsewhere("for another host", ()),
            *(
                _elsewhere(f"for another host that {name} names", ((name, value),))
                for name, value in _HOST_HEADERS
            ),
            _elsewhere("for another path that X-Original-URL names", (), path="/other"),
        ],
    )


_HOST = urlsplit(_FOREIGN).netloc
_HOST_HEADERS = (
    ("X-Forwarded-Host", _HOST),
    ("Forwarded", f"host={_HOST};proto=https"),
    ("X-Original-Host", _HOST),
    ("X-Host", _HOST),
    ("X-Forwarded-Server", _HOST),
)


def _elsewhere(name: str, more: tuple[tuple[str, str], ...], *, path: str = "") -> Forgery:
    def make(kit: Kit) -> Forged:
        genuine = kit.genuine()
        own = target_of(kit.scheme, kit.request.url, genuine.delivery.body)
        parts = urlsplit(own)
        named = parts._replace(path=path) if path else _on_foreign_host(own)
        request = Request(kit.request.method, named.geturl())
        key = kit.stranger if kit.key is None else kit.key
        signature = kit.scheme.sign(
            genuine.delivery.body,
            key,
            at=genuine.at,
            delivery_id=genuine.canary.delivery_id,
            request=request,
        )
        delivery = genuine.delivery
        for header, value in signature:
            delivery = with_header(delivery, header, value)
        told = (*more, ("X-Original-URL", path), ("X-Rewrite-URL", path)) if path else more
        forged = with_more(delivery, *told, *_SECURE) if more else with_more(delivery, *told)
        return Forged(forged, (genuine.canary,), url=url_for(kit, genuine.delivery.body))

    return Forgery(f"signed {name}", make)


_SECURE = (("X-Forwarded-Proto", "https"),)


def _on_foreign_host(url: str) -> SplitResult:
    foreign = urlsplit(_FOREIGN)
    return urlsplit(url)._replace(scheme=foreign.scheme, netloc=foreign.netloc)


CHANGED_METADATA = Check(
    About(
        id="SIG-28",
        name="changed-metadata",
        topic=Topic.SIGNATURE,
        title="Refuses a time or an id that was changed after signing",
        severity=Severity.HIGH,
        asks="genuine deliveries whose signed time was moved by a second, or whose signed id was "
        "replaced or lengthened",
        correct="a 4xx reply, and nothing done",
        why="a time that is not verified never runs out, and an id that is not verified is new "
        "every time",
        remedy="compute the signature over id, time and body as the headers have them",
        references=("CWE-345", "ASVS v5.0.0-4.1.5", "API2:2023"),
    ),
    changed_metadata,
    frozenset({Need.KEY}),
    Fits(covers=frozenset({Covered.ID, Covered.TIMESTAMP})),
)

SHIFTED_PARTS = Check(
    About(
        id="SIG-29",
        name="shifted-parts",
        topic=Topic.SIGNATURE,
        title="Is known to take, or not to take, a dot in what is joined by dots",
        severity=Severity.LOW,
        asks="a signed text of id, time and body, parted at another dot than its sender meant",
        correct="better refused; the schemes' own libraries take it, so that it never fails",
        why="one signature then stands for two deliveries, for who has bodies of that shape signed",
        remedy="refuse an id with a dot in it, and a time that is not digits alone",
        references=("CWE-345", "ASVS v5.0.0-4.1.5", "API2:2023"),
    ),
    shifted_parts,
    frozenset({Need.KEY}),
    Fits(
        schemes=frozenset({"standard", "standard-ed25519", "svix", "hmac-timestamp"}),
        because="scheme {scheme} joins nothing by dots that a header has",
    ),
)

FOREIGN_URL = Check(
    About(
        id="SIG-30",
        name="foreign-url",
        topic=Topic.SIGNATURE,
        title="Verifies against its own public URL",
        severity=Severity.HIGH,
        asks="deliveries signed for another host or path, with the forwarding headers that name it",
        correct="a 4xx reply, and nothing done",
        why="where the sender can say which URL was meant, what was signed for one address holds "
        "at every other",
        remedy="configure the public URL; take no forwarding header from strangers",
        references=("CWE-290", "CWE-348", "ASVS v5.0.0-4.1.3", "API2:2023", "CVE-2026-28465"),
    ),
    foreign_url,
    frozenset({Need.KEY}),
    Fits(covers=frozenset({Covered.URL})),
)

CHECKS = (CHANGED_METADATA, SHIFTED_PARTS, FOREIGN_URL)
