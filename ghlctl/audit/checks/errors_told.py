"""What the receiver tells strangers of itself: versions, secrets, tenants."""

import base64
import re
from collections.abc import Callable
from dataclasses import replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.fits import Fits, KeyKind
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.needles import found_in, spellings
from ghlctl.audit.probing import (
    BROKEN,
    Came,
    Posed,
    Probe,
    Probed,
    Reading,
    Wrong,
    changed,
    held,
    must_hold,
    posed,
)
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import Check, Need, Script, Verdict, send
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.model.visible import visible
from ghlctl.transport.attempt import acknowledged

_VERSIONED = ("server", "x-powered-by", "via", "x-generator", "x-runtime-version")
_ALWAYS_TELLING = ("x-aspnet-version", "x-aspnetmvc-version", "x-php-version")
_VERSION = re.compile(r"(?:[A-Za-z][\w.-]*[/ ]v?\d+(?:\.\d+)+|[A-Za-z][\w.-]*/\d+\b)")
_VIA_PROTOCOL = re.compile(r"^\s*(?:HTTP/)?\d(?:\.\d)?\s+")
_MARKS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9]+|[A-Za-z0-9_-]{20,}")
_LEAST_PART = 16
_EACH = 2  # of each kind in each comparison: kinds that differ among themselves tell nothing


def versions(kit: Kit) -> Script:
    """Headers that name a program and its version."""
    probes = [
        Probe("unsigned", _bare("POST")),
        Probe("as GET", _bare("GET")),
    ]
    if kit.key is not None:
        probes.append(changed("signed", lambda _g, _k: {}, lambda _g: _version_told))
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH))


def _bare(method: str) -> Callable[[Kit], Posed]:
    def pose(kit: Kit) -> Posed:
        genuine = kit.genuine()
        return Posed(kit.unsigned(genuine), (genuine.canary,), _version_told, method)

    return pose


def _version_told(came: Came) -> Wrong | None:
    if not isinstance(came.answer, Reply):
        return None
    for name, value in came.answer.headers:
        lower = name.lower()
        said = _VIA_PROTOCOL.sub("", value) if lower == "via" else value
        if lower in _ALWAYS_TELLING or (lower in _VERSIONED and _VERSION.search(said)):
            return Wrong(f"told its version in {name}: {visible(value)[:60]}", Confidence.HIGH)
    return None


def signing_oracle(kit: Kit) -> Script:
    """A stranger's signature, answered with the right one, or with the key."""
    probes = [
        Probe("signed by a stranger", lambda k: _by_stranger(k, lambda b: b)),
        Probe("signed by a stranger, no JSON", lambda k: _by_stranger(k, lambda b: b[:-1])),
        Probe("unsigned", lambda k: _wanting(k, kit.unsigned)),
    ]
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH))


def _by_stranger(kit: Kit, change: Callable[[bytes], bytes]) -> Posed:
    def forge(genuine: Genuine) -> Delivery:
        body = change(genuine.delivery.body)
        return kit.signed(body, genuine.canary, at=genuine.at, key=kit.stranger)

    return _wanting(kit, forge, change)


def _wanting(
    kit: Kit,
    forge: Callable[[Genuine], Delivery],
    change: Callable[[bytes], bytes] = lambda body: body,
) -> Posed:
    genuine = kit.genuine()
    delivery = forge(genuine)
    right = kit.signed(change(genuine.delivery.body), genuine.canary, at=genuine.at)
    sent = {part for _, value in delivery.headers for part in _parts(value)}
    wanted = [
        part
        for name, value in right.headers
        if name.lower() in {header.lower() for header in kit.scheme.headers}
        for part in _parts(value)
        if part not in sent and part not in genuine.canary.texts
    ]
    return Posed(delivery, (genuine.canary,), _telling(kit, wanted))


def _parts(value: str) -> list[str]:
    """The tokens of a header long enough to be a signature."""
    parts = re.findall(r"[A-Za-z0-9+/=_-]+", re.sub(r"(?:^|,|\s)\w{1,10}=", " ", value))
    return [part for part in parts if len(part.rstrip("=")) >= _LEAST_PART]


def _telling(kit: Kit, wanted: list[str]) -> Reading:
    needles = [(n, "the right signature") for part in wanted for n in _encodings(part)]
    key = kit.key_text.strip()
    secrets = spellings("key", key.decode("utf-8", "replace")) if key else ()

    def read(came: Came) -> Wrong | None:
        if not isinstance(came.answer, Reply):
            return None
        said = "\n".join([came.text, *(value for _, value in came.answer.headers)])
        if any(needle in said or needle in said.lower() for needle, _ in needles):
            return Wrong("answered a forgery with the right signature", Confidence.HIGH)
        if found_in(said.encode(), secrets) is not None:
            return Wrong("answered with its key", Confidence.HIGH)
        return None

    return read


def _encodings(part: str) -> set[str]:
    """The same bytes in hex, base64 and its form for URLs."""
    try:
        raw = bytes.fromhex(part)
    except ValueError:
        try:
            raw = base64.b64decode(part, altchars=b"-_" if {"-", "_"} & set(part) else None)
        except ValueError:
            return {part}
    plain, safe = base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()
    return {part, raw.hex(), plain.rstrip("="), safe.rstrip("=")}


def tenants(kit: Kit) -> Script:
    """A stranger's deliveries for a location that it has acted for, and for one unheard of."""
    genuine = kit.genuine()
    answer = yield from send(genuine.delivery, "genuine, whose location is known", genuine.canary)
    if not acknowledged(answer):
        reason = "the genuine delivery was not accepted, so no location is known to be known"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, (genuine.canary,))
    known = str(genuine.event.payload.get("locationId"))
    probes = [Probe("for a known location", _stranger(known))] * _EACH
    probes += [Probe("for an unknown location", _stranger(""))] * _EACH
    size = len(probes)
    everything = yield from posed(kit, probes * REPEATS)
    pairs = [everything[start : start + size] for start in range(0, len(everything), size)]
    missed = held(everything, Confidence.HIGH)
    if missed.outcome is not Outcome.PASS:
        return missed
    if any(_broken(one) for one in everything):
        reason = "a forgery was answered with a server error, so its answer says nothing"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason)
    told = [_told_apart(*map(_said, pair)) for pair in pairs]
    proof = tuple(canary for one in everything for canary in one.posed.canaries)
    if all(told):
        reason = f"answered a stranger otherwise for a known location, {REPEATS} of {REPEATS} times"
        return Verdict(Outcome.WARN, Confidence.HIGH, reason, proof)
    if any(told):
        reason = "answered a stranger otherwise for a known location, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    reason = "a stranger is answered alike for known and unknown locations"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, proof)


def _stranger(location: str) -> Callable[[Kit], Posed]:
    """For that location; "" for one that nobody has heard of."""

    def pose(kit: Kit) -> Posed:
        genuine = kit.genuine()
        where = location or "".join(kit.random.choices("abcdefgh", k=20))
        event = replace(genuine.event, payload={**genuine.event.payload, "locationId": where})
        delivery = kit.delivered(event, genuine.canary, genuine.at, key=kit.stranger)
        return Posed(delivery, (genuine.canary,))

    return pose


def _broken(one: Probed) -> bool:
    return isinstance(one.came.answer, Reply) and one.came.answer.status >= BROKEN


def _said(one: Probed) -> tuple[int, str]:
    """Status and text, without what differs from one request to the next."""
    answer = one.came.answer
    assert isinstance(answer, Reply)  # noqa: S101 - what was missed was sorted out
    return answer.status, _MARKS.sub("", one.came.text)


def _told_apart(*said: tuple[int, str]) -> bool:
    known, unknown = said[:2], said[2:]
    return known[0] == known[1] and unknown[0] == unknown[1] and known[0] != unknown[0]


VERSIONS = Check(
    About(
        id="ERR-02",
        name="versions-told",
        topic=Topic.ERRORS,
        title="Tells nobody the versions of its programs",
        severity=Severity.LOW,
        asks="the headers of ordinary answers",
        correct="no version in Server, X-Powered-By, Via and the like",
        why="a version tells which known holes to try",
        remedy="switch such headers off in server and framework",
        references=("CWE-497", "ASVS v5.0.0-13.4.6", "API8:2023"),
    ),
    versions,
)

SIGNING_ORACLE = Check(
    About(
        id="ERR-03",
        name="signature-told",
        topic=Topic.ERRORS,
        title="Tells nobody the signature that it expected",
        severity=Severity.CRITICAL,
        asks="forgeries whose right signature is known to the audit",
        correct="neither the right signature nor the key in any answer",
        why="who is told the right signature signs whatever they like",
        remedy="never put the expected value, or the key, into an answer",
        references=(
            "CWE-209",
            "CWE-497",
            "ASVS v5.0.0-16.5.1",
            "ASVS v5.0.0-11.2.5",
            "API2:2023",
        ),
    ),
    signing_oracle,
    frozenset({Need.KEY}),
    Fits(signed=True, keys=KeyKind.SECRET),
    reads_key=True,
)

TENANTS = Check(
    About(
        id="ERR-04",
        name="tenants-told",
        topic=Topic.ERRORS,
        title="Tells a stranger nothing about which locations exist",
        severity=Severity.LOW,
        asks="a stranger's deliveries for a known location and for an unknown one",
        correct="the same answer to both",
        why="answers that differ let a stranger find out who is a customer",
        remedy="verify the signature first, and answer every failure of it alike",
        references=(
            "CWE-203",
            "CWE-204",
            "ASVS v5.0.0-6.3.8",
            "ASVS v5.0.0-16.5.1",
            "API2:2023",
        ),
    ),
    tenants,
    frozenset({Need.KEY}),
    Fits(signed=True),
)

CHECKS = (VERSIONS, SIGNING_ORACLE, TENANTS)
