"""Whether bodies that are no JSON, or JSON that nobody expects, are refused and break nothing."""

import json
from collections.abc import Callable

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import fresh_canary
from ghlctl.audit.corpora import DOUBTFUL, MALFORMED, STRANGE_NUMBERS, VALID
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.probing import (
    Came,
    Posed,
    Probe,
    Reading,
    Wrong,
    acted,
    always,
    any_of,
    breaks,
    changed,
    must_hold,
    rewritten,
    usual_paths,
)
from ghlctl.audit.refusal import Forged, Forgery, must_refuse
from ghlctl.audit.script import Check, Need, Script
from ghlctl.model.finding import Confidence, Severity

_EXACT = 2**53  # beyond it, not every whole number is a double


def malformed_json(kit: Kit) -> Script:
    """Broken in one place each, and signed; the marks still stand in what a lenient parser reads.

    Left out of the catalogue's corpus: NaN and Infinity, which Python's own parser takes (INP-06
    asks about them), and comments, which Ruby's takes.
    """
    whole = ((name, _whole(change)) for name, change in _BREAKING)
    inner = ((f"with {value}", _whole(_inserting(value))) for value in MALFORMED)
    return (yield from must_refuse(kit, [Forgery(f"that {n}", m) for n, m in (*whole, *inner)]))


def _whole(change: Callable[[bytes], bytes]) -> Callable[[Kit], Forged]:
    def make(kit: Kit) -> Forged:
        genuine = kit.genuine()
        body = change(genuine.delivery.body)
        return Forged(kit.signed(body, genuine.canary), (genuine.canary,))

    return make


def _inserting(value: str) -> Callable[[bytes], bytes]:
    return lambda body: body[:-1] + b',"extra":' + value.encode() + b"}"


_BREAKING: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("lacks its last brace", lambda body: body[:-1]),
    ("has a brace too many", lambda body: body + b"}"),
    ("has a comma before its end", lambda body: body[:-1] + b",}"),
    ("is followed by a word", lambda body: body + b" x"),
    ("is followed by another object", lambda body: body + b"{}"),
    ("has single quotes", lambda body: body.replace(b'"', b"'")),
    ("has names without quotes", lambda body: body.replace(b'"type":', b"type:", 1)),
    ("lacks a comma", lambda body: body.replace(b',"', b' "', 1)),
)


def valid_json(kit: Kit) -> Script:
    """Everything that the grammar allows, in a field that nobody reads."""
    probes = [rewritten(f"with {one}", _carrying(one)) for one in (*VALID, *DOUBTFUL)]
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH))


def _carrying(value: str) -> Callable[[bytes, Genuine], bytes]:
    return lambda body, _genuine: _inserting(value)(body)


def top_level(kit: Kit) -> Script:
    """A whole body that is no object, or an empty one."""
    bodies: tuple[tuple[str, Callable[[bytes, Genuine], bytes]], ...] = (
        ("as an array around the event", lambda body, _g: b"[" + body + b"]"),
        ("as a text that holds the event", lambda body, _g: json.dumps(body.decode()).encode()),
        ("as an array of its marks", lambda _b, g: json.dumps(list(g.canary.texts)).encode()),
        ("as a text", lambda _b, g: json.dumps(g.canary.delivery_id).encode()),
        ("as a number", lambda _b, _g: b"42"),
        ("as null", lambda _b, _g: b"null"),
        ("as true", lambda _b, _g: b"true"),
        ("as an empty object", lambda _b, _g: b"{}"),
        ("as an empty array", lambda _b, _g: b"[]"),
        ("as an empty text", lambda _b, _g: b'""'),
    )
    read = any_of(acted(kit), breaks)
    probes = [rewritten(name, body, read) for name, body in bodies]
    worth = Confidence.CONFIRMED if kit.oracle else Confidence.MEDIUM
    return (yield from must_hold(kit, probes, worth=worth, accounted=True))


def duplicate_names(kit: Kit) -> Script:
    """The contact's id, e-mail and the delivery's id twice, once each way round."""
    probes = [
        Probe(f"with {name} twice, {order}", _twice(name, order))
        for name in ("id", "contactId", "email", "webhookId")
        if name in kit.genuine().event.payload
        for order in ("the other first", "the other last")
    ]
    return (yield from must_hold(kit, probes))


def _twice(name: str, order: str) -> Callable[[Kit], Posed]:
    def pose(kit: Kit) -> Posed:
        genuine, other = kit.genuine(), fresh_canary(kit.random)
        own = genuine.event.payload[name]
        second = {
            genuine.canary.contact_id: other.contact_id,
            genuine.canary.email: other.email,
        }.get(own, other.delivery_id)
        pair = json.dumps({name: second})[1:-1].encode()
        body = genuine.delivery.body
        changed = (
            b"{" + pair + b"," + body[1:] if "first" in order else body[:-1] + b"," + pair + b"}"
        )
        delivery = kit.signed(changed, genuine.canary)
        return Posed(delivery, (other, genuine.canary), _two_readings(own, second))

    return pose


def _two_readings(one: str, other: str) -> Reading:
    """Both values in what it did and said about a single delivery."""

    def read(came: Came) -> Wrong | None:
        told = "\n".join(
            [*(f"{line.path}\n{line.body}\n{line.idempotency_key}" for line in came.lines)]
        )
        said = f"{told}\n{came.text}" if told else ""
        return Wrong("used both values of one name") if one in said and other in said else None

    return read


def strange_numbers(kit: Kit) -> Script:
    """Numbers at the edge of what a double holds, beside and as the contact's id."""
    beside = [rewritten(f"with {one[:24]} in a field", _carrying(one)) for one in STRANGE_NUMBERS]
    ids = [Probe(f"with {name} as the contact's id", _numbered(make)) for name, make in _IDS]
    return (yield from must_hold(kit, [*beside, *ids]))


_IDS: tuple[tuple[str, Callable[[Kit], str]], ...] = (
    ("a number beyond 2^53", lambda kit: str(_EXACT + 2 * kit.random.randrange(10**12) + 1)),
    ("a number of 19 digits", lambda kit: str(10**18 + 2 * kit.random.randrange(10**12) + 1)),
    ("a number of 400 digits", lambda kit: str(10**399 + kit.random.randrange(10**12))),
    ("1e400", lambda _kit: "1e400"),
    ("NaN", lambda _kit: "NaN"),
)


def _numbered(make: Callable[[Kit], str]) -> Callable[[Kit], Posed]:
    def pose(kit: Kit) -> Posed:
        genuine = kit.genuine()
        number = make(kit)
        mark = genuine.canary.contact_id.encode()
        body = genuine.delivery.body.replace(b'"' + mark + b'"', number.encode())
        return Posed(kit.signed(body, genuine.canary), (genuine.canary,), _rounded(number))

    return pose


def _rounded(number: str) -> Reading:
    """The id stands upstream as the double that is nearest to it."""
    nearest = float(number)
    texts = {repr(nearest), f"{nearest:g}"} | {"inf", "nan", "Infinity", "NaN", "null"}
    if abs(nearest) < float("inf"):
        texts |= {str(int(nearest)), f"{nearest:.0f}", f"{nearest:.1f}", f"{nearest:.16e}"}

    def read(came: Came) -> Wrong | None:
        for line in came.lines:
            parts = set(line.path.replace("?", "/").replace("=", "/").replace("&", "/").split("/"))
            if parts & (texts - {number}):
                return Wrong("used another number upstream than it was sent")
        return breaks(came)

    return read


def missing_fields(kit: Kit) -> Script:
    """Each field that receivers read left out or empty, and an event type that nobody knows."""
    genuine, paths = yield from usual_paths(kit)
    payload = genuine.event.payload
    read = _half_done(frozenset(sign for path in paths for sign in _signs(path)))
    probes = [Probe(f"without {name}", _without(name, read)) for name in _READ if name in payload]
    probes += [
        changed(f"with {name} empty", _constant(name, ""), always(read))
        for name in _READ
        if isinstance(payload.get(name), str)
    ]
    unknown = _constant("type", "GhlctlUnheardOf")
    probes.append(changed("with an unknown type", unknown, always(read)))
    worth = Confidence.CONFIRMED if kit.ledger else Confidence.HIGH
    return (yield from must_hold(kit, probes, worth=worth, accounted=True))


_READ = ("type", "locationId", "id", "contactId", "email", "timestamp", "webhookId")


def _constant(name: str, value: object) -> Callable[[Genuine, Kit], dict[str, object]]:
    return lambda _genuine, _kit: {name: value}


def _without(name: str, read: Reading) -> Callable[[Kit], Posed]:
    def pose(kit: Kit) -> Posed:
        genuine = kit.genuine()
        payload = {key: value for key, value in genuine.event.payload.items() if key != name}
        delivery = kit.with_payload(genuine, payload)
        return Posed(delivery, (genuine.canary,), read)

    return pose


def _half_done(usual: frozenset[str]) -> Reading:
    """It acted on nothing in particular, or broke; what is `usual` there is no sign of that."""

    def read(came: Came) -> Wrong | None:
        if any(_signs(line.path) - usual for line in came.lines):
            return Wrong("acted upstream on a record without an id")
        return breaks(came)

    return read


def _signs(path: str) -> frozenset[str]:
    """What stands in a path in which an id is missing."""
    path = path.partition("?")[0]
    empty = {"//"} if "//" in path else set()
    ending = {"/"} if path.endswith("/") else set()
    return frozenset(_NOTHING.intersection(path.strip("/").split("/")) | empty | ending)


_NOTHING = {"None", "null", "undefined", "NaN"}

_STRICT = "parse with a strict parser and check the result against a schema before anything else"

MALFORMED_JSON = Check(
    About(
        id="INP-01",
        name="malformed-json",
        topic=Topic.INPUT,
        title="Refuses what is no JSON",
        severity=Severity.MEDIUM,
        asks="genuinely signed events whose JSON is broken in one place",
        correct="a 4xx reply, and nothing done",
        why="who reads what is no JSON reads it otherwise than everybody else in the chain",
        remedy=_STRICT,
        references=("CWE-20", "CWE-1286", "ASVS v5.0.0-2.2.1", "API10:2023", "RFC 8259"),
    ),
    malformed_json,
    frozenset({Need.KEY}),
)

VALID_JSON = Check(
    About(
        id="INP-02",
        name="unusual-json-breaks",
        topic=Topic.INPUT,
        title="Survives every kind of JSON that the grammar allows",
        severity=Severity.LOW,
        asks="genuinely signed events with unusual but valid JSON in a field that nobody reads",
        correct="any reply but a 5xx",
        why="providers add fields when they like; one that cannot be read must not stop the rest",
        remedy=_STRICT,
        references=("CWE-20", "ASVS v5.0.0-2.2.1", "API10:2023", "RFC 8259"),
    ),
    valid_json,
    frozenset({Need.KEY}),
)

TOP_LEVEL = Check(
    About(
        id="INP-03",
        name="not-an-object",
        topic=Topic.INPUT,
        title="Refuses a body that is no object",
        severity=Severity.MEDIUM,
        asks="genuinely signed arrays, texts, numbers, null, true and {} as whole bodies",
        correct="a 4xx reply, or a 2xx that ignores it; nothing done, never a 5xx",
        why="code that expects an object breaks over anything else, and the sender tries again",
        remedy="check that the body is an object right after parsing it",
        references=(
            "CWE-1287",
            "CWE-755",
            "ASVS v5.0.0-2.2.1",
            "ASVS v5.0.0-15.3.5",
            "API10:2023",
        ),
    ),
    top_level,
    frozenset({Need.KEY}),
)

DUPLICATE_NAMES = Check(
    About(
        id="INP-04",
        name="two-readings",
        topic=Topic.INPUT,
        title="Reads a name that stands twice in one way only",
        severity=Severity.MEDIUM,
        asks="genuinely signed events in which the contact's or the delivery's id stands twice",
        correct="refused, or one of the two values used throughout",
        why="what checks the first value and uses the second has checked nothing",
        remedy="refuse duplicate names, and pass on what was parsed once, never the raw body",
        references=("CWE-436", "ASVS v5.0.0-1.5.3", "API8:2023"),
    ),
    duplicate_names,
    frozenset({Need.KEY, Need.UPSTREAM}),
)

STRANGE = Check(
    About(
        id="INP-06",
        name="numbers-change",
        topic=Topic.INPUT,
        title="Keeps numbers as they were sent, or refuses them",
        severity=Severity.MEDIUM,
        asks="signed events with NaN, Infinity, 1e400 and numbers beyond 2^53, also as id",
        correct="refused, or passed on unchanged; never a 5xx",
        why="an id that went through a double belongs to somebody else",
        remedy="take ids as texts only, and refuse numbers that are none",
        references=(
            "CWE-190",
            "CWE-681",
            "CWE-1287",
            "ASVS v5.0.0-2.2.1",
            "ASVS v5.0.0-15.3.5",
            "API10:2023",
        ),
    ),
    strange_numbers,
    frozenset({Need.KEY, Need.UPSTREAM}),
)

MISSING_FIELDS = Check(
    About(
        id="INP-10",
        name="missing-fields",
        topic=Topic.INPUT,
        title="Survives events in which something is missing",
        severity=Severity.MEDIUM,
        asks="genuinely signed events without one field, with it empty, or of an unknown type",
        correct="a 4xx reply, or a 2xx that ignores it; never a 5xx, nothing done by halves",
        why="what is missing becomes a record without an id, or an endless retry",
        remedy="say in a schema what must be there, and check it before acting",
        references=("CWE-20", "CWE-754", "ASVS v5.0.0-2.2.1", "API10:2023"),
    ),
    missing_fields,
    frozenset({Need.KEY}),
)

CHECKS = (MALFORMED_JSON, VALID_JSON, TOP_LEVEL, DUPLICATE_NAMES, STRANGE, MISSING_FIELDS)
