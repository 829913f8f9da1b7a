"""The words of a threshold expression, each with its place."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\s*(?:(?P<quoted>\"[^\"]*\"|'[^']*')|(?P<word>[A-Za-z_][\w.\-]*)"
    r"|(?P<number>\d+(?:\.\d+)?|\.\d+)|(?P<operator>[<>=!]+)|(?P<mark>[{}%/,+\-])|(?P<other>\S))"
)


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is quoted, word, number, operator, mark, other or end; `column` counts from 1."""

    kind: str
    text: str
    column: int


def tokens(expression: str) -> list[Token]:
    """All of them; the last is an empty one of kind end."""
    found = [
        Token(
            match.lastgroup or "",
            match.group(match.lastgroup or 0),
            1 + match.start(match.lastgroup or 0),
        )
        for match in _TOKEN.finditer(expression)
    ]
    return [*found, Token("end", "", len(expression.rstrip()) + 1)]
