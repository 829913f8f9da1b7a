"""How a bound is written: `response_time{event=ContactCreate} p95 < 500ms`.

threshold = subject [ "{" tag "=" value "}" ] [ aggregate ] operator number [ unit ]
tag = "event" | "location"
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Never

from ghlctl.errors import UsageError
from ghlctl.model.suggestion import closest


class Operator(StrEnum):
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    EQUAL = "=="
    UNEQUAL = "!="


class Unit(StrEnum):
    """What values and bounds are kept in, however they were written."""

    MS = "ms"
    RATIO = "ratio"
    PER_S = "/s"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """Something measured: its aggregates (() for a plain number), its unit, and its tags."""

    aggregates: tuple[str, ...]
    unit: Unit
    tagged: bool = False


@dataclass(frozen=True, slots=True)
class ParsedThreshold:
    """A bound in words the evaluation knows; `bound` is in `unit`, ratios are 0-1."""

    expression: str
    subject: str
    aggregate: str
    event: str | None
    operator: Operator
    bound: float
    unit: Unit
    location: str | None = None


_LATENCY = ("mean", "p50", "p90", "p95", "p99", "p99.9", "max")
SUBJECTS = {
    "response_time": Subject(_LATENCY, Unit.MS, tagged=True),
    "service_time": Subject(_LATENCY, Unit.MS),
    "lateness": Subject(_LATENCY, Unit.MS),
    "end_to_end": Subject(_LATENCY, Unit.MS),
    "error_rate": Subject((), Unit.RATIO, tagged=True),
    "throughput": Subject((), Unit.PER_S),
    "dropped": Subject((), Unit.NONE),
    "effects": Subject(
        ("expected", "seen", "lost", "duplicated", "unacknowledged", "calls_per_event"), Unit.NONE
    ),
    "audit": Subject(("score",), Unit.NONE),
}
_TAGS = ("event", "location")
_TAG_EXAMPLE = "write {event=ContactCreate} or {location=ID}"
_SPELLINGS = {"p99_9": "p99.9"}
_WRITTEN_UNITS = {
    Unit.MS: {"ms": Decimal(1), "s": Decimal(1000), "us": Decimal("0.001")},
    Unit.RATIO: {"%": Decimal("0.01"), "": Decimal(1)},
    Unit.PER_S: {"/s": Decimal(1)},
    Unit.NONE: {"": Decimal(1)},
}
_EXAMPLES = {
    Unit.MS: "a time needs ms, s or us, for example 500ms",
    Unit.RATIO: "a share is written in percent, for example 1%",
    Unit.PER_S: "a rate is written per second, for example 20/s",
    Unit.NONE: "this is a plain number without a unit, for example 0",
}
_TOKEN = re.compile(
    r"\s*(?:(?P<quoted>\"[^\"]*\"|'[^']*')|(?P<word>[A-Za-z_][\w.\-]*)"
    r"|(?P<number>\d+(?:\.\d+)?|\.\d+)|(?P<operator>[<>=!]+)|(?P<mark>[{}%/,])|(?P<other>\S))"
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def parse_threshold(expression: str) -> ParsedThreshold:
    """Read one expression; UsageError names the column and what was probably meant."""
    return _Reader(expression).threshold()


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = [
            _Token(
                match.lastgroup or "",
                match.group(match.lastgroup or 0),
                1 + match.start(match.lastgroup or 0),
            )
            for match in _TOKEN.finditer(expression)
        ]
        self._tokens.append(_Token("end", "", len(expression.rstrip()) + 1))

    def threshold(self) -> ParsedThreshold:
        name = self._known(SUBJECTS, "metric")
        subject = SUBJECTS[name]
        tag, value = self._tag(name, subject)
        aggregate = (
            self._known(subject.aggregates, f"value of {name}") if subject.aggregates else ""
        )
        operator = self._operator(name)
        bound = self._bound(subject.unit)
        if self._next.kind != "end":
            self._refuse(f"{self._next.text!r} is too much", "one threshold is one comparison")
        return ParsedThreshold(
            self._expression.strip(),
            name,
            aggregate,
            value if tag == "event" else None,
            operator,
            bound,
            subject.unit,
            value if tag == "location" else None,
        )

    @property
    def _next(self) -> _Token:
        return self._tokens[0]

    def _take(self) -> _Token:
        return self._tokens.pop(0) if len(self._tokens) > 1 else self._tokens[0]

    def _known(self, names: dict[str, Subject] | tuple[str, ...], kind: str) -> str:
        token = self._next
        name = _SPELLINGS.get(token.text, token.text)
        if name in names and token.kind == "word":
            self._take()
            return name
        seen = f"unknown {kind} {token.text!r}" if token.kind == "word" else f"no {kind}"
        return self._refuse(seen, _meant(token.text, names))

    def _tag(self, name: str, subject: Subject) -> tuple[str, str]:
        """The tag's name and value; "" where there is none."""
        if self._next.text != "{":
            return "", ""
        if not subject.tagged:
            able = " and ".join(key for key, each in SUBJECTS.items() if each.tagged)
            self._refuse(f"{name} is not kept by event", f"{able} take a tag")
        self._take()
        if self._next.text not in _TAGS:
            self._refuse(f"unknown tag {self._next.text!r}", _TAG_EXAMPLE)
        tag = self._take().text
        if self._take().text != "=" or self._next.kind not in ("word", "number", "quoted"):
            self._refuse("a tag needs a value", _TAG_EXAMPLE)
        value = self._tag_value()
        if self._take().text != "}":
            self._refuse("the tag is not closed", _TAG_EXAMPLE)
        return tag, value

    def _tag_value(self) -> str:
        """In quotes, or a run of letters and digits, which may begin with either."""
        token = self._take()
        if token.kind == "quoted":
            return token.text[1:-1]
        value = token.text
        while self._next.kind in ("word", "number") and self._next.column == token.column + len(
            value
        ):
            value += self._take().text
        return value

    def _operator(self, name: str) -> Operator:
        token = self._next
        if token.kind == "operator" and token.text in list(Operator):
            self._take()
            return Operator(token.text)
        if token.kind == "word" and not SUBJECTS[name].aggregates:
            self._refuse(f"{name} is one number and has no {token.text!r}", f"write {name} < …")
        hint = "did you mean ==" if token.text in ("=", "===") else f"one of {' '.join(Operator)}"
        return self._refuse(f"no operator at {token.text!r}" if token.text else "no operator", hint)

    def _bound(self, unit: Unit) -> float:
        token = self._next
        if token.kind != "number":
            self._refuse("no number to hold it against", _EXAMPLES[unit])
        self._take()
        place, written = self._next, self._unit()
        if written not in _WRITTEN_UNITS[unit]:
            self._refuse(
                f"unit {written!r} does not fit" if written else "no unit", _EXAMPLES[unit], place
            )
        # Decimal, because 0.7 % must be the same number as 7 of 1000.
        bound = float(Decimal(token.text) * _WRITTEN_UNITS[unit][written])
        if unit is Unit.RATIO and written == "" and bound >= 1:
            self._refuse(f"{token.text} of 1 says nothing", f"did you mean {token.text}%", token)
        return bound

    def _unit(self) -> str:
        if self._next.text == "/":
            self._take()
            return "/" + self._take().text
        return self._take().text if self._next.text == "%" or self._next.kind == "word" else ""

    def _refuse(self, what: str, hint: str, token: _Token | None = None) -> Never:
        column = (token or self._next).column
        raise UsageError(f"threshold {self._expression!r}: {what} at column {column}", hint)


def _meant(text: str, names: dict[str, Subject] | tuple[str, ...]) -> str:
    every = f"one of {', '.join(names)}"
    close = closest(text, names)
    return f"did you mean {close}; {every}" if close else every
