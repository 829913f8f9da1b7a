"""What the receiver's replies tell browsers and caches."""

import json
from dataclasses import replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.kit import Kit
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import Check, Part, Script, Verdict, send
from ghlctl.model.delivery import Delivery, Reply, first_header
from ghlctl.model.finding import Confidence, Outcome, Severity

_KEEPS = ("public", "max-age", "s-maxage")
_KEEPS_NOT = ("no-store", "no-cache", "private", "max-age=0")


def mislabelled_reply(kit: Kit) -> Script:
    """What replies say of themselves.

    The catalogue counts every missing header. Nobody can sniff or cache a short answer to a POST,
    so that one which lacks them is only noted; what is said wrongly is a warning.
    """
    genuine, other = kit.genuine(), kit.genuine()
    answers = (
        (yield from send(genuine.delivery, "genuine, for its reply", genuine.canary)),
        (yield from send(kit.unsigned(other), "unsigned, for its reply", other.canary)),
    )
    proof = (genuine.canary, other.canary)
    replies = [one for one in answers if isinstance(one, Reply)]
    if not replies:
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, "no reply came", proof)
    wrong = list(dict.fromkeys(text for one in replies for text in _wrong(one)))
    if wrong:
        return Verdict(Outcome.WARN, Confidence.HIGH, "; ".join(wrong), proof)
    missing = list(dict.fromkeys(text for one in replies for text in _missing(one)))
    if missing:
        reason = f"replies lack {', '.join(missing)}"
        return Verdict(Outcome.INFORMATIVE, Confidence.HIGH, reason, proof)
    reason = "replies name their type, forbid guessing it and forbid keeping them"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, proof)


def _wrong(reply: Reply) -> list[str]:
    found = []
    content = _header(reply, "content-type")
    kept = _header(reply, "cache-control")
    if content.startswith("text/html") and _is_json(reply.body):
        found.append("JSON is called text/html, so that a browser would run what is in it")
    if content.startswith("application/json") and reply.body and not _is_json(reply.body):
        found.append("what is called application/json is no JSON")
    if any(one in kept for one in _KEEPS) and not any(one in kept for one in _KEEPS_NOT):
        found.append("replies to deliveries may be kept by caches")
    return found


def _missing(reply: Reply) -> list[str]:
    found = []
    content = _header(reply, "content-type")
    if reply.body and not content:
        found.append("Content-Type")
    if content.startswith("text/") and "charset" not in content:
        found.append("a charset")
    if "nosniff" not in _header(reply, "x-content-type-options"):
        found.append("X-Content-Type-Options: nosniff")
    if "no-store" not in _header(reply, "cache-control"):
        found.append("Cache-Control: no-store")
    return found


def _header(reply: Reply, name: str) -> str:
    return (first_header(reply.headers, name) or "").lower()


def _is_json(body: bytes) -> bool:
    """An object or a list: a bare word or number is text as well."""
    try:
        return isinstance(json.loads(body), dict | list)
    except (ValueError, RecursionError):
        return False


def open_to_other_origins(kit: Kit) -> Script:
    """Whether a page of a stranger may send here with its visitor's credentials.

    Fresh origins each time; any origin without credentials opens nothing that curl does not.
    """
    lets, canaries = 0, []
    for _ in range(REPEATS):
        credentials, readable, canary = yield from _as_a_page(kit)
        if readable is None:
            return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, "no reply came", (canary,))
        canaries.append(canary)
        lets += credentials
        if not credentials:
            break
    proof = tuple(canaries)
    if lets == REPEATS:
        reason = f"lets every origin send credentials, {REPEATS} of {REPEATS} times"
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason, proof, severity=Severity.MEDIUM)
    if lets:
        reason = "let an origin send credentials, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, proof)
    if readable:
        reason = "lets every origin read its replies, without credentials"
        return Verdict(Outcome.INFORMATIVE, Confidence.HIGH, reason, proof)
    return Verdict(Outcome.PASS, Confidence.HIGH, "says nothing to other origins", proof)


def _as_a_page(kit: Kit) -> Part[tuple[bool, bool | None, Canary]]:
    """Whether credentials are let through, whether replies can be read; None without a reply."""
    genuine = kit.genuine()
    unsigned = kit.unsigned(genuine)
    origin = f"https://{genuine.canary.email.replace('@', '.')}"
    preflight = (("Access-Control-Request-Method", "POST"),)
    credentials = readable = False
    heard = 0
    for method, name, more in (
        ("OPTIONS", origin, preflight),
        ("POST", origin, ()),
        ("OPTIONS", "null", preflight),
    ):
        asked = _with(unsigned, ("Origin", name), *more)
        if method == "OPTIONS":
            asked = replace(asked, body=b"")
        purpose = f"{method} of a page from {'nowhere' if name == 'null' else 'elsewhere'}"
        answer = yield from send(asked, purpose, genuine.canary, method=method)
        if isinstance(answer, Reply):
            heard += 1
            allowed = first_header(answer.headers, "access-control-allow-origin")
            readable = readable or allowed in (name, "*")
            credentials = credentials or (
                allowed == name and _header(answer, "access-control-allow-credentials") == "true"
            )
    return credentials, readable if heard else None, genuine.canary


def _with(delivery: Delivery, *more: tuple[str, str]) -> Delivery:
    return replace(delivery, headers=(*delivery.headers, *more))


MISLABELLED_REPLY = Check(
    About(
        id="NET-06",
        name="mislabelled-reply",
        topic=Topic.NETWORK,
        title="Labels its replies truly",
        severity=Severity.LOW,
        asks="the headers of the replies to a genuine delivery and to an unsigned one",
        correct="Content-Type as the body is, X-Content-Type-Options: nosniff, "
        "Cache-Control: no-store",
        why="a reply that is taken for something else, or kept by a cache, reaches others",
        remedy="answer with the framework's own JSON or plain text reply, or with no body at all",
        references=(
            "CWE-525",
            "CWE-436",
            "ASVS v5.0.0-3.4.4",
            "ASVS v5.0.0-4.1.1",
            "ASVS v5.0.0-14.3.2",
            "API8:2023",
        ),
    ),
    mislabelled_reply,
)

OPEN_TO_OTHER_ORIGINS = Check(
    About(
        id="NET-07",
        name="open-to-other-origins",
        topic=Topic.NETWORK,
        title="Opens itself to no other origin",
        severity=Severity.LOW,
        asks="preflights and a request as a page of a stranger's origin, and of none, sends them",
        correct="no Access-Control-Allow-Origin for them",
        why="with credentials let through, a page can act with the rights of who looks at it",
        remedy="no CORS on a webhook: no browser has any business there",
        references=("CWE-942", "CWE-346", "ASVS v5.0.0-3.4.2", "API8:2023"),
    ),
    open_to_other_origins,
)

CHECKS = (MISLABELLED_REPLY, OPEN_TO_OTHER_ORIGINS)
