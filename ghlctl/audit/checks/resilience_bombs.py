"""Whether a small body that inflates to a large one is inflated."""

import gzip
import zlib
from collections.abc import Callable
from dataclasses import replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.refusal import REPEATS, Forged, Forgery, must_refuse
from ghlctl.audit.script import Check, Need, Part, Script, Verdict, send
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.model.sample import ErrorKind
from ghlctl.providers.deliver import encode
from ghlctl.transport.attempt import Answer

_SLOW_MS = 5000.0
_INFLATED_BYTES = 10_000_000  # ten times what any limit on an event lets through
Squeeze = Callable[[bytes], bytes]


def inflated(kit: Kit) -> Script:
    """Bombs far larger than any event inside; signed before and after they were packed.

    A signature over the packed bytes holds where they are verified as they came, one over the
    event where they are inflated first: whoever acts on either has inflated all of it. Brotli is
    not asked: Python has none.
    """
    slow = yield from _slow(kit)
    if slow:
        reason = f"took more than {_SLOW_MS / 1e3:.0f} s over a small packed body, {slow}"
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason)
    return (
        yield from must_refuse(
            kit,
            [
                _forgery("gzip", _gzipped, "gzip", before=True),
                _forgery("gzip", _gzipped, "gzip", before=False),
                _forgery("deflate", zlib.compress, "deflate", before=True),
                _forgery("gzip twice", _twice, "gzip, gzip", before=True),
            ],
        )
    )


def _slow(kit: Kit) -> Part[str]:
    """How often an unsigned bomb was slow, "" where it was answered in time."""
    for _ in range(REPEATS):
        genuine = kit.genuine()
        bare = kit.unsigned(genuine)
        packed = _packed(bare, _gzipped(_large(kit, genuine)), "gzip")
        answer = yield from send(packed, "unsigned, packed by gzip", genuine.canary)
        if not _lasted(answer):
            return ""
    return f"{REPEATS} of {REPEATS} times"


def _lasted(answer: Answer) -> bool:
    timed_out = not isinstance(answer, Reply) and answer.kind is ErrorKind.TIMEOUT
    return timed_out or answer.total_ms > _SLOW_MS


def _forgery(name: str, squeeze: Squeeze, coding: str, *, before: bool) -> Forgery:
    def make(kit: Kit) -> Forged:
        genuine = kit.genuine()
        event = _large(kit, genuine)
        content = squeeze(event)
        signed = kit.signed(event if before else content, genuine.canary)
        return Forged(_packed(signed, content, coding), (genuine.canary,))

    size = "before" if before else "after"
    return Forgery(f"packed by {name}, which inflates far beyond any event, signed {size}", make)


def _large(kit: Kit, genuine: Genuine) -> bytes:
    payload = dict(genuine.event.payload) | {"notes": ""}
    size = min(_INFLATED_BYTES, kit.largest_body_bytes)
    padding = size - len(encode(replace(genuine.event, payload=payload)))
    return encode(replace(genuine.event, payload=payload | {"notes": "x" * padding}))


def _packed(delivery: Delivery, content: bytes, coding: str) -> Delivery:
    headers = (*delivery.headers, ("Content-Encoding", coding))
    return replace(delivery, body=content, headers=headers)


def _gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _twice(content: bytes) -> bytes:
    return _gzipped(_gzipped(content))


INFLATED = Check(
    About(
        id="RES-03",
        name="inflated",
        topic=Topic.RESILIENCE,
        title="Does not inflate a small body into a huge one",
        severity=Severity.HIGH,
        asks="an event padded to 10 MB that gzip or deflate packs into some kilobytes, also packed "
        "twice; unsigned, signed before and after packing",
        correct="415, or 413 at a limit on what is inflated; nothing done, and that at once",
        why="a thousandfold of what is sent ends up in memory, past every limit on Content-Length",
        remedy="switch inflating off (no provider packs its events), or bound what comes out of it",
        references=("CWE-409", "ASVS v5.0.0-15.2.2", "API4:2023"),
    ),
    inflated,
    frozenset({Need.KEY, Need.INTRUSIVE}),
)

CHECKS = (INFLATED,)
