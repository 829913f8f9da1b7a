"""What a stranger's large body costs before it is refused."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ghlctl.audit.about import About, Topic
from ghlctl.audit.canary import Canary
from ghlctl.audit.kit import Kit
from ghlctl.audit.script import Check, Part, Script, Verdict, observe, send
from ghlctl.model.delivery import Reply
from ghlctl.model.finding import Confidence, Outcome, Severity
from ghlctl.transport.attempt import Answer

_ROUNDS = 4
_BODY_BYTES = 900_000  # what a limit of 1 MB lets through
_RECORD = b'{"a":[{},[1]]},'
_WARN_RATIO, _WARN_MS = 5.0, 20.0
_FAIL_RATIO, _FAIL_MS = 20.0, 1000.0
_BUSY = 429


@dataclass(frozen=True, slots=True)
class _Costs:
    """The least milliseconds over some rounds, inf where none was answered.

    `text` and `nested` are as large as each other; only one of them is JSON.
    """

    small: float
    text: float
    nested: float

    @property
    def parsing(self) -> float:
        return self.nested - self.text

    @property
    def ratio(self) -> float:
        return self.parsing / max(self.small, 0.1)

    def over(self, ratio: float, least_ms: float) -> bool:
        return self.ratio > ratio and self.parsing > least_ms


def parsed_before_verified(kit: Kit) -> Script:
    """Small, large and large JSON in turn, unsigned; the least time of each is the one to trust.

    C parsers cost tens of milliseconds a megabyte, which is a warning; a second of work fails. The
    catalogue holds large against small, which measures the way there. What is as large and no
    JSON goes the same way, so that the difference is what looking into the body costs.
    """
    costs, marks, busy = yield from _measured(kit)
    if busy:
        reason = "answered 429, so the question was not reached"
        return Verdict(Outcome.INCONCLUSIVE, Confidence.LOW, reason, marks)
    if costs.nested == float("inf"):
        reason = "a large body is cut off before anybody looks into it"
        cut = costs.text == costs.nested and costs.small < costs.text
        outcome = Outcome.PASS if cut else Outcome.INCONCLUSIVE
        reason = reason if cut else "unsigned deliveries were not answered"
        return Verdict(outcome, Confidence.HIGH if cut else Confidence.LOW, reason, marks)
    if costs.over(_WARN_RATIO, _WARN_MS):
        again, more, _ = yield from _measured(kit)
        seen = yield from observe(*marks, *more, any_act=True)
        if kit.footprint.acts(seen.lines or ()):
            reason = "unsigned deliveries are acted on, so there is nothing to verify first"
            return Verdict(Outcome.NOT_APPLICABLE, Confidence.HIGH, reason, marks)
        return _judged((costs, again), (*marks, *more))
    reason = f"large JSON costs {max(costs.parsing, 0):.0f} ms more than as much text: no work"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, marks)


def _judged(both: Sequence[_Costs], marks: tuple[Canary, ...]) -> Verdict:
    least = min(both, key=lambda one: one.parsing)
    reason = (
        f"unsigned JSON of {_BODY_BYTES / 1e3:.0f} kB costs {least.parsing:.0f} ms more than as "
        f"much text, {least.ratio:.0f} times a small refusal, in 2 of 2 series"
    )
    if all(one.over(_FAIL_RATIO, _FAIL_MS) for one in both):
        return Verdict(Outcome.FAIL, Confidence.HIGH, reason, marks)
    if all(one.over(_WARN_RATIO, _WARN_MS) for one in both):
        return Verdict(Outcome.WARN, Confidence.MEDIUM, reason, marks)
    reason = "large JSON seemed to cost more than as much text, but not the second time"
    return Verdict(Outcome.PASS, Confidence.HIGH, reason, marks)


def _measured(kit: Kit) -> Part[tuple[_Costs, tuple[Canary, ...], bool]]:
    size = min(_BODY_BYTES, kit.largest_body_bytes)
    records = _RECORD * (size // len(_RECORD) - 1)
    bodies = {"small": b"", "text": b"x" * len(records), "nested": b"[" + records[:-1] + b"]"}
    times: dict[str, list[float]] = {name: [] for name in bodies}
    marks: list[Canary] = []
    busy = False
    for _ in range(_ROUNDS):
        for name, body in bodies.items():
            genuine = kit.genuine()
            marks.append(genuine.canary)
            bare = kit.unsigned(genuine)
            asked = replace(bare, body=body) if body else bare
            answer = yield from send(asked, f"unsigned, {_WORDS[name]}", genuine.canary)
            busy = busy or (isinstance(answer, Reply) and answer.status == _BUSY)
            times[name].append(_took(answer))
    least = {name: min(found) for name, found in times.items()}
    return _Costs(**least), tuple(marks), busy


def _took(answer: Answer) -> float:
    return answer.total_ms if isinstance(answer, Reply) else float("inf")


_WORDS = {"small": "small", "text": "large text", "nested": "large JSON"}

PARSED_BEFORE_VERIFIED = Check(
    About(
        id="RES-10",
        name="parsed-before-verified",
        topic=Topic.RESILIENCE,
        title="Looks into a body only after its signature held",
        severity=Severity.MEDIUM,
        asks="unsigned deliveries: small, 900 kB of text, 900 kB of JSON of many small parts",
        correct="refused at the same cost, JSON or not",
        why="parsing costs many times what refusing does, and no key is needed to ask for it",
        remedy="verify the bytes as they came, and parse what has been verified",
        references=("CWE-405", "CWE-696", "ASVS v5.0.0-15.2.2", "API4:2023"),
    ),
    parsed_before_verified,
    alone=True,
)

CHECKS = (PARSED_BEFORE_VERIFIED,)
