"""What stands open beside the receiver's own path."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import fresh_canary
from ghlctl.audit.kit import Kit
from ghlctl.audit.probing import Came, Posed, Probe, Wrong, must_hold
from ghlctl.audit.script import Check, Script
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Severity
from ghlctl.model.visible import visible


@dataclass(frozen=True, slots=True)
class _Place:
    """Paths, and what stands there when they are open: the content decides, never the status."""

    what: str
    paths: tuple[str, ...]
    content: re.Pattern[str]
    severity: Severity = Severity.MEDIUM


def _place(what: str, paths: str, content: str, severity: Severity = Severity.MEDIUM) -> _Place:
    return _Place(what, tuple(paths.split()), re.compile(content, re.MULTILINE), severity)


_PLACES = (
    _place("its environment", "/.env", r"\A\s*(?:#.*\n\s*)*[A-Z][A-Z0-9_]+ ?=", Severity.CRITICAL),
    _place("its repository", "/.git/HEAD", r"\Aref: refs/", Severity.CRITICAL),
    _place("its repository", "/.git/config", r"^\[core\]", Severity.CRITICAL),
    _place(
        "its API's description",
        "/openapi.json /swagger.json /v2/api-docs",
        r"\"(?:openapi|swagger)\"\s*:",
    ),
    _place(
        "its API's documentation",
        "/docs /redoc /swagger /swagger-ui.html",
        r"(?i)swagger-ui|<redoc|redoc\.standalone",
    ),
    _place("its metrics", "/metrics", r"^# (?:TYPE|HELP) \w+"),
    _place("its actuators", "/actuator", r"\"_links\"\s*:"),
    _place("its actuators", "/actuator/env", r"\"propertySources\"\s*:", Severity.HIGH),
    _place("its profiler", "/debug/pprof/ /debug/vars", r"/debug/pprof/|\"memstats\"\s*:"),
    _place("a console", "/console", r"Werkzeug|Interactive Console|H2 Console", Severity.HIGH),
    _place("its server's status", "/server-status", r"Apache Server Status"),
    _place("phpinfo", "/phpinfo.php /info.php", r"PHP Version|phpinfo\(\)"),
)
_UNWELL = 503
_HEALTH = ("/health", "/healthz", "/status", "/ready", "/_health")
_TELLING = re.compile(
    r"\"(?:\w*version|hostname|host|env|environment|commit|git_sha|revision|python|node|platform"
    r"|database_url|dsn|password|secret|token|api_key|private_key)\"\s*:\s*"
    r"(?:\"[^\"]+\"|\{|\d)"
    r"|\b(?:postgres(?:ql)?|mysql|redis|mongodb|amqp)://\S+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----",
    re.IGNORECASE,
)


def open_places(kit: Kit) -> Script:
    """GET on paths where frameworks put what is not for strangers."""
    probes = [
        Probe(f"GET {path}", _getting(path, _holding(place)))
        for place in _PLACES
        for path in place.paths
    ]
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH))


def _getting(path: str, read: Callable[[Came], Wrong | None]) -> Callable[[Kit], Posed]:
    def pose(kit: Kit) -> Posed:
        canary = fresh_canary(kit.random)
        place = urlsplit(kit.request.url)
        delivery = Delivery(
            canary.delivery_id, kit.event_type, b"", (("Accept", "*/*"), *kit.extra)
        )
        url = f"{place.scheme}://{place.netloc}{path}"
        return Posed(delivery, (canary,), read, "GET", url)

    return pose


def _holding(place: _Place) -> Callable[[Came], Wrong | None]:
    def read(came: Came) -> Wrong | None:
        shown = isinstance(came.answer, Reply) and came.answer.acknowledged
        if not (shown and place.content.search(came.text)):
            return None
        what = f"showed {place.what} to everybody"
        return Wrong(what, Confidence.HIGH, severity=place.severity)

    return read


def telling_health(kit: Kit) -> Script:
    """The usual places of a health page; where there is none, nothing is told."""
    probes = [Probe(f"GET {path}", _getting(path, _told)) for path in _HEALTH]
    return (yield from must_hold(kit, probes, worth=Confidence.HIGH))


def _told(came: Came) -> Wrong | None:
    if not isinstance(came.answer, Reply):
        return None
    if not (came.answer.acknowledged or came.answer.status == _UNWELL):
        return None  # no health page, but an error that may well name a token or a host
    found = _TELLING.search(came.text)
    if found is None:
        return None
    shown = visible(found.group(0).partition(":")[0])[:40]
    return Wrong(f"told more than its state ({shown})", Confidence.HIGH)


OPEN_PLACES = Check(
    About(
        id="ERR-08",
        name="open-places",
        topic=Topic.ERRORS,
        title="Shows strangers nothing beside its own path",
        severity=Severity.MEDIUM,
        asks="GET on places of documentation, metrics, consoles, .env and .git",
        correct="404, or 401",
        why="they show how it is built, and some of them its secrets",
        remedy="serve nothing but the receiver's path; put the rest behind another port",
        references=(
            "CWE-538",
            "CWE-552",
            "CWE-497",
            "ASVS v5.0.0-13.4.1",
            "ASVS v5.0.0-13.4.5",
            "ASVS v5.0.0-15.2.3",
            "API9:2023",
            "API8:2023",
        ),
    ),
    open_places,
)

TELLING_HEALTH = Check(
    About(
        id="ERR-09",
        name="telling-health",
        topic=Topic.ERRORS,
        title="Tells its state on its health page, and no more",
        severity=Severity.LOW,
        asks="GET on the usual places of a health page",
        correct="a state alone",
        why="versions, hosts and settings tell an attacker what to try",
        remedy="answer with a status; show the rest to those who have signed in",
        references=("CWE-497", "CWE-200", "ASVS v5.0.0-13.4.5", "API8:2023"),
    ),
    telling_health,
)

CHECKS = (OPEN_PLACES, TELLING_HEALTH)
