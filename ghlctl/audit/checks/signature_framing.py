"""Whether a request hidden in another one is taken for a verified one."""

from collections.abc import Callable
from dataclasses import replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.fits import Fits
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.raw import Line, chunked, head_of, said, whole
from ghlctl.audit.refusal import Forged, Forgery, must_refuse
from ghlctl.audit.script import Check, Need, Script
from ghlctl.model.finding import Severity

_WITHIN_S = 3.0
_CHUNKED = ("Transfer-Encoding", "chunked")

Hide = Callable[[Kit, Genuine, bytes], bytes]
"""From a genuine delivery and a hidden request to the bytes of both."""


def hidden_request(kit: Kit) -> Script:
    """A genuine request whose end is unclear, with an unsigned one where the next could begin.

    Whether a proxy would part them so is not seen from one connection: what counts is whether
    the unsigned one is acted on.
    """
    return must_refuse(kit, [_hidden(name, hide) for name, hide in _WAYS])


def _hidden(name: str, hide: Hide) -> Forgery:
    def make(kit: Kit) -> Forged:
        outer, inner = kit.genuine(), kit.genuine()
        bare = kit.unsigned(inner)
        content = hide(kit, outer, whole(kit, bare))
        # Two replies: whoever answers one alone has closed, or waits for more than there is.
        spoken = said(content, name, inner.canary, replies=2, within_s=_WITHIN_S, requests=2)
        return Forged(bare, (inner.canary,), talk=spoken)

    return Forgery(f"without a signature, {name}", make)


def _pipelined(kit: Kit, outer: Genuine, hidden: bytes) -> bytes:
    return whole(kit, outer.delivery) + hidden


def _length_and_chunks(kit: Kit, outer: Genuine, hidden: bytes) -> bytes:
    """CL.TE: the length covers both, the chunks end before the second."""
    body = chunked(outer.delivery.body)
    line = Line(length=str(len(body) + len(hidden)))
    return head_of(kit, outer.delivery, line, _CHUNKED) + body + hidden


def _chunks_and_length(kit: Kit, outer: Genuine, hidden: bytes) -> bytes:
    """TE.CL: the length covers the first alone, the chunks hold both."""
    own = outer.delivery.body
    body = chunked(own + hidden, size=len(own) + len(hidden))
    line = Line(length=str(len(own)))
    return head_of(kit, outer.delivery, line, _CHUNKED) + body


def _veiled_chunks(kit: Kit, outer: Genuine, hidden: bytes) -> bytes:
    """A transfer coding that one server understands and another does not."""
    own = outer.delivery.body
    line = Line(length=str(len(own)))
    veiled = ("Transfer-Encoding", "xchunked, \x0bchunked")
    return head_of(kit, outer.delivery, line, veiled) + own + hidden


def _two_lengths(kit: Kit, outer: Genuine, hidden: bytes) -> bytes:
    own = outer.delivery.body
    more = ("Content-Length", str(len(own) + len(hidden)))
    return head_of(kit, outer.delivery, Line(), more) + own + hidden


def _folded(kit: Kit, outer: Genuine, hidden: bytes) -> bytes:
    """A header that goes on in the next line, which RFC 9112 forbids."""
    own = outer.delivery.body
    folded = ("X-Folded", "one\r\n Transfer-Encoding: chunked")
    return head_of(kit, outer.delivery, Line(), folded) + own + hidden


def _no_length(kit: Kit, outer: Genuine, hidden: bytes) -> bytes:
    """Without length or chunks there is no body, and the next request begins at once."""
    bare = replace(outer.delivery, body=b"")
    return head_of(kit, bare, Line(length="")) + hidden


_WAYS: tuple[tuple[str, Hide], ...] = (
    ("after a genuine one on its connection", _pipelined),
    ("hidden behind a length and chunks", _length_and_chunks),
    ("hidden in chunks behind a length", _chunks_and_length),
    ("hidden behind a veiled transfer coding", _veiled_chunks),
    ("hidden behind two lengths", _two_lengths),
    ("hidden behind a folded header", _folded),
    ("hidden behind a request without a length", _no_length),
)

HIDDEN_REQUEST = Check(
    About(
        id="SIG-31",
        name="hidden-request",
        topic=Topic.SIGNATURE,
        title="Verifies every request of a connection by itself",
        severity=Severity.HIGH,
        asks="unsigned events after a genuine one on its connection, plainly and hidden by "
        "lengths and chunks that contradict each other, on connections of the audit's own",
        correct="400 or a closed connection, and the unsigned one not acted on",
        why="a request that a proxy takes for the body of another passes unverified",
        remedy="a patched server that refuses ambiguous framing; verify each request",
        references=("CWE-444", "ASVS v5.0.0-4.2.1", "API8:2023"),
    ),
    hidden_request,
    frozenset({Need.KEY, Need.INTRUSIVE, Need.ORACLE}),
    Fits(signed=True),
)

CHECKS = (HIDDEN_REQUEST,)
