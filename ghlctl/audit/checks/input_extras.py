"""Whether names that no event should have get anywhere, in the body or beside it."""

from collections.abc import Callable
from dataclasses import replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary, fresh_canary
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.probing import (
    Came,
    Posed,
    Probe,
    Reading,
    Wrong,
    acted,
    any_of,
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
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.signing.scheme import Covered


def pollution(kit: Kit) -> Script:
    """Events that set a property of every object, then clean ones that must not have it."""
    mark = f"ghlctl{kit.random.randrange(10**9, 10**10)}"
    extra: tuple[tuple[str, dict[str, object]], ...] = (
        ("__proto__", {"__proto__": {mark: mark}}),
        ("constructor.prototype", {"constructor": {"prototype": {mark: mark}}}),
        ("__proto__ further in", {"customFields": {"__proto__": {mark: mark}}}),
        ("constructor further in", {"contact": {"constructor": {"prototype": {mark: mark}}}}),
        ("dotted names", {"__proto__.x": mark, "constructor.prototype.x": mark}),
    )
    yield from posed(kit, [changed(f"with {name}", _adding(more)) for name, more in extra])
    what = "gave a clean event a property that an earlier one had set on all objects"
    read = any_of(upstream_has(mark, what), reply_has(mark, what))
    clean = Probe("clean, after those", lambda kit: _clean(kit, read))
    tried = yield from posed(kit, [clean] * REPEATS)
    return (
        went_wrong(tried) if any(one.wrong for one in tried) else held(tried, Confidence.CONFIRMED)
    )


def _clean(kit: Kit, read: Reading) -> Posed:
    genuine = kit.genuine()
    return Posed(genuine.delivery, (genuine.canary,), read)


def _adding(more: dict[str, object]) -> Callable[[Genuine, Kit], dict[str, object]]:
    return lambda _genuine, _kit: more


def privileges(kit: Kit) -> Script:
    """Fields with which a record would gain rights, beside the genuine ones and within them."""
    names = (
        "role",
        "roles",
        "isAdmin",
        "is_admin",
        "permissions",
        "ownerId",
        "verified",
        "balance",
    )

    def flat(genuine: Genuine, _kit: Kit) -> dict[str, object]:
        return {name: f"{token(genuine)}{name}" for name in names}

    def nested(genuine: Genuine, _kit: Kit) -> dict[str, object]:
        return {key: flat(genuine, _kit) for key in ("user", "contact", "account", "attributes")}

    what = "passed fields on that no event has"
    probes = [
        changed(f"with {how}", make, lambda g: upstream_has(token(g), what))
        for how, make in (("fields that grant rights", flat), ("such fields inside others", nested))
    ]
    return (yield from must_hold(kit, probes))


def invalid_values(kit: Kit) -> Script:
    """Values that are no address, number, date or web address, each with a mark of its own."""
    values = {
        "email": "no-address-{}",
        "phone": "no-number-{}",
        "website": "no web address {}",
        "dateOfBirth": "no-date-{}",
        "country": "no-country-{}",
    }
    probes = [
        changed(f"with an invalid {name}", _invalid(name, form), _passed_on(name, form))
        for name, form in values.items()
    ]
    return (yield from must_hold(kit, probes))


def _invalid(name: str, form: str) -> Callable[[Genuine, Kit], dict[str, object]]:
    return lambda genuine, _kit: {name: form.format(token(genuine))}


def _passed_on(name: str, form: str) -> Callable[[Genuine], Reading]:
    def reading(genuine: Genuine) -> Reading:
        said = upstream_has(form.format(token(genuine)), f"passed an invalid {name} on as it was")

        def read(came: Came) -> Wrong | None:
            found = said(came)
            return replace(found, outcome=Outcome.WARN) if found else None

        return read

    return reading


def query(kit: Kit) -> Script:
    """Parameters that would switch checks off, or change whom a genuine event is about.

    What is acted on without the switches, too, is no fault of the query's.
    """
    switches = "skip_verify=1&verify=false&debug=1&test=1&signature=none&bypass=true&admin=1"
    plain = Probe("signed by a stranger", lambda k: _forged(k, ""))
    forged = Probe(
        "signed by a stranger, with switches in the query", lambda k: _forged(k, switches)
    )
    overruled = Probe("with another contact in the query", _overruled)
    careless = yield from posed(kit, [plain] * REPEATS)
    asked = [overruled] if any(one.wrong for one in careless) else [forged, overruled]
    return (yield from must_hold(kit, asked))


def _at(kit: Kit, more: str) -> str:
    url = kit.request.url
    return f"{url}{'&' if '?' in url else '?'}{more}"


def _forged(kit: Kit, more: str) -> Posed:
    genuine = kit.genuine()
    delivery = kit.delivered(genuine.event, genuine.canary, genuine.at, key=kit.stranger)
    return Posed(delivery, (genuine.canary,), acted(kit), url=_at(kit, more) if more else "")


def _overruled(kit: Kit) -> Posed:
    genuine, other = kit.genuine(), fresh_canary(kit.random)
    names = ("id", "contactId", "contact_id")
    more = "&".join([*(f"{name}={other.contact_id}" for name in names), f"email={other.email}"])
    return Posed(genuine.delivery, (other, genuine.canary), _about(other), url=_at(kit, more))


def _about(other: Canary) -> Reading:
    def read(came: Came) -> Wrong | None:
        said = "\n".join(f"{line.path}\n{line.body}" for line in came.lines)
        if other.contact_id in said or other.email in said:
            return Wrong("let the query overrule what was signed")
        return None

    return read


def other_formats(kit: Kit) -> Script:
    """XML, YAML and serialised objects that call the audit's listener when they are read."""
    probes = [Probe(f"as {name}", _as(kind, body)) for name, kind, body in _FORMATS]
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH))


def _as(kind: str, body: Callable[[str], str]) -> Callable[[Kit], Posed]:
    def pose(kit: Kit) -> Posed:
        canary = fresh_canary(kit.random)
        url = f"{kit.listener}/{canary.delivery_id}/{kind.rpartition('/')[2]}"
        delivery = kit.signed(body(url).encode(), canary, content_type=kind)
        read = called_back("", "called an address while it read a format that nobody asked for")
        return Posed(delivery, (canary,), read)

    return pose


def _entity(url: str) -> str:
    return f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "{url}">]><r><id>&x;</id></r>'


def _definition(url: str) -> str:
    return f'<?xml version="1.0"?><!DOCTYPE r SYSTEM "{url}"><r/>'


def _yaml(url: str) -> str:
    return f'!!python/object/apply:urllib.request.urlopen ["{url}"]\n'


def _pickle(url: str) -> str:
    return f"curllib.request\nurlopen\n(S'{url}'\ntR."


_FORMATS: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("XML with an entity", "application/xml", _entity),
    ("XML with an entity, as text", "text/xml", _entity),
    ("XML with a definition elsewhere", "application/xml", _definition),
    ("YAML", "application/yaml", _yaml),
    ("a pickle", "application/octet-stream", _pickle),
    ("XML named JSON", "application/json", _entity),
)

POLLUTION = Check(
    About(
        id="INP-05",
        name="prototype-pollution",
        topic=Topic.INPUT,
        title="Lets no event change all others",
        severity=Severity.HIGH,
        asks="genuinely signed events with __proto__ and constructor.prototype, then clean ones",
        correct="the clean events look upstream as they always do",
        why="one event would give every later one properties of a stranger's choice",
        remedy="copy known fields only, into objects without a prototype",
        references=("CWE-1321", "ASVS v5.0.0-15.3.6", "API3:2023"),
    ),
    pollution,
    frozenset({Need.KEY, Need.UPSTREAM}),
)

PRIVILEGES = Check(
    About(
        id="INP-11",
        name="mass-assignment",
        topic=Topic.INPUT,
        title="Passes on the fields that it knows, and no others",
        severity=Severity.MEDIUM,
        asks="genuinely signed events with role, isAdmin, permissions and the like added",
        correct="none of them reaches the upstream",
        why="what is passed on whole lets the sender set fields that were never meant for it",
        remedy="build requests upstream from a list of known fields",
        references=("CWE-915", "ASVS v5.0.0-15.3.3", "API3:2023"),
    ),
    privileges,
    frozenset({Need.KEY, Need.UPSTREAM}),
)

INVALID_VALUES = Check(
    About(
        id="INP-12",
        name="invalid-passed-on",
        topic=Topic.INPUT,
        title="Passes no invalid value on as a valid one",
        severity=Severity.LOW,
        asks="genuinely signed events with an e-mail, phone, date or web address that is none",
        correct="refused, dropped or put right",
        why="what is wrong here is trusted further on",
        remedy="check formats where events come in",
        references=("CWE-20", "CWE-1286", "ASVS v5.0.0-2.2.1", "API10:2023"),
    ),
    invalid_values,
    frozenset({Need.KEY, Need.UPSTREAM}),
)

QUERY = Check(
    About(
        id="INP-27",
        name="query-overrules",
        topic=Topic.INPUT,
        title="Lets the query overrule nothing that is signed",
        severity=Severity.MEDIUM,
        asks="a forgery with skip_verify=1 and the like, a genuine event with another contact",
        correct="the query is ignored",
        why="the query is not signed: everybody can add to it",
        remedy="read from the signed body alone",
        references=("CWE-235", "ASVS v5.0.0-15.3.7", "API8:2023"),
    ),
    query,
    frozenset({Need.KEY, Need.UPSTREAM}),
    Fits(leaves_out=frozenset({Covered.URL}), signed=True),
)

OTHER_FORMATS = Check(
    About(
        id="INP-26",
        name="other-formats-read",
        topic=Topic.INPUT,
        title="Reads JSON and nothing else",
        severity=Severity.HIGH,
        asks="genuinely signed XML, YAML and pickles that would call the audit's own listener",
        correct="415 or another 4xx, and no call",
        why="readers of these formats fetch addresses and run code on the way",
        remedy="parse JSON whatever the content type says, or answer 415",
        references=("CWE-611", "CWE-502", "ASVS v5.0.0-1.5.1", "ASVS v5.0.0-1.5.2", "API8:2023"),
    ),
    other_formats,
    frozenset({Need.KEY, Need.LISTENER}),
)

CHECKS = (POLLUTION, PRIVILEGES, INVALID_VALUES, OTHER_FORMATS, QUERY)
