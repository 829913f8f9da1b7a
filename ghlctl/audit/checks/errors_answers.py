"""What the receiver's answers tell when something goes wrong."""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.checks.input_injection import page_with
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
    any_of,
    breaks,
    changed,
    held,
    must_hold,
    posed,
    token,
)
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import Check, Need, Script, Verdict
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.model.visible import visible

_TRACES = re.compile(
    r"Traceback \(most recent call last\)"
    r"|File \"[^\"\n]{1,200}\", line \d+"
    r"|\bat (?:async )?[\w.$<>\[\] ]{1,80} ?\((?:file://|node:|/|[A-Z]:\\)[^)\n]{1,200}:\d+:\d+\)"
    r"|\bat [\w.$]+\([\w$]+\.(?:java|kt|scala):\d+\)"
    r"|\.php(?:\(\d+\)| on line <?b?>?\d+)|Stack trace:\s|#\d+ /[^\n]{1,200}\.php"
    r"|[\w/.-]+\.rb:\d+:in [`']|goroutine \d+ \[running\]|panic: runtime error"
    r"|\bat [\w.`]+\([^)\n]*\) in [^\n]{1,200}:line \d+"
    r"|\b(?:java|javax|org\.springframework)\.[\w.]+Exception\b"
    r"|\b(?:KeyError|TypeError|ValueError|AttributeError|JSONDecodeError|UnicodeDecodeError"
    r"|ReferenceError|SyntaxError|RangeError|NullPointerException|PDOException)\b[:(]"
    r"|SQLSTATE\[|SQL syntax.{0,40}MySQL|psycopg\d?\.|sqlite3\.\w+Error"
    r"|(?:/home/|/usr/(?:src|lib|local)/|/var/www/|/opt/|/srv/|/app/)[\w./-]{1,120}\.(?:py|js|ts|php|rb|go)\b"
    r"|site-packages/|node_modules/",
    re.IGNORECASE,
)
_DEBUGGERS = re.compile(
    r"Werkzeug Debugger|__debugger__|EVALEX ?=|You're seeing this error because you have"
    r"|DEBUG\s*=\s*True|djdebug|Whoops, looks like something went wrong|Whoops\\|facade/ignition"
    r"|window\.ignite|Ignition|Action Controller: Exception caught|web-console"
    r"|Whitelabel Error Page|Symfony Exception|sf-toolbar|X-Debug-Token|phpinfo\(\)"
    r"|Starlette Debugger|<title>[^<]{0,80}(?:Debugger|Exception)</title>|Developer Exception Page"
    r"|<pre>(?:\w*Error|Error): .{0,300}&nbsp; ?at ",
    re.IGNORECASE | re.DOTALL,
)
_VERSIONED = ("server", "x-powered-by", "via", "x-generator", "x-runtime-version")
_ALWAYS_TELLING = ("x-aspnet-version", "x-aspnetmvc-version", "x-php-version")
_VERSION = re.compile(r"(?:[A-Za-z][\w.-]*[/ ]v?\d+(?:\.\d+)+|[A-Za-z][\w.-]*/\d+\b)")
_VIA_PROTOCOL = re.compile(r"^\s*(?:HTTP/)?\d(?:\.\d)?\s+")
_MARKS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9]+|[A-Za-z0-9_-]{20,}")
_LEAST_PART = 16


def _provoking(kit: Kit, read: Callable[[Genuine], Reading]) -> list[Probe]:
    """What receivers answer with an error: forged, malformed, misshapen, misdirected."""
    unsigned = [
        Probe("unsigned", _unsigned(read, lambda b: b)),
        Probe("unsigned and no JSON", _unsigned(read, lambda b: b[:-1])),
        Probe("unsigned and empty", _unsigned(read, lambda _b: b"")),
        Probe("unsigned and no UTF-8", _unsigned(read, lambda b: b[:-1] + b',"x":"\xff\xfe"}')),
        Probe("unsigned with ?debug=1", _unsigned(read, lambda b: b, "debug=1")),
        Probe("as GET", _with_method("GET", read)),
        Probe("as PUT", _with_method("PUT", read)),
    ]
    garbled = [
        Probe(f"with {name} for a signature", _garbled(value, read))
        for name, value in _GARBLED
        if kit.scheme.headers
    ]
    return [*unsigned, *garbled, *(_signed(read) if kit.key is not None else ())]


_GARBLED = (
    ("nothing", ""),
    ("a word", "x"),
    ("signs that are no base64", "!!!***"),
    ("t= and no number", "t=abc,v1=zz"),
    ("a list of nothing", ",,,=,"),
    ("a long text", "A" * 3000),
    ("half a byte of hex", "sha256=abc"),
)


def _unsigned(
    read: Callable[[Genuine], Reading], change: Callable[[bytes], bytes], query: str = ""
) -> Callable[[Kit], Posed]:
    def pose(kit: Kit) -> Posed:
        genuine = kit.genuine()
        bare = kit.unsigned(genuine)
        url = f"{kit.request.url}{'&' if '?' in kit.request.url else '?'}{query}" if query else ""
        delivery = replace(bare, body=change(bare.body))
        return Posed(delivery, (genuine.canary,), read(genuine), url=url)

    return pose


def _with_method(method: str, read: Callable[[Genuine], Reading]) -> Callable[[Kit], Posed]:
    def pose(kit: Kit) -> Posed:
        genuine = kit.genuine()
        return Posed(kit.unsigned(genuine), (genuine.canary,), read(genuine), method)

    return pose


def _garbled(value: str, read: Callable[[Genuine], Reading]) -> Callable[[Kit], Posed]:
    def pose(kit: Kit) -> Posed:
        genuine = kit.genuine()
        names = {name.lower() for name in kit.scheme.headers}
        headers = [(n, value if n.lower() in names else v) for n, v in genuine.delivery.headers]
        delivery = replace(genuine.delivery, headers=tuple(headers))
        return Posed(delivery, (genuine.canary,), read(genuine))

    return pose


def _signed(read: Callable[[Genuine], Reading]) -> Iterator[Probe]:
    """Where the signature is in order, and what it signs is not."""
    bodies: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
        ("signed and no JSON", lambda b: b[:-1]),
        ("signed and empty", lambda _b: b""),
        ("signed and no UTF-8", lambda b: b[:-1] + b',"x":"\xff"}'),
        ("signed, an array", lambda b: b"[" + b + b"]"),
        ("signed, null", lambda _b: b"null"),
        ("signed, a number", lambda _b: b"7"),
        ("signed, {}", lambda _b: b"{}"),
    )
    for name, change in bodies:
        yield Probe(name, _signed_body(change, read))
    for field in ("type", "id", "email", "locationId", "timestamp", "webhookId"):
        yield changed(f"signed, {field} null", _being(field, None), read)
        yield changed(f"signed, {field} an object", _being(field, {"a": 1}), read)


def _being(field: str, value: object) -> Callable[[Genuine, Kit], dict[str, object]]:
    return lambda _genuine, _kit: {field: value}


def _signed_body(
    change: Callable[[bytes], bytes], read: Callable[[Genuine], Reading]
) -> Callable[[Kit], Posed]:
    def pose(kit: Kit) -> Posed:
        genuine = kit.genuine()
        delivery = kit.signed(change(genuine.delivery.body), genuine.canary)
        return Posed(delivery, (genuine.canary,), read(genuine))

    return pose


def details(kit: Kit) -> Script:
    """Traces, exceptions, paths and queries in what is answered."""
    probes = _provoking(kit, lambda _g: _matching(_TRACES, "showed its insides"))
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH))


def debuggers(kit: Kit) -> Script:
    """Pages that frameworks show to their developers."""
    probes = _provoking(kit, lambda _g: _matching(_DEBUGGERS, "showed a developer's page"))
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH))


def server_errors(kit: Kit) -> Script:
    """5xx and dropped connections over what should be refused."""
    probes = _provoking(kit, lambda _g: breaks)
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH))


def _matching(pattern: re.Pattern[str], what: str) -> Reading:
    def read(came: Came) -> Wrong | None:
        found = pattern.search(came.text)
        if found is None:
            return None
        shown = " ".join(visible(found.group(0)).split())[:60]
        return Wrong(f"{what} ({shown})", Confidence.HIGH)

    return read


def versions(kit: Kit) -> Script:
    """Headers that name a program and its version."""
    probes = [
        Probe("unsigned", _unsigned(lambda _g: _version_told, lambda b: b)),
        Probe("as GET", _with_method("GET", lambda _g: _version_told)),
    ]
    if kit.key is not None:
        probes.append(changed("signed", lambda _g, _k: {}, lambda _g: _version_told))
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH))


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
    """A stranger's deliveries for a location that exists, and for one that does not."""
    pairs = []
    for _ in range(REPEATS):
        probes = [Probe("for a known location", _stranger(known=True))] * 2
        probes += [Probe("for an unknown location", _stranger(known=False))] * 2
        pairs.append((yield from posed(kit, probes)))
    everything = [one for pair in pairs for one in pair]
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


def _stranger(*, known: bool) -> Callable[[Kit], Posed]:
    def pose(kit: Kit) -> Posed:
        genuine = kit.genuine()
        unknown = {} if known else {"locationId": "".join(kit.random.choices("abcdefgh", k=20))}
        event = replace(genuine.event, payload={**genuine.event.payload, **unknown})
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


def reflections(kit: Kit) -> Script:
    """Markup in forged and genuine deliveries, in the query and a header, and the page after it."""

    def read(genuine: Genuine) -> Reading:
        mark = token(genuine)
        return any_of(page_with(f"<i {mark}>"), page_with(f"<b {mark}>"))

    def marked(genuine: Genuine, _kit: Kit) -> dict[str, object]:
        text = f"<i {token(genuine)}>"
        return {"type": text, "name": text, "locationId": text}

    def unsigned(kit: Kit) -> Posed:
        genuine = kit.genuine()
        body = kit.with_payload(genuine, {**genuine.event.payload, **marked(genuine, kit)}).body
        delivery = replace(kit.unsigned(genuine), body=body)
        return Posed(delivery, (genuine.canary,), read(genuine))

    def headed(kit: Kit) -> Posed:
        genuine = kit.genuine()
        text = f"<b {token(genuine)}>"
        bare = kit.unsigned(genuine)
        names = kit.scheme.headers or ("X-Event",)
        headers = (*bare.headers, *((name, text) for name in names), ("X-Request-Id", text))
        return Posed(replace(bare, headers=headers), (genuine.canary,), read(genuine))

    def no_json(kit: Kit) -> Posed:
        genuine = kit.genuine()
        body = f"<i {token(genuine)}>".encode()
        return Posed(replace(kit.unsigned(genuine), body=body), (genuine.canary,), read(genuine))

    probes = [
        Probe("unsigned with markup", unsigned),
        Probe("with markup in headers", headed),
        Probe("with markup for a body", no_json),
    ]
    if kit.key is not None:
        probes.append(changed("signed with markup", marked, read))
        probes.append(_quoted_by_a_parser(read))
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH))


def _quoted_by_a_parser(read: Callable[[Genuine], Reading]) -> Probe:
    """Signed markup that is no JSON, as a parser's error would quote it."""

    def pose(kit: Kit) -> Posed:
        genuine = kit.genuine()
        delivery = kit.signed(f"<i {token(genuine)}>".encode(), genuine.canary)
        return Posed(delivery, (genuine.canary,), read(genuine))

    return Probe("signed markup for a body", pose)


_QUIET = "answer errors with a fixed text and an id, and write the details to the log"

DETAILS = Check(
    About(
        id="ERR-01",
        name="details-in-answers",
        topic=Topic.ERRORS,
        title="Tells nobody how it works inside",
        severity=Severity.MEDIUM,
        asks="forged, malformed and misshapen deliveries, signed and unsigned",
        correct="a general text",
        why="traces, paths and queries tell an attacker what to try next",
        remedy=_QUIET,
        references=("CWE-209", "CWE-497", "ASVS v5.0.0-16.5.1", "API8:2023"),
    ),
    details,
)

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

SERVER_ERRORS = Check(
    About(
        id="ERR-05",
        name="server-errors",
        topic=Topic.ERRORS,
        title="Answers what is wrong with a 4xx",
        severity=Severity.MEDIUM,
        asks="forged, malformed and misshapen deliveries, signed and unsigned",
        correct="never a 5xx, never a dropped connection",
        why="a 5xx is sent again by the provider, and hides the ones that matter",
        remedy="catch what parsing and checking raise, and answer 400 or 422",
        references=(
            "CWE-755",
            "CWE-754",
            "ASVS v5.0.0-16.5.3",
            "ASVS v5.0.0-16.5.4",
            "API8:2023",
        ),
    ),
    server_errors,
)

REFLECTIONS = Check(
    About(
        id="ERR-06",
        name="markup-in-errors",
        topic=Topic.ERRORS,
        title="Shows no sender's markup in its errors",
        severity=Severity.MEDIUM,
        asks="deliveries with markup in body and headers",
        correct="no page with it in the reply",
        why="an error page that quotes the request runs what strangers wrote into it",
        remedy="answer with JSON and a fixed text",
        references=("CWE-79", "CWE-200", "ASVS v5.0.0-1.2.1", "ASVS v5.0.0-15.3.1", "API3:2023"),
    ),
    reflections,
)

DEBUGGERS = Check(
    About(
        id="ERR-07",
        name="debug-pages",
        topic=Topic.ERRORS,
        title="Shows no developer's page",
        severity=Severity.HIGH,
        asks="what makes receivers fail, also with ?debug=1",
        correct="a general text",
        why="such pages show source, settings and secrets, and some run code",
        remedy="run in production mode",
        references=("CWE-489", "CWE-215", "ASVS v5.0.0-13.4.2", "API8:2023"),
    ),
    debuggers,
)

CHECKS = (DETAILS, VERSIONS, SIGNING_ORACLE, TENANTS, SERVER_ERRORS, REFLECTIONS, DEBUGGERS)
