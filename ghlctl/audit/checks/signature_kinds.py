"""Whether what a delivery is, or says it is, can do instead of a signature."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.checks.signature_forgeries import badly_signed, forgery, with_header, with_more
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import REPEATS, must_refuse
from ghlctl.audit.script import Check, Part, Script, Send, Verdict, send_all
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.transport.attempt import Answer, acknowledged

_BUSY = 429
_BOUNDARY = "ghlctlboundary"


def other_content_type(kit: Kit) -> Script:
    """Unsigned events in other wrappings than JSON."""
    return must_refuse(
        kit,
        [
            forgery("without a signature, as text/plain", _as("text/plain", _bare)),
            forgery("without a signature, as a form", _as(_FORM, _form)),
            forgery("without a signature, as form data", _as(_MULTIPART, _multipart)),
            forgery("without a signature, as application/*+json", _as("application/x+json", _bare)),
            forgery("without a signature, as XML", _as("application/xml", _bare)),
            forgery("without a signature, as bytes", _as("application/octet-stream", _bare)),
            forgery("without a signature or a content type", _as("", _bare)),
        ],
    )


_FORM = "application/x-www-form-urlencoded"
_MULTIPART = f"multipart/form-data; boundary={_BOUNDARY}"


def _as(content_type: str, wrap: Callable[[bytes], bytes]) -> Callable[[Kit, Genuine], Delivery]:
    def make(kit: Kit, genuine: Genuine) -> Delivery:
        bare = kit.unsigned(genuine)
        body = wrap(bare.body)
        return replace(with_header(bare, "Content-Type", content_type or None), body=body)

    return make


def _bare(body: bytes) -> bytes:
    return body


def _form(body: bytes) -> bytes:
    return urlencode({"payload": body.decode()}).encode()


def _multipart(body: bytes) -> bytes:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="payload"\r\n\r\n'
    return head.encode() + body + f"\r\n--{_BOUNDARY}--\r\n".encode()


def exempted_event(kit: Kit) -> Script:
    """Events that claim to be tests, greetings, somebody else's or from inside; and challenges."""
    forgeries = [
        forgery(f"{words}, {how}", _claiming(fields, sign))
        for words, fields in _CLAIMS
        for how, sign in (("unsigned", _unsigned), ("with a random signature", badly_signed))
    ]
    forgeries += [
        forgery(f"unsigned, that says {name}: {value}", _from_inside(name, value))
        for name, value in _INSIDE
    ]
    forgeries.append(forgery("unsigned, without a type and a location", _routeless))
    verdict = yield from must_refuse(kit, forgeries)
    if verdict.outcome is not Outcome.PASS:
        return verdict
    rounds: list[tuple[_Echo, ...]] = []
    for _ in range(REPEATS):
        rounds.append((yield from _challenge(kit)))
        if not rounds[-1]:
            return verdict
    proof = tuple(echo.canary for echoes in rounds for echo in echoes)
    if any(echo.signed for echo in rounds[0]):
        reason = f"{REPEATS} of {REPEATS} times, signed a text that an unverified request gave it"
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason, proof)
    reason = f"{REPEATS} of {REPEATS} times, answered an unverified challenge"
    return Verdict(Outcome.WARN, Confidence.HIGH, reason, proof, severity=Severity.LOW)


_CLAIMS: tuple[tuple[str, Mapping[str, object]], ...] = (
    ("of the type test", {"type": "test", "event": "test"}),
    ("of the type PING", {"type": "PING", "event": "ping"}),
    ("of an unknown type", {"type": "GhlctlUnknown"}),
    ("of a greeting", {"type": "url_verification", "event": "endpoint.url_validation"}),
    ("about installing", {"type": "INSTALL", "event": "install"}),
    ("of another app", {"appId": "0123456789abcdef01234567"}),
    ("that says it is a test", {"test": True, "isTest": True, "livemode": False, "sandbox": True}),
    ("that says it is verified", {"verified": True, "skipVerification": True, "debug": True}),
)
_INSIDE = (
    ("X-Forwarded-For", "127.0.0.1"),
    ("X-Real-IP", "127.0.0.1"),
    ("Forwarded", "for=127.0.0.1"),
    ("X-Debug", "1"),
    ("X-Test", "true"),
    ("X-Skip-Verification", "true"),
    ("X-Internal-Request", "true"),
    ("X-Verified", "true"),
    ("User-Agent", "LeadConnector/1.0"),
    ("Origin", "https://app.gohighlevel.com"),
)


def _unsigned(kit: Kit, delivery: Delivery) -> Delivery:
    own = {name.lower() for name, _ in kit.extra} | {
        "content-type",
        "accept",
        "user-agent",
    }
    kept = tuple(pair for pair in delivery.headers if pair[0].lower() in own)
    return replace(delivery, headers=kept)


Sign = Callable[[Kit, Delivery], Delivery]


def _claiming(fields: Mapping[str, object], sign: Sign) -> Callable[[Kit, Genuine], Delivery]:
    def make(kit: Kit, genuine: Genuine) -> Delivery:
        body = _json(dict(genuine.event.payload) | dict(fields))
        return replace(sign(kit, genuine.delivery), body=body)

    return make


def _json(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def _from_inside(name: str, value: str) -> Callable[[Kit, Genuine], Delivery]:
    return lambda kit, genuine: with_more(
        with_header(kit.unsigned(genuine), name, None), (name, value)
    )


def _routeless(kit: Kit, genuine: Genuine) -> Delivery:
    gone = ("type", "locationId")
    payload = {name: one for name, one in genuine.event.payload.items() if name not in gone}
    return replace(kit.unsigned(genuine), body=_json(payload))


@dataclass(frozen=True, slots=True)
class _Echo:
    """A reply that answered a challenge; `signed`: with a signature over it, as Zoom wants."""

    canary: Canary
    signed: bool


def _challenge(kit: Kit) -> Part[tuple[_Echo, ...]]:
    """Which of the handshakes of Slack and Zoom is answered without a signature."""
    sends = []
    for shape in (_slack, _zoom):
        genuine = kit.genuine()
        body = _json(shape(genuine.canary.delivery_id))
        unsigned = replace(kit.unsigned(genuine), body=body)
        sends.append(Send(unsigned, "an unsigned challenge", (genuine.canary,)))
    answers = yield from send_all(sends)
    pairs = [(send.canaries[0], answer) for send, answer in zip(sends, answers, strict=True)]
    return tuple(
        _Echo(mark, signed=b"encryptedToken" in answer.body)
        for mark, answer in pairs
        if isinstance(answer, Reply)
        and acknowledged(answer)
        and mark.delivery_id.encode() in answer.body
    )


def _slack(text: str) -> dict[str, object]:
    return {"type": "url_verification", "challenge": text, "token": "ghlctl"}


def _zoom(text: str) -> dict[str, object]:
    return {"event": "endpoint.url_validation", "payload": {"plainToken": text}}


def parses_first(kit: Kit) -> Script:
    """Whether a reply to a bad signature depends on what the body would parse to."""
    wellformed: list[Answer] = []
    broken: list[Answer] = []
    marks: list[Canary] = []
    for _ in range(REPEATS):
        genuine, other = kit.genuine(), kit.genuine()
        bad = badly_signed(kit, genuine.delivery)
        cut = replace(badly_signed(kit, other.delivery), body=other.delivery.body[:-2])
        answers = yield from send_all(
            [
                Send(bad, "badly signed, a whole document", (genuine.canary,)),
                Send(cut, "badly signed, a document cut short", (other.canary,)),
            ]
        )
        wellformed.append(answers[0])
        broken.append(answers[1])
        marks += [genuine.canary, other.canary]
    return _compared(wellformed, broken, tuple(marks))


def _compared(
    wellformed: Sequence[Answer], broken: Sequence[Answer], marks: tuple[Canary, ...]
) -> Verdict:
    first, second = ({_status(one) for one in answers} for answers in (wellformed, broken))
    if 0 in first | second or _BUSY in first | second or max(len(first), len(second)) > 1:
        reason = "the replies to bad signatures were not the same every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, marks)
    (whole,), (cut,) = first, second
    if whole == cut:
        reason = f"answered {whole} to a bad signature, whatever stood under it"
        return Verdict(Outcome.PASS, Confidence.HIGH, reason, marks)
    reason = (
        f"{REPEATS} of {REPEATS} times, answered {whole} to a bad signature over JSON and {cut} "
        "over what is none: it parses before it verifies"
    )
    return Verdict(Outcome.WARN, Confidence.HIGH, reason, marks)


def _status(answer: Answer) -> int:
    return answer.status if isinstance(answer, Reply) else 0


OTHER_CONTENT_TYPE = Check(
    About(
        id="SIG-24",
        name="unverified-content-type",
        topic=Topic.SIGNATURE,
        title="Verifies whatever the content type",
        severity=Severity.HIGH,
        asks="unsigned events as text, form, form data, XML, bytes, and without a content type",
        correct="415 or another 4xx, and nothing done",
        why="a verification that only the JSON path goes through is passed by on every other",
        remedy="verify the bytes before the content type is looked at",
        references=(
            "CWE-288",
            "CWE-436",
            "ASVS v5.0.0-3.5.2",
            "ASVS v5.0.0-6.3.4",
            "API2:2023",
        ),
    ),
    other_content_type,
    fits=Fits(signed=True),
)

EXEMPTED_EVENT = Check(
    About(
        id="SIG-26",
        name="exempted-event",
        topic=Topic.SIGNATURE,
        title="Exempts no event from verification",
        severity=Severity.CRITICAL,
        asks="unsigned and badly signed events that claim to be a test, a greeting, another "
        "app's, verified, or from inside; unsigned challenges",
        correct="a 4xx reply, and nothing done; no challenge answered",
        why="what a stranger writes into the body or a header cannot decide whether the stranger "
        "is believed",
        remedy="verify first, route second",
        references=(
            "CWE-288",
            "CWE-636",
            "ASVS v5.0.0-6.3.4",
            "ASVS v5.0.0-16.5.3",
            "API2:2023",
        ),
    ),
    exempted_event,
    fits=Fits(signed=True),
)

PARSES_FIRST = Check(
    About(
        id="SIG-27",
        name="parses-before-verifying",
        topic=Topic.SIGNATURE,
        title="Verifies before it parses",
        severity=Severity.LOW,
        asks="badly signed bodies that are JSON, and badly signed ones that are not",
        correct="one and the same status for both",
        why="whoever has no key can reach the parser, and learns from the replies how far",
        remedy="verify the raw bytes, and parse only what held",
        references=("CWE-696", "CWE-204", "ASVS v5.0.0-16.5.1", "API2:2023"),
    ),
    parses_first,
    fits=Fits(signed=True),
)

CHECKS = (OTHER_CONTENT_TYPE, EXEMPTED_EVENT, PARSES_FIRST)
