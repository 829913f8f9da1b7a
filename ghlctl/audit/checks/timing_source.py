"""A look at the receiver's source, where one was given, for what no clock can see."""

from collections.abc import Sequence

from ghlctl.audit.about import About, Topic
from ghlctl.audit.comparisons.look import look
from ghlctl.audit.comparisons.place import Found, Place
from ghlctl.audit.kit import Kit
from ghlctl.audit.script import Check, Need, Script, Verdict, read_source
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.model.visible import visible

_SHOWN = 5


def plain_comparison(_kit: Kit) -> Script:
    """Comparisons that stop early, of a MAC or of a signature that was sent.

    Found in the text alone: whether the line ever runs, nobody has looked. It never passes, for a
    comparison may be written in a way, or in a library, that is not known here.
    """
    source = yield from read_source()
    found = look(source.files)
    cut = "; more files were there than are read" if source.cut else ""
    if found.plain:
        return Verdict(Outcome.FAIL, Confidence.HIGH, f"{_places(found.plain)}{cut}")
    unread = f"; not read: {visible(', '.join(found.unread[:_SHOWN]))}" if found.unread else ""
    count = len(source.files)
    if not found.constant:
        reason = f"no comparison of signatures found in {count} files, constant or not{unread}{cut}"
        return Verdict(Outcome.NOT_TESTED, Confidence.HIGH, reason)
    return _only_constant(found, count, unread + cut)


def _only_constant(found: Found, files: int, more: str) -> Verdict:
    calls = "one call" if found.constant == 1 else f"{found.constant} calls"
    reason = f"{calls} that compare in constant time, and no plain one, in {files} files{more}"
    return Verdict(Outcome.INFORMATIVE, Confidence.MEDIUM, reason)


def _places(plain: Sequence[Place]) -> str:
    shown = [
        visible(f"{one.path}:{one.line} compares `{one.expression}`: {one.fix} in its place")
        for one in plain[:_SHOWN]
    ]
    more = len(plain) - _SHOWN
    return "; ".join([*shown, *([f"{more} more"] if more > 0 else [])])


PLAIN_COMPARISON = Check(
    About(
        id="TIM-03",
        name="plain-comparison",
        topic=Topic.TIMING,
        title="Compares signatures by a function made for it",
        severity=Severity.MEDIUM,
        asks="the source that was given, Python, JavaScript, TypeScript and PHP, read and never "
        "run: ==, ===, in, includes, strcmp and their kind between a MAC and what was sent",
        correct="hmac.compare_digest, crypto.timingSafeEqual, hash_equals; it never passes",
        why="a comparison that stops at the first difference tells a forger how far it got; over a "
        "network that is seldom measurable, and costs nothing to avoid",
        remedy="hmac.compare_digest(a, b) in Python, crypto.timingSafeEqual in Node over buffers "
        "of the same length, hash_equals($expected, $given) in PHP",
        references=("CWE-208", "ASVS v5.0.0-11.2.4"),
    ),
    plain_comparison,
    frozenset({Need.SOURCE}),
)

CHECKS = (PLAIN_COMPARISON,)
