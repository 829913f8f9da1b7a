"""Whether text from an event decides what the receiver calls."""

import re
from collections.abc import Callable

from ghlctl.audit.about import About, Topic
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.probing import Came, Reading, Wrong, always, called_back, changed, must_hold
from ghlctl.audit.script import Check, Need, Script
from ghlctl.model.finding import Confidence, Severity

_ADDRESSES = ("website", "avatar", "profilePhoto", "callbackUrl", "logoUrl", "url", "imageUrl")


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
        changed(f"with addresses that end in {suffix or 'nothing'}", fields(suffix), always(read))
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
    ("%2e%2e%2f", lambda own, mark: f"{own}%2f%2e%2e%2f{mark}"),
    ("a backslash", lambda own, mark: f"{own}\\..\\{mark}"),
    ("a question mark", lambda own, mark: f"{own}?x={mark}"),
    ("an ampersand", lambda own, mark: f"{own}&x={mark}"),
    ("a hash", lambda own, mark: f"{own}#{mark}"),
    ("a line break", lambda own, mark: f"{own}\r\nX-Ghlctl: {mark}"),
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


FETCHES = Check(
    About(
        id="INP-19",
        name="fetches-addresses",
        topic=Topic.INPUT,
        title="Fetches no address from an event",
        severity=Severity.HIGH,
        asks="genuinely signed events with addresses of the audit's own listener",
        correct="no call to them, or only to hosts on a list",
        why="a stranger decides what the receiver calls from inside the network",
        remedy="fetch from a list of hosts only, through a proxy that refuses private addresses",
        references=("CWE-918", "ASVS v5.0.0-1.3.6", "ASVS v5.0.0-13.2.4", "API7:2023"),
    ),
    fetches,
    frozenset({Need.KEY, Need.LISTENER}),
)

PATHS = Check(
    About(
        id="INP-20",
        name="id-leads-elsewhere",
        topic=Topic.INPUT,
        title="Keeps ids inside their place in the path upstream",
        severity=Severity.HIGH,
        asks="genuinely signed events with ../, %2f, ?, # and line breaks in ids",
        correct="refused, or percent-encoded; the path upstream stays as it is meant",
        why="with the receiver's own token, a stranger chooses what is called upstream",
        remedy="check ids against their form, and encode each segment of a path",
        references=(
            "CWE-22",
            "CWE-74",
            "CWE-113",
            "ASVS v5.0.0-1.2.2",
            "ASVS v5.0.0-2.2.1",
            "API10:2023",
            "API8:2023",
        ),
    ),
    paths,
    frozenset({Need.KEY, Need.UPSTREAM}),
)

CHECKS = (FETCHES, PATHS)
