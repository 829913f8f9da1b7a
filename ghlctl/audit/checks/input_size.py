"""Whether a small body can keep the receiver busy for long."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.kit import Genuine, Kit
from ghlctl.audit.probing import (
    Came,
    Posed,
    Probe,
    Probed,
    Wrong,
    breaks,
    changed,
    held,
    posed_alone,
    rewritten,
    went_wrong,
)
from ghlctl.audit.refusal import REPEATS
from ghlctl.audit.script import Check, Need, Part, Script
from ghlctl.model.delivery import Delivery, Reply
from ghlctl.model.finding import Confidence, Severity
from ghlctl.model.sample import ErrorKind

_DEPTHS = (1_000, 10_000, 100_000)
_DEEP_MS, _LARGE_MS, _PATTERN_MS = 2_000.0, 5_000.0, 1_500.0
_TIMES_SLOWER = 20
_REFUSED_AT_ONCE_BYTES = 900_000  # many receivers take a megabyte at most
_LENGTHS = (20, 25, 30, 1_000, 8_000, 32_000)  # so near that no step costs minutes


def deep_nesting(kit: Kit) -> Script:
    """Arrays and objects in each other, signed and unsigned, deeper and deeper."""
    probes = [probe for depth in _DEPTHS for probe in _nested(depth)]
    return (yield from _stays_quick(kit, probes, _DEEP_MS))


def _nested(depth: int) -> tuple[Probe, ...]:
    arrays = b"[" * depth + b"]" * depth
    objects = b'{"a":' * depth + b"1" + b"}" * depth

    def within(value: bytes) -> Callable[[bytes, Genuine], bytes]:
        return lambda body, _genuine: body[:-1] + b',"extra":' + value + b"}"

    def unsigned(kit: Kit) -> Posed:
        genuine = kit.genuine()
        bare = kit.unsigned(genuine)
        body = within(arrays)(bare.body, genuine)
        return Posed(_with_body(bare, body), (genuine.canary,), breaks)

    return (
        rewritten(f"with {depth:,} arrays in each other", within(arrays)),
        rewritten(f"with {depth:,} objects in each other", within(objects)),
        Probe(f"unsigned with {depth:,} arrays in each other", unsigned),
    )


def many_parts(kit: Kit) -> Script:
    """As much as fits into a megabyte or two: names, characters, elements."""
    probes = [
        changed(
            "with 100,000 names", lambda _g, _k: {"extra": {f"k{n}": n for n in range(100_000)}}
        ),
        changed("with a text of 1 MB", lambda _g, _k: {"notes": "x" * 1_000_000}),
        changed("with 10,000 tags", lambda _g, _k: {"tags": [f"tag {n}" for n in range(10_000)]}),
        changed(
            "with 10,000 custom fields",
            lambda _g, _k: {"customFields": [{"id": f"f{n}", "value": n} for n in range(10_000)]},
        ),
        changed("with 300 names beside the known", lambda _g, _k: {f"k{n}": n for n in range(300)}),
    ]
    return (yield from _stays_quick(kit, probes, _LARGE_MS))


def slow_patterns(kit: Kit) -> Script:
    """Texts that nearly fit a pattern, longer and longer until one takes long."""
    tried: list[Probed] = []
    usual = yield from _usual_ms(kit)
    for name, make in _NEARLY:
        for length in _LENGTHS:
            probe = changed(f"with {name} of {length} characters", make(length))
            one = _timed((yield from posed_alone(kit, probe)), _PATTERN_MS, usual)
            tried.append(one)
            if one.wrong:
                break
    return (yield from _confirmed(kit, tried, _PATTERN_MS, usual))


_Make = Callable[[int], Callable[[Genuine, Kit], dict[str, object]]]


def _filling(field: str, unit: str, end: str) -> _Make:
    return lambda length: lambda _g, _k: {field: (unit * length)[:length] + end}


_NEARLY: tuple[tuple[str, _Make], ...] = (
    ("an e-mail", _filling("email", "a", "!")),
    ("an e-mail's domain", lambda n: lambda _g, _k: {"email": "a@" + ("a." * n)[:n] + "!"}),
    ("a phone number", _filling("phone", "1", "x")),
    ("spaced digits", _filling("phone", "1 ", "x")),
    ("a web address", lambda n: lambda _g, _k: {"website": "http://" + ("a." * n)[:n] + "\n"}),
    ("spaces", lambda n: lambda _g, _k: {"name": "a" + " " * n + "a"}),
)


def _stays_quick(kit: Kit, probes: Sequence[Probe], most_ms: float) -> Script:
    usual = yield from _usual_ms(kit)
    tried: list[Probed] = []
    for probe in probes:
        tried.append(_timed((yield from posed_alone(kit, probe)), most_ms, usual))
        if tried[-1].wrong:
            break
    return (yield from _confirmed(kit, tried, most_ms, usual))


def _confirmed(kit: Kit, tried: list[Probed], most_ms: float, usual: float) -> Script:
    """What went wrong is asked twice more; a receiver that is gone is not asked the rest."""
    wrong = [one for one in tried if one.wrong]
    again: list[Probed] = []
    for one in wrong[:1] * (REPEATS - 1):
        once_more = yield from posed_alone(kit, one.probe)
        again += [_timed(once_more, most_ms, usual)]
    if any(one.wrong for one in again):
        return went_wrong([wrong[0], *again])
    told = [one for one in (*tried, *again) if not _cut_while_large(one)]
    return held(told, Confidence.HIGH)


def _usual_ms(kit: Kit) -> Part[float]:
    """The slowest of three genuine deliveries."""
    times = []
    for _ in range(REPEATS):
        one = yield from posed_alone(kit, changed("as it is", lambda _g, _k: {}))
        times.append(one.came.answer.total_ms)
    return max(times)


def _timed(one: Probed, most_ms: float, usual_ms: float) -> Probed:
    broken = None if _cut_while_large(one) else breaks(one.came)
    return replace(one, wrong=_slow(one.came, most_ms, usual_ms) or broken)


def _cut_while_large(one: Probed) -> bool:
    """Who answers 413 and closes while the body still comes loses that answer to a reset.

    RFC 9112, section 9.6. A receiver that died of it is found dead by the next control.
    """
    large = len(one.posed.delivery.body) > _REFUSED_AT_ONCE_BYTES
    return large and not isinstance(one.came.answer, Reply)


def _slow(came: Came, most_ms: float, usual_ms: float) -> Wrong | None:
    match came.answer:
        case Reply(total_ms=total_ms):
            slow = total_ms > max(most_ms, usual_ms * _TIMES_SLOWER)
        case failure:
            slow = failure.kind is ErrorKind.TIMEOUT
    what = f"took longer than {most_ms / 1000:g} s"
    return Wrong(what, Confidence.HIGH) if slow else None


def _with_body(delivery: Delivery, body: bytes) -> Delivery:
    return replace(delivery, body=body)


DEEP_NESTING = Check(
    About(
        id="INP-07",
        name="deep-nesting",
        topic=Topic.INPUT,
        title="Survives JSON that is nested far too deep",
        severity=Severity.HIGH,
        asks="events with 1,000 to 100,000 arrays or objects in each other, signed and unsigned",
        correct="a 4xx reply within 2 s, or the field ignored; never a 5xx, still alive",
        why="200 kB of brackets exhaust the stack of a parser without a limit",
        remedy="limit size before parsing, and depth while parsing; catch what the parser raises",
        references=("CWE-674", "CWE-400", "ASVS v5.0.0-15.2.2", "API4:2023"),
    ),
    deep_nesting,
    frozenset({Need.KEY, Need.INTRUSIVE}),
)

MANY_PARTS = Check(
    About(
        id="INP-08",
        name="many-parts",
        topic=Topic.INPUT,
        title="Survives events with very many parts",
        severity=Severity.MEDIUM,
        asks="genuinely signed events with 100,000 names, a text of 1 MB, 10,000 tags",
        correct="any reply but a 5xx within 5 s",
        why="work that grows faster than the body lets a few events stop the receiver",
        remedy="limit the number of elements in the schema, and the size before it",
        references=(
            "CWE-400",
            "CWE-407",
            "CWE-770",
            "ASVS v5.0.0-2.2.1",
            "ASVS v5.0.0-15.2.2",
            "API4:2023",
        ),
    ),
    many_parts,
    frozenset({Need.KEY, Need.INTRUSIVE}),
)

SLOW_PATTERNS = Check(
    About(
        id="INP-25",
        name="slow-patterns",
        topic=Topic.INPUT,
        title="Checks texts in a time that grows no faster than they do",
        severity=Severity.MEDIUM,
        asks="signed events with e-mails, numbers and addresses that nearly fit a pattern",
        correct="answered as quickly as any other event",
        why="a pattern that tries every way to match keeps the receiver busy over one short text",
        remedy="limit lengths, and use patterns or an engine without backtracking",
        references=("CWE-1333", "ASVS v5.0.0-1.3.12", "API4:2023"),
    ),
    slow_patterns,
    frozenset({Need.KEY, Need.INTRUSIVE}),
)

CHECKS = (DEEP_NESTING, MANY_PARTS, SLOW_PATTERNS)
