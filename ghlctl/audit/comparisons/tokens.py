"""JavaScript, TypeScript and PHP in tokens; comments and the insides of texts left out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    NAME = "name"
    TEXT = "text"
    NUMBER = "number"
    TEMPLATE = "template"  # a text with expressions in it
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Token:
    """`start` and `end` are places in the whole text; `line` counts from 1."""

    kind: Kind
    text: str
    start: int
    end: int
    line: int

    @property
    def inside(self) -> str:
        """Of a text, without its quotes."""
        return self.text[1:-1]


_COMMON = (
    r"(?P<skip>\s+|//[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<number>\d[\w.]*)"
    r"|(?P<name>[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*|#[A-Za-z_]\w*)"
    r"|(?P<text>'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")"
)
_SIGNS = (
    r"|(?P<sign>===|!==|==|!=|<=>|<>|=>|->|\?->|\?\?=?|\?\.|&&|\|\||::|\+=|-=|\.=|\*=|/=|\.\.\.|.)"
)
_SCRIPT = re.compile(
    _COMMON + r"|(?P<template>`(?:\\.|\$\{(?:[^{}`]|\{[^{}]*\})*\}|[^`\\])*`)" + _SIGNS, re.DOTALL
)
_PHP = re.compile(
    r"(?P<doc><<<[ \t]*(['\"]?)(?P<label>\w+)\2\r?\n.*?\n[ \t]*(?P=label)\b)"
    r"|(?P<close>\?>.*?(?:<\?(?:php\b|=)|\Z))"
    r"|(?P<hash>\#(?!\[)[^\n]*)|" + _COMMON + _SIGNS,
    re.DOTALL,
)
_OPEN = re.compile(r"<\?(?:php\b|=)")
_PATTERN = re.compile(r"/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*")
_INTERPOLATED = re.compile(r"(?<!\\)\$|\{\$")


def tokens_of(text: str, *, php: bool) -> list[Token]:
    """In order; what is no token of the language is taken sign by sign."""
    return list(_php(text) if php else _script(text))


def _script(text: str) -> Iterator[Token]:
    at, line = 0, 1
    before: Token | None = None
    while at < len(text):
        pattern = _PATTERN.match(text, at) if text[at] == "/" and not _ends_value(before) else None
        found = pattern or _SCRIPT.match(text, at)
        if found is None:
            return
        token = None
        if pattern is not None:
            token = Token(Kind.TEXT, found[0], at, found.end(), line)
        elif found.lastgroup not in (None, "skip"):
            token = Token(Kind(str(found.lastgroup)), found[0], at, found.end(), line)
        if token is not None:
            yield token
            before = token
        line += found[0].count("\n")
        at = found.end()


def _php(text: str) -> Iterator[Token]:
    opened = _OPEN.search(text)
    at = opened.end() if opened else len(text)
    line = 1 + text.count("\n", 0, at)
    while at < len(text) and (found := _PHP.match(text, at)) is not None:
        kind = _php_kind(found)
        if kind is not None:
            yield Token(kind, found[0], at, found.end(), line)
        line += found[0].count("\n")
        at = found.end()


def _php_kind(found: re.Match[str]) -> Kind | None:
    if found["doc"]:
        return Kind.TEXT
    if found["close"]:
        return Kind.SIGN
    if found["hash"] or found["skip"]:
        return None
    if found["text"]:
        mixed = found[0][0] == '"' and _INTERPOLATED.search(found[0])
        return Kind.TEMPLATE if mixed else Kind.TEXT
    group = next(name for name in ("number", "name", "sign") if found[name])
    return Kind(group)


_BEFORE_PATTERN = frozenset({"return", "typeof", "case", "in", "of", "else", "do", "await"})


def _ends_value(token: Token | None) -> bool:
    """Whether a slash after it divides, and begins no pattern."""
    if token is None:
        return False
    if token.kind is Kind.NAME:
        return token.text not in _BEFORE_PATTERN
    return token.kind is not Kind.SIGN or token.text in (")", "]", "}")
