"""How a bound is written: `response_time{event=ContactCreate} p95 < 500ms`.

threshold = subject [ "{" tag "=" value { "," tag "=" value } "}" ] [ aggregate ] bound
bound     = operator number [ unit ]
          | "vs" "baseline" operator sign percent [ "or" sign number [ unit ] ]
          | ("==" | "!=") verdict
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Never

from ghlctl.analysis.threshold_tokens import Token, tokens
from ghlctl.analysis.threshold_words import (
    CLOSED_TAGS,
    SUBJECTS,
    TAG_EXAMPLES,
    WHOLE_AUDIT,
    Subject,
    Tag,
    Unit,
)
from ghlctl.errors import UsageError
from ghlctl.model.estimate import Verdict
from ghlctl.model.suggestion import closest


class Operator(StrEnum):
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    EQUAL = "=="
    UNEQUAL = "!="


_ORDERED = (Operator.LESS, Operator.AT_MOST, Operator.MORE, Operator.AT_LEAST)


@dataclass(frozen=True, slots=True)
class ParsedThreshold:
    """A bound in words the evaluation knows; `bound` is in `unit`, ratios are 0-1.

    `relative`: the bound is on a change against the baseline, a ratio minus one; `allowance` is
    what the change may come to in the subject's own unit instead. `word`: a verdict to be held
    against in place of a number.
    """

    expression: str
    subject: str
    aggregate: str
    tags: tuple[tuple[Tag, str], ...]
    operator: Operator
    bound: float
    unit: Unit
    relative: bool = False
    allowance: float | None = None
    word: Verdict | None = None

    def tag(self, name: Tag) -> str | None:
        return dict(self.tags).get(name)

    @property
    def event(self) -> str | None:
        return self.tag(Tag.EVENT)

    @property
    def location(self) -> str | None:
        return self.tag(Tag.LOCATION)


@dataclass(frozen=True, slots=True)
class _Bound:
    operator: Operator
    number: float
    unit: Unit
    relative: bool = False
    allowance: float | None = None
    word: Verdict | None = None


_SPELLINGS = {"p99_9": "p99.9"}
_WRITTEN_UNITS = {
    Unit.MS: {"ms": Decimal(1), "s": Decimal(1000), "us": Decimal("0.001")},
    Unit.RATIO: {"%": Decimal("0.01"), "": Decimal(1)},
    Unit.PER_S: {"/s": Decimal(1)},
    Unit.NONE: {"": Decimal(1)},
    Unit.CHANGE: {"%": Decimal("0.01")},
}
_EXAMPLES = {
    Unit.MS: "a time needs ms, s or us, for example 500ms",
    Unit.RATIO: "a share is written in percent, for example 1%",
    Unit.PER_S: "a rate is written per second, for example 20/s",
    Unit.NONE: "this is a plain number without a unit, for example 0",
    Unit.CHANGE: "a change is written in percent, for example +10%",
}


def parse_threshold(expression: str) -> ParsedThreshold:
    """Read one expression; UsageError names the column and what was probably meant."""
    return _Reader(expression).threshold()


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = tokens(expression)

    def threshold(self) -> ParsedThreshold:
        name = self._known(SUBJECTS, "metric")
        subject = SUBJECTS[name]
        tags = self._tags(name, subject)
        aggregate = (
            self._known(subject.aggregates, f"value of {name}") if subject.aggregates else ""
        )
        bound = self._held_against(name, subject, aggregate, tags)
        if self._next.kind != "end":
            self._refuse(f"{self._next.text!r} is too much", "one threshold is one comparison")
        return ParsedThreshold(
            self._expression.strip(),
            name,
            aggregate,
            tags,
            bound.operator,
            bound.number,
            bound.unit,
            bound.relative,
            bound.allowance,
            bound.word,
        )

    @property
    def _next(self) -> Token:
        return self._tokens[0]

    def _take(self) -> Token:
        return self._tokens.pop(0) if len(self._tokens) > 1 else self._tokens[0]

    def _known(self, names: Iterable[str], kind: str) -> str:
        token = self._next
        name = _SPELLINGS.get(token.text, token.text)
        if name in names and token.kind == "word":
            self._take()
            return name
        seen = f"unknown {kind} {token.text!r}" if token.kind == "word" else f"no {kind}"
        return self._refuse(seen, _meant(token.text, names))

    def _tags(self, name: str, subject: Subject) -> tuple[tuple[Tag, str], ...]:
        if self._next.text != "{":
            return ()
        if not subject.tags:
            able = ", ".join(key for key, each in SUBJECTS.items() if each.tags)
            self._refuse(f"{name} takes no tag", f"what does: {able}")
        self._take()
        found = [self._tag(subject)]
        while self._next.text == ",":
            place = self._take()
            found.append(self._tag(subject))
            if not subject.joint or len(dict(found)) < len(found):
                self._refuse("these tags do not go together", "write one of them", place)
        if self._take().text != "}":
            self._refuse("the tag is not closed", _example(found[0][0]))
        return tuple(found)

    def _tag(self, subject: Subject) -> tuple[Tag, str]:
        if self._next.text not in subject.tags:
            known = _meant(self._next.text, subject.tags)
            self._refuse(
                f"unknown tag {self._next.text!r}", f"{known}; {_example(subject.tags[0])}"
            )
        tag = Tag(self._take().text)
        if self._next.text != "=" or self._tokens[1].kind not in ("word", "quoted", "number"):
            self._refuse("a tag needs a value", _example(tag), self._tokens[1])
        self._take()
        place, value = self._next, self._tag_value(tag)
        closed = CLOSED_TAGS.get(tag)
        if closed is not None and value not in closed:
            self._refuse(f"unknown {tag} {value!r}", _meant(value, closed), place)
        return tag, value

    def _tag_value(self, tag: Tag) -> str:
        """A quoted text or a word; a metric's name may be several: `response_time p95`."""
        first = self._take()
        if first.kind == "quoted":
            return first.text[1:-1]
        last = self._take() if first.kind == "number" and self._next.kind == "word" else first
        while self._next.kind == "word" and tag is Tag.METRIC:
            last = self._take()
        start, end = first.column - 1, last.column - 1 + len(last.text)
        return " ".join(self._expression[start:end].split())

    def _held_against(
        self, name: str, subject: Subject, aggregate: str, tags: tuple[tuple[Tag, str], ...]
    ) -> _Bound:
        unit = subject.units[aggregate]
        if tags and name == "audit" and aggregate in WHOLE_AUDIT:
            self._refuse(f"the {aggregate} is of the whole audit", "leave the tag out")
        if self._next.text == "vs":
            return self._relative(name, subject, unit, tags)
        operator = self._operator(name)
        if unit is Unit.VERDICT:
            if operator not in (Operator.EQUAL, Operator.UNEQUAL):
                self._refuse("a verdict is equal or not", "write verdict != worse")
            word = Verdict(self._known(list(Verdict), "verdict"))
            return _Bound(operator, 0.0, unit, word=word)
        return _Bound(operator, self._number(unit), unit)

    def _relative(
        self, name: str, subject: Subject, unit: Unit, tags: tuple[tuple[Tag, str], ...]
    ) -> _Bound:
        if not subject.compared or tags:
            able = ", ".join(key for key, each in SUBJECTS.items() if each.compared)
            what = "a part of a run" if tags else name
            self._refuse(
                f"{what} is not compared with a baseline", f"what is, without tags: {able}"
            )
        self._take()
        self._known(("baseline",), "thing to compare with")
        operator, place = self._operator(name), self._next
        if operator not in _ORDERED:
            self._refuse("a change has an upper or lower bound", "write < +10% or > -5%", place)
        of = Unit.POINTS if unit is Unit.RATIO else Unit.CHANGE
        ratio = self._signed(Unit.CHANGE)
        allowance = None
        if self._next.text == "or":
            self._take()
            if unit is Unit.RATIO:
                self._refuse("a change of a share is in points already", "write < +0.5%")
            allowance = self._signed(unit)
        return _Bound(operator, ratio, of, relative=True, allowance=allowance)

    def _signed(self, unit: Unit) -> float:
        sign = -1.0 if self._next.text == "-" else 1.0
        if self._next.text in ("+", "-"):
            self._take()
        return sign * self._number(unit)

    def _operator(self, name: str) -> Operator:
        token = self._next
        if token.kind == "operator" and token.text in list(Operator):
            self._take()
            return Operator(token.text)
        if token.kind == "word" and not SUBJECTS[name].aggregates:
            self._refuse(f"{name} is one number and has no {token.text!r}", f"write {name} < …")
        hint = "did you mean ==" if token.text in ("=", "===") else f"one of {' '.join(Operator)}"
        return self._refuse(f"no operator at {token.text!r}" if token.text else "no operator", hint)

    def _number(self, unit: Unit) -> float:
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
        known = self._next.kind == "word" and self._next.text != "or"
        return self._take().text if self._next.text == "%" or known else ""

    def _refuse(self, what: str, hint: str, token: Token | None = None) -> Never:
        column = (token or self._next).column
        raise UsageError(f"threshold {self._expression!r}: {what} at column {column}", hint)


def _example(tag: Tag) -> str:
    return f"write {{{tag}={TAG_EXAMPLES[tag]}}}"


def _meant(text: str, names: Iterable[str]) -> str:
    known = [str(name) for name in names]
    every = f"one of {', '.join(known)}"
    close = closest(text, known)
    return f"did you mean {close}; {every}" if close else every
