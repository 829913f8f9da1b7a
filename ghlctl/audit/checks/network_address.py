"""What the address itself gives away: whether it also answers in the clear, what stands in it."""

import re
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Kit
from ghlctl.audit.refusal import REPEATS, Forged, Forgery, must_refuse
from ghlctl.audit.script import Check, Need, Part, Script, Verdict, observe, send
from ghlctl.model.delivery import Delivery, Headers, Reply, first_header
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.transport.attempt import Answer, acknowledged

_REDIRECTS = range(300, 400)
_A_YEAR_S = 31_536_000
_MAX_AGE = re.compile(r'max-age="?([0-9]{1,12})', re.IGNORECASE)
_SECRET_NAMES = re.compile(
    r"(access|auth|api|webhook|x)?[-_]?"
    r"(token|secret|key|apikey|auth|password|passwd|pwd|pass|sig|signature|hmac)",
    re.IGNORECASE,
)
_SECRET_SEGMENT = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9_-]{20,}")
_LEAST_SECRET = 6
_SECURE = Fits(secure=True)


def plain_http(kit: Kit) -> Script:
    """The same URL over http: asked for without anything first, then sent a genuine delivery."""
    url = "http" + kit.request.url.removeprefix("https")
    bare = Delivery("", kit.event_type, b"", ())
    asked = yield from send(bare, "asked for over plain http", method="GET", url=url)
    if not isinstance(asked, Reply):
        reason = f"nobody answers HTTP in the clear ({asked.text})"
        return Verdict(Outcome.PASS, Confidence.HIGH, reason)

    def make(kit: Kit) -> Forged:
        genuine = kit.genuine()
        return Forged(genuine.delivery, (genuine.canary,), url=url)

    verdict = yield from must_refuse(kit, [Forgery("that was sent in the clear, over http", make)])
    if verdict.outcome is Outcome.FAIL or asked.status not in _REDIRECTS:
        return verdict
    reason = f"answers http with a redirect ({asked.status}): a sender that follows has sent once "
    return replace(
        verdict,
        outcome=Outcome.WARN,
        confidence=Confidence.HIGH,
        reason=reason + "in the clear, and nobody notices the wrong URL",
    )


def no_transport_security(kit: Kit) -> Script:
    """A header for browsers: its absence is a warning, and of low weight at a webhook."""
    genuine = kit.genuine()
    answer = yield from send(kit.unsigned(genuine), "for its reply's headers", genuine.canary)
    if not isinstance(answer, Reply):
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, answer.text)
    told = first_header(answer.headers, "strict-transport-security")
    found = _MAX_AGE.search(told or "")
    if found is None:
        reason = "its reply carries no Strict-Transport-Security"
        return Verdict(Outcome.WARN, Confidence.HIGH, reason, (genuine.canary,))
    days = int(found[1]) / 86400
    if int(found[1]) < _A_YEAR_S:
        reason = f"Strict-Transport-Security for {days:.0f} days, less than a year"
        return Verdict(Outcome.WARN, Confidence.HIGH, reason, (genuine.canary,))
    reason = f"Strict-Transport-Security for {days:.0f} days"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, (genuine.canary,))


@dataclass(frozen=True, slots=True)
class _Hidden:
    """Where a secret stands in the URL, in words that do not tell it, and the URL without it."""

    where: str
    without: str


def secret_in_url(kit: Kit) -> Script:
    """Something like a secret in the address, and whether anything is left without it.

    A long random part of the path may be a name as well: it counts only where the scheme proves
    nothing, and where nothing is done without it.
    """
    signed = bool(kit.scheme.covers)
    parts = urlsplit(kit.request.url)
    hidden = _in_query(parts) or (None if signed else _in_path(parts))
    if hidden is None:
        reason = "nothing in the URL looks like a secret"
        return Verdict(Outcome.PASS, Confidence.HIGH, reason)
    if signed:
        reason = f"{hidden.where}: proxies and logs keep it, although deliveries are signed"
        return Verdict(Outcome.WARN, Confidence.HIGH, reason)
    acted, refused, marks = yield from _with_and_without(kit, hidden)
    if acted == refused == REPEATS:
        reason = f"{hidden.where} is all that it asks for, {REPEATS} of {REPEATS} times"
        return Verdict(Outcome.FAIL, Confidence.CONFIRMED, reason, marks)
    reason = f"{hidden.where}: proxies and logs keep it"
    return Verdict(Outcome.WARN, Confidence.HIGH, reason, marks)


def _with_and_without(kit: Kit, hidden: _Hidden) -> Part[tuple[int, int, tuple[Canary, ...]]]:
    """How often a delivery was taken with it, and refused without it."""
    acted = refused = 0
    marks: list[Canary] = []
    for _ in range(REPEATS):
        one, other = kit.genuine(), kit.genuine()
        known = yield from send(one.delivery, "with the URL as it is", one.canary)
        bare = yield from send(other.delivery, "without it", other.canary, url=hidden.without)
        seen = yield from observe(one.canary, other.canary, any_act=True)
        acted += _did(kit, known, bool(kit.footprint.acts(seen.of([one.canary]))))
        refused += not _did(kit, bare, bool(kit.footprint.acts(seen.of([other.canary]))))
        marks += [one.canary, other.canary]
    return acted, refused, tuple(marks)


def _did(kit: Kit, answer: Answer, acted: bool) -> bool:
    return acted if kit.oracle else acknowledged(answer)


def _in_query(parts: SplitResult) -> _Hidden | None:
    pairs = parse_qsl(parts.query)
    for place, (name, value) in enumerate(pairs):
        if _SECRET_NAMES.fullmatch(name) and len(value) >= _LEAST_SECRET:
            left = urlencode(pairs[:place] + pairs[place + 1 :])
            where = f"a secret stands in the URL, as its parameter {name}"
            return _Hidden(where, parts._replace(query=left).geturl())
    return None


def _in_path(parts: SplitResult) -> _Hidden | None:
    segments = parts.path.split("/")
    for place, segment in enumerate(segments):
        if _SECRET_SEGMENT.fullmatch(segment):
            left = "/".join(segments[:place] + segments[place + 1 :])
            where = f"a secret stands in the URL, as part {place} of its path"
            return _Hidden(where, parts._replace(path=left).geturl())
    return None


def redirected(kit: Kit) -> Script:
    """Deliveries that are answered with a redirect, genuine and not; none is ever followed."""
    found: Headers = ()
    for tries in range(REPEATS):
        genuine, other = kit.genuine(), kit.genuine()
        sent = (
            ("genuine", (yield from send(genuine.delivery, "genuine", genuine.canary))),
            ("unsigned", (yield from send(kit.unsigned(other), "unsigned", other.canary))),
        )
        if not any(isinstance(answer, Reply) for _, answer in sent):
            return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, "no reply came to any delivery")
        now = tuple(
            (name, str(answer.status))
            for name, answer in sent
            if isinstance(answer, Reply) and answer.status in _REDIRECTS
        )
        found = now if not tries else tuple(pair for pair in now if pair in found)
        if not found:
            break
    proof = (genuine.canary, other.canary)
    if not found:
        reason = "no delivery is answered with a redirect"
        return Verdict(Outcome.PASS, Confidence.HIGH, reason, proof)
    what = " and ".join(f"{name} deliveries with {status}" for name, status in found)
    reason = f"answers {what}, {REPEATS} of {REPEATS} times; a provider takes that for a failure"
    return Verdict(Outcome.WARN, Confidence.HIGH, reason, proof)


PLAIN_HTTP = Check(
    About(
        id="NET-04",
        name="plain-http",
        topic=Topic.NETWORK,
        title="Does not take deliveries in the clear",
        severity=Severity.HIGH,
        asks="the same URL over http: a GET, then a genuine delivery",
        correct="nobody listens, or a refusal, and nothing done",
        why="what travels in the clear can be read, and a sender with the wrong URL never notices",
        remedy="no plaintext listener for the webhook; no redirect to https either",
        references=("CWE-319", "ASVS v5.0.0-12.2.1", "ASVS v5.0.0-4.1.2", "API8:2023"),
    ),
    plain_http,
    frozenset({Need.KEY}),
    _SECURE,
)

NO_TRANSPORT_SECURITY = Check(
    About(
        id="NET-05",
        name="no-transport-security",
        topic=Topic.NETWORK,
        title="Says that it is to be reached over TLS alone",
        severity=Severity.LOW,
        asks="the headers of a reply",
        correct="Strict-Transport-Security with a year or more",
        why="whoever opens the host in a browser is led to TLS; providers do not look at it",
        remedy="Strict-Transport-Security: max-age=31536000",
        references=("CWE-319", "ASVS v5.0.0-3.4.1", "API8:2023"),
    ),
    no_transport_security,
    fits=_SECURE,
)

REDIRECTED = Check(
    About(
        id="NET-10",
        name="redirected",
        topic=Topic.NETWORK,
        title="Answers deliveries where they are sent",
        severity=Severity.LOW,
        asks="a genuine delivery and an unsigned one",
        correct="a 2xx and a 4xx, no redirect",
        why="providers do not follow redirects, and one that did would send the delivery elsewhere",
        remedy="keep the webhook's route out of middleware that leads to a login or another host",
        references=("CWE-601", "ASVS v5.0.0-4.1.2"),
    ),
    redirected,
)

SECRET_IN_URL = Check(
    About(
        id="NET-11",
        name="secret-in-url",
        topic=Topic.NETWORK,
        title="Carries no secret in its URL",
        severity=Severity.MEDIUM,
        asks="the URL itself; where deliveries are not signed, the same without what looks secret",
        correct="nothing in the URL that has to stay secret",
        why="URLs stand in the logs of every proxy and in the provider's settings for all to see",
        remedy="sign deliveries, or send the secret in a header",
        references=("CWE-598", "ASVS v5.0.0-14.2.1", "API2:2023"),
    ),
    secret_in_url,
    reads_key=True,  # the URL's query is not stored
)

CHECKS = (PLAIN_HTTP, NO_TRANSPORT_SECURITY, REDIRECTED, SECRET_IN_URL)
