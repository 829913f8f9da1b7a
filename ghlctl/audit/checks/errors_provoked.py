"""What the receiver's answers tell when something goes wrong: three readings of one series."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.probing import (
    Came,
    Posed,
    Probe,
    Reading,
    Wrong,
    breaks,
    changed,
    must_hold,
)
from ghlctl.audit.script import Check, Script
from ghlctl.model.finding import Confidence, Severity
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
    r"|DEBUG\s*=\s*True|djdebug|Whoops\\|facade/ignition"
    r"|window\.ignite|/_ignition/|Action Controller: Exception caught|web-console"
    r"|Symfony Exception|sf-toolbar|X-Debug-Token|phpinfo\(\)"
    r"|Starlette Debugger|<title>[^<]{0,80}(?:Debugger|Exception)</title>|Developer Exception Page"
    r"|<pre>(?:\w*Error|Error): .{0,300}&nbsp; ?at ",
    re.IGNORECASE | re.DOTALL,
)


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
    for field in ("id", "email", "timestamp"):
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
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH, shared="provoking"))


def debuggers(kit: Kit) -> Script:
    """Pages that frameworks show to their developers."""
    probes = _provoking(kit, lambda _g: _matching(_DEBUGGERS, "showed a developer's page"))
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH, shared="provoking"))


def server_errors(kit: Kit) -> Script:
    """5xx and dropped connections over what should be refused."""
    probes = _provoking(kit, lambda _g: breaks)
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH, shared="provoking"))


def _matching(pattern: re.Pattern[str], what: str) -> Reading:
    def read(came: Came) -> Wrong | None:
        found = pattern.search(came.text)
        if found is None:
            return None
        shown = " ".join(visible(found.group(0)).split())[:60]
        return Wrong(f"{what} ({shown})", Confidence.HIGH)

    return read


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

CHECKS = (DETAILS, SERVER_ERRORS, DEBUGGERS)
