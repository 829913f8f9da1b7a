"""Whether there is one way in: one method, one path, one place for the signature."""

import json
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote, urlencode, urlsplit

from ghlctl.audit.about import About, Topic
from ghlctl.audit.checks.signature_forgeries import (
    forgery,
    resigned,
    signature_header,
    signature_of,
    url_for,
    with_more,
)
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.raw import Line, chunked, head_of, said
from ghlctl.audit.refusal import Forged, Forgery, must_refuse
from ghlctl.audit.script import Check, Need, Script, Talk, observe, talk
from ghlctl.model.delivery import Delivery
from ghlctl.model.finding import Outcome, Severity

_NAMES = ("signature", "sig", "token")
_METHODS = ("GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


def moved_signature(kit: Kit) -> Script:
    """The genuine signature everywhere but where it belongs.

    Some servers take trailers for headers before any application sees them: that is only noted.
    """
    trailing = _in_trailer(kit)
    yield from talk(trailing)
    verdict = yield from must_refuse(
        kit,
        [
            Forgery("with its signature in the URL", _in_url),
            forgery("with its signature in a cookie", _in_cookie),
            *(
                forgery(f"with its signature in the body's field {name}", _in_body(name))
                for name in (*_NAMES[:2], signature_header(kit))
            ),
        ],
    )
    seen = yield from observe(*trailing.canaries, settle=False)
    if verdict.outcome is not Outcome.PASS or not kit.footprint.acts(seen.of(trailing.canaries)):
        return verdict
    return replace(verdict, reason=f"{verdict.reason}; its server takes trailers for headers")


def _names(kit: Kit) -> tuple[str, ...]:
    return (*_NAMES, signature_header(kit), signature_header(kit).lower())


def _in_url(kit: Kit) -> Forged:
    genuine = kit.genuine()
    value = signature_of(kit, genuine.delivery)
    url = url_for(kit, genuine.delivery.body) or kit.request.url
    more = urlencode(dict.fromkeys(_names(kit), value))
    url += ("&" if urlsplit(url).query else "?") + more
    return Forged(resigned(kit, genuine.delivery, None), (genuine.canary,), url=url)


def _in_cookie(kit: Kit, genuine: Genuine) -> Delivery:
    value = quote(signature_of(kit, genuine.delivery), safe="+/=")
    cookie = "; ".join(f"{name}={value}" for name in _names(kit))
    return with_more(resigned(kit, genuine.delivery, None), ("Cookie", cookie))


def _in_trailer(kit: Kit) -> Talk:
    genuine = kit.genuine()
    name, value = signature_header(kit), signature_of(kit, genuine.delivery)
    bare = resigned(kit, genuine.delivery, None)
    framing = (("Transfer-Encoding", "chunked"), ("Trailer", name))
    head = head_of(kit, bare, Line(length=""), *framing)
    body = chunked(bare.body).removesuffix(b"\r\n")
    content = head + body + f"{name}: {value}\r\n\r\n".encode()
    return said(content, "with its signature in a trailer", genuine.canary, within_s=5.0)


def _in_body(name: str) -> Callable[[Kit, Genuine], Delivery]:
    def make(kit: Kit, genuine: Genuine) -> Delivery:
        value = json.dumps({name: signature_of(kit, genuine.delivery)}, separators=(",", ":"))
        body = genuine.delivery.body[:-1] + b"," + value[1:].encode()
        return replace(resigned(kit, genuine.delivery, None), body=body)

    return make


def wrong_method(kit: Kit) -> Script:
    """Genuine deliveries by other methods than POST, and by one that claims to be it."""
    override = (("X-HTTP-Method-Override", "POST"), ("X-HTTP-Method", "POST"))
    return must_refuse(
        kit,
        [
            *(Forgery(f"sent as {method}", _by(method)) for method in _METHODS),
            Forgery("sent as GET that claims to be POST", _by("GET", *override)),
        ],
    )


def _by(method: str, *more: tuple[str, str]) -> Callable[[Kit], Forged]:
    """Signed for that method where the scheme covers it."""

    def make(kit: Kit) -> Forged:
        own = replace(kit, request=replace(kit.request, method=method))
        genuine = own.genuine()
        return Forged(with_more(genuine.delivery, *more), (genuine.canary,), method=method)

    return make


def other_path(kit: Kit) -> Script:
    """Unsigned deliveries to addresses that lie near the receiver's."""
    return must_refuse(kit, [_to(url) for url in nearby(kit.request.url)])


def _to(url: str) -> Forgery:
    def make(kit: Kit) -> Forged:
        genuine = kit.genuine()
        return Forged(kit.unsigned(genuine), (genuine.canary,), url=url)

    return Forgery(f"without a signature to {urlsplit(url).path}", make)


def nearby(url: str) -> tuple[str, ...]:
    """Other ways to write the path, and places where other routes are usually found.

    Without the query: what stands there may be a secret, and a redirect would say it aloud.
    """
    parts = urlsplit(url)
    path = parts.path.rstrip("/") or "/webhook"
    before, _, last = path.rpartition("/")
    paths = (
        f"{path}/",
        f"/{path}",
        f"{before}//{last}",
        path.upper() if path.upper() != path else path.lower(),
        f"{before}/%{ord(last[0]):02X}{last[1:]}",
        f"{before}/%2e/{last}",
        f"{path};x=1",
        f"{path}.json",
        f"{path}/test",
        f"{path}-test",
        f"{before}/test",
        f"{path}/v1",
        f"/v1{path}",
        f"/api{path}",
        f"/internal{path}",
        "/webhook",
        "/webhooks",
        "/test",
        "/debug",
        "/",
    )
    others = dict.fromkeys(paths + _versions(path))
    return tuple(parts._replace(path=one, query="").geturl() for one in others if one != parts.path)


def _versions(path: str) -> tuple[str, ...]:
    """The path with another version, where it names one."""
    steps = path.split("/")
    return tuple(
        "/".join([*steps[:place], f"v{number}", *steps[place + 1 :]])
        for place, step in enumerate(steps)
        if step[:1] == "v" and step[1:].isdigit()
        for number in range(max(0, int(step[1:]) - 2), int(step[1:]))
    )


MOVED_SIGNATURE = Check(
    About(
        id="SIG-22",
        name="moved-signature",
        topic=Topic.SIGNATURE,
        title="Takes a signature from its header alone",
        severity=Severity.CRITICAL,
        asks="deliveries whose genuine signature stands in the URL, a cookie, the body, a trailer",
        correct="a 4xx reply, and nothing done",
        why="each further place is one more that proxies log, forward or let a stranger set",
        remedy="read the signature from one place",
        references=("CWE-288", "CWE-598", "ASVS v5.0.0-14.2.1", "API2:2023"),
    ),
    moved_signature,
    frozenset({Need.KEY}),
    Fits(signed=True),
)

WRONG_METHOD = Check(
    About(
        id="SIG-23",
        name="wrong-method",
        topic=Topic.SIGNATURE,
        title="Acts on POST alone",
        severity=Severity.HIGH,
        asks="genuine deliveries sent as GET, PUT, PATCH, DELETE, HEAD and OPTIONS, and as a GET "
        "that claims to be a POST",
        correct="405, and nothing done",
        why="what is cached, preloaded or let through as harmless is the method's to decide: GET "
        "passes where POST is stopped",
        remedy="route POST alone",
        references=(
            "CWE-650",
            "CWE-749",
            "ASVS v5.0.0-4.1.4",
            "ASVS v5.0.0-3.5.3",
            "API8:2023",
        ),
    ),
    wrong_method,
    frozenset({Need.KEY}),
    Fits(signed=True),
)

OTHER_PATH = Check(
    About(
        id="SIG-25",
        name="unverified-path",
        topic=Topic.SIGNATURE,
        title="Verifies on every path that leads to it",
        severity=Severity.CRITICAL,
        asks="unsigned events to other spellings of the path, to other versions of it, and to "
        "places where test and debug routes are usually found",
        correct="404 or another 4xx, and nothing done",
        why="a filter that compares paths as texts, or an old route, is a way past the signature",
        remedy="verify in the one router that all of them go through",
        references=("CWE-288", "ASVS v5.0.0-6.3.4", "API2:2023", "API9:2023"),
    ),
    other_path,
    fits=Fits(signed=True),
)

CHECKS = (MOVED_SIGNATURE, WRONG_METHOD, OTHER_PATH)
