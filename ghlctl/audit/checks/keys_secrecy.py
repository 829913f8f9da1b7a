"""Whether keys and tokens are strong, stay out of sight, and go where they belong."""

import math
import re
import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ghlctl.audit.about import About, Topic
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.needles import found_in, spellings
from ghlctl.audit.needs import missing
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import (
    Check,
    Need,
    Needle,
    Observation,
    Part,
    Script,
    Send,
    Verdict,
    observe,
    search_logs,
    send_all,
)
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.signing.standard import Standard
from ghlctl.transport.attempt import Answer, acknowledged

_LEAST_NEEDLE = 10  # characters of a secret that do not stand anywhere by chance
_PAGES = ("/", "/health", "/healthz", "/status", "/debug", "/config", "/env", "/metrics")
_FEW_BITS, _ENOUGH_BITS, _STANDARD_BITS = 64, 112, 192
_LEAST_RSA_BITS, _GOOD_RSA_BITS = 2048, 3072
_DISTINCT = 8  # different characters that a random secret of any use has
_TOKEN_NAMES = re.compile(
    r"(?i)^(?:access[_-]?token|auth[_-]?token|token|api[_-]?key|authorization|bearer|jwt|secret"
    r"|client[_-]?secret|private[_-]?token|pit)$"
)
_LEAST_TOKEN = 4
_SAMPLED = 300  # events, enough to show every location of the audit's small population


def shown_secret(kit: Kit) -> Script:
    """Everything that answers or is logged, searched for the shared secret and a bearer token.

    A receiver that holds a public key alone has no signing secret to show; the token is asked
    about in any case. Replies are searched without a log too.
    """
    token = f"ghlctl-{kit.random.getrandbits(128):032x}"
    needles = (*_secret_needles(kit), *spellings("a bearer token sent to it", token))
    deliveries = [_bearing(kit, delivery, token) for delivery in _provoking(kit)]
    accepted = deliveries[0]
    mark = accepted.canary
    answers = yield from send_all(
        Send(one.delivery, "with a bearer token", (one.canary,)) for one in deliveries
    )
    pages = yield from _pages(kit, token)
    yield from observe(mark, expected=acknowledged(answers[0]))
    logged = yield from search_logs(needles, *mark.texts)
    hit = next((found for one in (*answers, *pages) if (found := _shown(one, needles))), None)
    proof = tuple(one.canary for one in deliveries)
    if hit is not None:
        return Verdict(Outcome.FAIL, Confidence.HIGH, f"a reply shows {hit.name}", proof)
    if logged.hits:
        first = logged.hits[0]
        reason = f"a log line shows {first.needle}, in {len(logged.hits)} lines of its log"
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason, proof)
    if not logged.seen:
        reason = f"no reply shows a secret; {missing([Need.LOG])}, with lines about deliveries"
        return Verdict(Outcome.NOT_TESTED, Confidence.HIGH, reason, proof)
    count = len([one for one in (*answers, *pages) if isinstance(one, Reply)])
    reason = f"neither {count} replies nor its log show a secret"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, proof)


def weak_key(kit: Kit) -> Script:
    """The key that was given, measured by its length and its alphabet. Nothing is sent.

    The catalogue wants 24 bytes of every shared secret. Providers hand out 16 (Slack, Twilio) or
    122 bits (HubSpot), which nobody can choose: 112 bits are enough here, and 192 only where
    Standard Webhooks says so itself.
    """
    yield from ()
    if isinstance(kit.key, bytes):
        return _judged_secret(kit, kit.key)
    if isinstance(kit.public, RSAPublicKey):
        return judged_rsa(kit.public.key_size)
    return Verdict(Outcome.PASS, Confidence.HIGH, "an Ed25519 key has 128 bits of strength")


def misplaced_token(kit: Kit) -> Script:
    """Calls upstream about events of two locations: where the token stands, and whose it is.

    A token of a location that the audit never named is the operator's own, for all locations:
    nobody can tell from here whom it belongs to, and it is no failure.
    """
    tries: list[_Faults] = []
    while len(tries) < REPEATS and all(tries):
        one, other, seen = yield from _calls(kit)
        tries.append(_misplaced(kit, one, other, seen))
    proof = (one.canary, other.canary)
    counts = Counter(fault for faults in tries for fault in faults)
    fault, count = next(iter(counts.most_common(1)), ("", 0))
    if count == REPEATS:
        reason = f"{fault}, {count} of {count} times"
        return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason, proof)
    if fault:
        reason = f"{fault}, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    lines = seen.lines or ()
    if not lines:
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, "no call upstream was seen", proof)
    named = any(line.location_id for line in lines)
    whose = "and none of another location" if named else "and whose it is nobody tells"
    reason = f"no token in the URL of {len(lines)} calls upstream, {whose}"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, proof)


_Faults = tuple[str, ...]


def _calls(kit: Kit) -> Part[tuple[Genuine, Genuine, Observation]]:
    one = kit.genuine()
    other = _elsewhere(kit)
    for each in (one, other):
        yield from send_all([Send(each.delivery, "an event of its location", (each.canary,))])
    yield from observe(one.canary, expected=True)
    seen = yield from observe(one.canary, other.canary)
    return one, other, seen


def _elsewhere(kit: Kit) -> Genuine:
    """An event of a location that nobody else has named."""
    genuine = kit.genuine()
    location = _new_id(kit)
    payload = {**genuine.event.payload, "locationId": location}
    event = replace(genuine.event, payload=payload)
    return replace(genuine, event=event, delivery=kit.with_payload(genuine, payload))


def _new_id(kit: Kit) -> str:
    return "".join(kit.random.choices(string.ascii_letters + string.digits, k=20))


def _misplaced(kit: Kit, one: Genuine, other: Genuine, seen: Observation) -> _Faults:
    """What is wrong with these calls, each fault in words that stay the same."""
    faults = [
        f"a token stands in the URL of a call upstream ({name}=…)"
        for line in seen.lines or ()
        for name in _tokens_in(line)
    ]
    named = {_location(each) for each in (one, other)} | _usual_locations(kit)
    for each in (one, other):
        own = _location(each)
        calls = seen.of([each.canary])
        if own and any(line.location_id in named - {own, ""} for line in calls):
            faults.append("a call upstream used the token of another location")
    return tuple(dict.fromkeys(faults))


def _usual_locations(kit: Kit) -> frozenset[str]:
    """Those that genuine deliveries of this audit come from, which the receiver has seen before."""
    at = kit.now()
    events = (
        kit.source.event(kit.event_type, at=at, delivery_id=str(number))
        for number in range(_SAMPLED)
    )
    return frozenset(filter(None, (_named_in(event.payload) for event in events)))


def _location(genuine: Genuine) -> str:
    return _named_in(genuine.event.payload)


def _named_in(payload: Mapping[str, object]) -> str:
    found = payload.get("locationId")
    return found if isinstance(found, str) else ""


def _tokens_in(line: LedgerEntry) -> list[str]:
    query = line.path.partition("?")[2]
    return [
        name
        for name, value in parse_qsl(query)
        if _TOKEN_NAMES.match(name) and len(value) >= _LEAST_TOKEN
    ]


def _secret_needles(kit: Kit) -> tuple[Needle, ...]:
    if not isinstance(kit.key, bytes):
        return ()
    texts = {kit.key_text.decode("utf-8", "replace").strip(), kit.key.decode("utf-8", "replace")}
    texts |= {text.partition("_")[2] for text in texts if text.startswith("whsec_")}
    wanted = sorted(text for text in texts if len(text) >= _LEAST_NEEDLE and "�" not in text)
    found = tuple(needle for text in wanted for needle in spellings("the signing secret", text))
    raw = (kit.key.hex().encode(), kit.key) if len(kit.key) >= _LEAST_NEEDLE else ()
    return (*found, *(Needle("the signing secret", content) for content in raw))


def _provoking(kit: Kit) -> list[Genuine]:
    """One that is accepted, and such as are refused in different places."""
    genuine = [kit.genuine() for _ in range(4)]
    accepted, unsigned, foreign, broken = genuine
    no_json = kit.signed(b'{"webhookId": "' + broken.canary.delivery_id.encode(), broken.canary)
    return [
        accepted,
        replace(unsigned, delivery=kit.unsigned(unsigned)),
        replace(
            foreign,
            delivery=kit.delivered(foreign.event, foreign.canary, foreign.at, key=kit.stranger),
        ),
        replace(broken, delivery=no_json),
    ]


def _bearing(kit: Kit, genuine: Genuine, token: str) -> Genuine:
    """With the token, unless the config says what the receiver is to be sent in its place."""
    if any(name.lower() == "authorization" for name, _ in genuine.delivery.headers):
        return genuine
    header = ("Authorization", f"Bearer {token}")
    delivery = replace(genuine.delivery, headers=(*genuine.delivery.headers, header))
    del kit
    return replace(genuine, delivery=delivery)


def _pages(kit: Kit, token: str) -> Part[Sequence[Answer]]:
    """Pages on the receiver's host that tend to tell too much."""
    parts = urlsplit(kit.request.url)
    asked = [kit.genuine() for _ in _PAGES]
    headers = (("Authorization", f"Bearer {token}"), *kit.extra)
    return (
        yield from send_all(
            Send(
                Delivery(one.delivery.id, one.delivery.event_type, b"", headers),
                f"GET {page}",
                (one.canary,),
                method="GET",
                url=urlunsplit((parts.scheme, parts.netloc, page, "", "")),
            )
            for one, page in zip(asked, _PAGES, strict=True)
        )
    )


def _shown(answer: Answer, needles: tuple[Needle, ...]) -> Needle | None:
    if not isinstance(answer, Reply):
        return None
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers)
    return found_in(answer.body + b"\n" + headers.encode("utf-8", "surrogateescape"), needles)


def _judged_secret(kit: Kit, secret: bytes) -> Verdict:
    bits = round(strength_bits(secret))
    wanted = _STANDARD_BITS if isinstance(kit.scheme, Standard) else _ENOUGH_BITS
    reason = f"the shared secret has {len(secret)} bytes, at most some {bits} bits of strength"
    if bits < _FEW_BITS:
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason)
    if bits < wanted:
        return Verdict(Outcome.WARN, Confidence.HIGH, f"{reason}; {wanted} are wanted")
    return Verdict(Outcome.PASS, Confidence.HIGH, reason)


def judged_rsa(bits: int) -> Verdict:
    if bits < _LEAST_RSA_BITS:
        return Verdict(Outcome.FAIL, Confidence.HIGH, f"an RSA key of {bits} bits can be broken")
    more = "" if bits >= _GOOD_RSA_BITS else f"; from {_GOOD_RSA_BITS} on it has 128 of strength"
    return Verdict(Outcome.PASS, Confidence.HIGH, f"the RSA key has {bits} bits{more}")


def strength_bits(secret: bytes) -> float:
    """Bits that a secret of this length and alphabet has at most; few distinct ones count less."""
    if not secret:
        return 0.0
    size = _alphabet(secret)
    distinct = len(set(secret))
    return (
        len(secret)
        * math.log2(max(2, size if distinct >= _DISTINCT else distinct))
        * (1.0 if distinct > 1 else 0.0)
    )


def _alphabet(secret: bytes) -> int:
    text = secret.decode("latin-1")
    if re.fullmatch(r"[0-9a-f-]+|[0-9A-F-]+", text):
        return 16
    if not all(character in string.printable for character in text):
        return 256
    return sum(len(kind) for kind in _KINDS if _any_of(text, kind))


_KINDS = (
    string.ascii_lowercase,
    string.ascii_uppercase,
    string.digits,
    "+/-_",
    "".join(set(string.punctuation + " ") - set("+/-_")),
)


def _any_of(text: str, kind: Iterable[str]) -> bool:
    return not set(text).isdisjoint(kind)


SHOWN_SECRET = Check(
    About(
        id="KEY-03",
        name="shown-secret",
        topic=Topic.KEYS,
        title="Shows no secret in replies or logs",
        severity=Severity.HIGH,
        asks="genuine and broken events with a bearer token, pages for health and debugging, and "
        "the log, searched for the secret and the token in every usual spelling",
        correct="neither anywhere",
        why="logs and error pages are read by more people than may forge deliveries",
        remedy="keep keys and headers out of messages, and redact what is logged by name",
        references=(
            "CWE-532",
            "CWE-522",
            "CWE-209",
            "ASVS v5.0.0-13.3.1",
            "ASVS v5.0.0-16.2.5",
            "API8:2023",
            "CVE-2018-1000089",
            "CVE-2022-39292",
        ),
    ),
    shown_secret,
    frozenset({Need.KEY}),
    reads_key=True,
)

WEAK_KEY = Check(
    About(
        id="KEY-04",
        name="weak-key",
        topic=Topic.KEYS,
        title="Has a key that cannot be guessed",
        severity=Severity.MEDIUM,
        asks="the length and alphabet of the key that was given; nothing is sent",
        correct="112 bits of strength or more, 192 for Standard Webhooks; RSA of 2048 bits or more",
        why="whoever has seen one signed delivery can try keys at leisure until the signature fits",
        remedy="write a new key with ghlctl keys generate, or let the provider make one",
        references=(
            "CWE-326",
            "ASVS v5.0.0-11.2.3",
            "API2:2023",
        ),
    ),
    weak_key,
    frozenset({Need.KEY}),
    Fits(signed=True),
    reads_key=True,
)

MISPLACED_TOKEN = Check(
    About(
        id="KEY-07",
        name="misplaced-token",
        topic=Topic.KEYS,
        title="Sends the right token upstream, in its header",
        severity=Severity.HIGH,
        asks="events of two locations, and the calls upstream that they cause",
        correct="no token in a URL, and the token of the event's own location",
        why="URLs are logged everywhere; another location's token acts on another tenant's data",
        remedy="send the token in the Authorization header, and look it up by the event's location",
        references=("CWE-598", "CWE-639", "ASVS v5.0.0-14.2.1", "ASVS v5.0.0-8.4.1", "API1:2023"),
    ),
    misplaced_token,
    frozenset({Need.KEY, Need.UPSTREAM}),
)

CHECKS = (SHOWN_SECRET, WEAK_KEY, MISPLACED_TOKEN)
