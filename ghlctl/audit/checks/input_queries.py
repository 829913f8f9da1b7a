"""Whether text from an event is ever taken for a part of a query."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import quote, unquote

from ghlctl.audit.about import About, Topic
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.probing import (
    Came,
    Probe,
    Probed,
    Reading,
    Wrong,
    breaks,
    changed,
    everywhere,
    held,
    must_hold,
    posed,
    token,
    usual_paths,
    went_wrong,
)
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import Check, Need, Script, Verdict
from ghlctl.model.finding import Confidence, Outcome, Severity

_SQL_ERROR = re.compile(
    r"SQL syntax.{0,40}(?:MySQL|MariaDB)|SQLSTATE\[|syntax error at or near|unterminated quoted"
    r" string|sqlite3?\.(?:OperationalError|Exception)|SQLITE_ERROR|near \"[^\"]{0,40}\": syntax"
    r" error|unrecognized token: |ORA-\d{5}|Unclosed quotation mark|psycopg\d?\.|PG::SyntaxError"
    r"|ER_PARSE_ERROR|QueryException|Microsoft OLE DB|ODBC SQL",
    re.IGNORECASE,
)


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
                return everywhere(f"O{text}{token(genuine)}", genuine)
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
    )
    genuine, usual = yield from usual_paths(kit)
    places = _places(genuine, usual)
    if not places:
        reason = (
            "its requests upstream name no contact in their path: nobody sees whom they concern"
        )
        return Verdict(Outcome.INFORMATIVE, Confidence.LOW, reason, (genuine.canary,))
    probes = [
        changed(
            f"with {value} as contact", _as_contact(value), lambda _g: _someone_else(kit, places)
        )
        for value in values
    ]
    return (yield from must_hold(kit, probes, accounted=True))


def _places(genuine: Genuine, paths: Sequence[str]) -> list[re.Pattern[str]]:
    """Where the contact's id stands in the paths of usual requests upstream."""
    own = re.escape(genuine.canary.contact_id)
    others = (re.escape(genuine.canary.delivery_id), re.escape(quote(genuine.canary.email)))
    found = []
    for path in dict.fromkeys(paths):
        if genuine.canary.contact_id in path:
            pattern = re.escape(path).replace(own, "([^/?&]*)")
            for other in others:
                pattern = pattern.replace(other, "[^/?&]*")
            found.append(re.compile(pattern))
    return found


def _as_contact(value: object) -> Callable[[Genuine, Kit], dict[str, object]]:
    def fields(genuine: Genuine, _kit: Kit) -> dict[str, object]:
        names = [name for name in ("id", "contactId", "email") if name in genuine.event.payload]
        return dict.fromkeys(names, value)

    return fields


_NOBODY = re.compile(r"\$|\{|\[|object|None|null|undefined|\A\Z", re.IGNORECASE)


def _someone_else(kit: Kit, places: Sequence[re.Pattern[str]]) -> Reading:
    """It acted where a contact's id belongs, and on nothing that an operator becomes as a text."""

    def read(came: Came) -> Wrong | None:
        acts = [line for line in came.lines if kit.footprint.acts([line])]
        found = [place.fullmatch(line.path) for line in acts for place in places]
        if any(one and not _NOBODY.search(unquote(one.group(1))) for one in found):
            return Wrong("took an operator for a contact and acted on whom it matched")
        return None

    return read


SQL = Check(
    About(
        id="INP-13",
        name="sql-injection",
        topic=Topic.INPUT,
        title="Keeps quotes out of its queries",
        severity=Severity.CRITICAL,
        asks="genuinely signed events with quotes and a clause in texts, e-mail and id",
        correct="text stays text: no database error, no 5xx that a doubled quote avoids",
        why="whoever can put a name into a form upstream could read and change the receiver's "
        "database",
        remedy="use parameterised queries only",
        references=("CWE-89", "ASVS v5.0.0-1.2.4", "API10:2023", "API8:2023"),
    ),
    sql,
    frozenset({Need.KEY}),
)

OPERATORS = Check(
    About(
        id="INP-14",
        name="query-operators",
        topic=Topic.INPUT,
        title="Takes no query operator for an id",
        severity=Severity.HIGH,
        asks='genuinely signed events with {"$gt": ""} and the like as id and e-mail',
        correct="a 4xx reply, or nothing found; no other contact touched",
        why="an operator matches somebody, and the event is put down to them",
        remedy="check that ids are texts of the expected form",
        references=("CWE-943", "ASVS v5.0.0-1.2.4", "API10:2023"),
    ),
    operators,
    frozenset({Need.KEY, Need.UPSTREAM}),
)

CHECKS = (SQL, OPERATORS)
