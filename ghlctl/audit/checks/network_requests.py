"""What requests of an unusual kind, said by hand, bring back from the receiver's host."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.kit import Kit
from ghlctl.audit.raw import Line, said, whole
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import Check, Script, Talk, Verdict, talk_all
from ghlctl.model.delivery import Reply
from ghlctl.model.finding import Confidence, Outcome, Severity

_WITHIN_S = 5.0
_OK = range(200, 300)
_METHODS = ("OPTIONS", "CONNECT", "FOO")


def echoes_trace(kit: Kit) -> Script:
    """TRACE sends back what it was sent; what the other methods are answered is noted."""
    echoed = 0
    proof: list[Canary] = []
    for _ in range(REPEATS):
        genuine = kit.genuine()
        mark = genuine.canary
        bare = kit.unsigned(genuine)
        proof.append(mark)
        header = ("X-Ghlctl-Mark", mark.contact_id)
        asked = [said(_bare(kit, "TRACE", header), "TRACE", mark, within_s=_WITHIN_S)]
        if not echoed:
            asked += [
                said(whole(kit, bare, Line(method=name)), name, mark, within_s=_WITHIN_S)
                for name in _METHODS
            ]
        talked = yield from talk_all(asked)
        replies = [one.replies[0] if one.replies else None for one in talked.conversations]
        if not echoed:
            notes = _notes(replies)
        if not _echo(replies[0], mark):
            break
        echoed += 1
    if echoed == REPEATS:
        reason = f"TRACE sends back a request's headers, {REPEATS} of {REPEATS} times"
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason, tuple(proof))
    if echoed:
        reason = "TRACE sent back a request's headers, but not every time"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, tuple(proof))
    if not any(replies):
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, "no method was answered", tuple(proof))
    return Verdict(Outcome.PASS, Confidence.HIGH, f"no echo: {notes}", tuple(proof))


def _bare(kit: Kit, method: str, *more: tuple[str, str]) -> bytes:
    """A request without a body, which TRACE must not have."""
    place = urlsplit(kit.request.url)
    lines = [f"{method} {place.path or '/'} HTTP/1.1", f"Host: {place.netloc}"]
    lines += [f"{name}: {text}" for name, text in more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def _echo(reply: Reply | None, mark: Canary) -> bool:
    return reply is not None and reply.status in _OK and mark.contact_id.encode() in reply.body


def _notes(replies: list[Reply | None]) -> str:
    names = ("TRACE", *_METHODS)
    told = zip(names, replies, strict=True)
    return ", ".join(f"{name} {reply.status if reply else 'unanswered'}" for name, reply in told)


@dataclass(frozen=True, slots=True)
class _Asked:
    """`host` is nobody's and stands where `name` says."""

    name: str
    host: str
    talk: Talk


def trusts_host(kit: Kit) -> Script:
    """A stranger's host name in each place where a request may carry one.

    The receiver's own path is asked, no other: frameworks redirect `/path/` by the Host header,
    which says nothing of the webhook.
    """
    found: set[str] = set()
    proof: list[Canary] = []
    for tries in range(REPEATS):
        genuine = kit.genuine()
        proof.append(genuine.canary)
        asked = _asked(kit)
        talked = yield from talk_all(one.talk for one in asked)
        if not any(one.replies for one in talked.conversations):
            reason = "no request with another host was answered"
            return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason)
        now = {
            one.name
            for one, spoken in zip(asked, talked.conversations, strict=True)
            if any(_reflects(reply, one.host) for reply in spoken.replies)
        }
        found = now if not tries else found & now
        if not found:
            break
    if found:
        places = ", ".join(sorted(found))
        reason = f"puts a stranger's host into links, {REPEATS} of {REPEATS} times: from {places}"
        return Verdict(Outcome.WARN, Confidence.HIGH, reason)
    reason = "no stranger's host came back in a header or a link"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason)


def _asked(kit: Kit) -> list[_Asked]:
    genuine = kit.genuine()
    bare = kit.unsigned(genuine)
    host = f"ghlctl-{genuine.canary.contact_id.lower()}.example.com"
    path = urlsplit(kit.request.url).path or "/"
    requests = {
        "Host": whole(kit, bare, Line(host=host)),
        "an absolute request line": whole(kit, bare, Line(target=f"http://{host}{path}")),
        "X-Forwarded-Host": whole(kit, bare, Line(), ("X-Forwarded-Host", host)),
        "Forwarded": whole(kit, bare, Line(), ("Forwarded", f"host={host}")),
        "X-Forwarded-Host of a GET": _bare(kit, "GET", ("X-Forwarded-Host", host)),
    }
    return [
        _Asked(name, host, said(content, f"another host in {name}", within_s=_WITHIN_S))
        for name, content in requests.items()
    ]


def _reflects(reply: Reply, host: str) -> bool:
    link = f"//{host}".encode()
    return any(host in value.lower() for _, value in reply.headers) or link in reply.body.lower()


ECHOES_TRACE = Check(
    About(
        id="NET-08",
        name="echoes-trace",
        topic=Topic.NETWORK,
        title="Does not send requests back",
        severity=Severity.LOW,
        asks="TRACE, OPTIONS, CONNECT and a method that nobody knows",
        correct="405 or 501; no header of the request in a reply",
        why="TRACE tells whoever can make another send it which headers proxies add on the way",
        remedy="let the server answer POST on the webhook's route and nothing else",
        references=("CWE-749", "ASVS v5.0.0-13.4.4", "ASVS v5.0.0-4.1.4", "API8:2023"),
    ),
    echoes_trace,
)

TRUSTS_HOST = Check(
    About(
        id="NET-09",
        name="trusts-host",
        topic=Topic.NETWORK,
        title="Writes no stranger's host into its replies",
        severity=Severity.LOW,
        asks="requests whose Host, request line or forwarding header names a host of a stranger",
        correct="that name in no header and no link of the reply",
        why="links made from the Host header lead wherever a stranger wants, also from a cache",
        remedy="build links from a configured address",
        references=("CWE-644", "ASVS v5.0.0-4.1.3", "API8:2023"),
    ),
    trusts_host,
)

CHECKS = (ECHOES_TRACE, TRUSTS_HOST)
