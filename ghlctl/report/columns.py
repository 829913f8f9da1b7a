"""Tables and paragraphs in 80 columns, for terminals and plain files."""

import textwrap
from collections.abc import Sequence

from ghlctl.report.table import Table
from ghlctl.report.visible import one_line, width

WIDTH = 80
_GAP = 2
_NARROWEST = 8


def table(content: Table, *, indent: int = 2) -> list[str]:
    """Aligned lines with a header; cells too long for the width are wrapped, never lost."""
    rows = [tuple(one_line(cell) for cell in row) for row in (content.columns, *content.rows)]
    widths = _fitted(rows, WIDTH - indent)
    lines: list[str] = []
    for place, row in enumerate(rows):
        lines += [" " * indent + line for line in _row(row, widths, content.words)]
        if place == 0:
            rule = "  ".join("─" * each for each in widths)
            lines.append(" " * indent + rule)
    return lines


def paragraph(text: str, *, first: str = "", rest: str | None = None) -> list[str]:
    """Wrapped text; `first` and `rest` open the first and the other lines."""
    after = " " * len(first) if rest is None else rest
    wrapped = wrap(one_line(text, 2_000), WIDTH - max(width(first), width(after)))
    return [(after if place else first) + line for place, line in enumerate(wrapped)]


def wrap(text: str, room: int) -> list[str]:
    """Lines of at most `room` columns; words longer than that are broken."""
    lines: list[str] = []
    for line in textwrap.wrap(text, room, break_on_hyphens=False) or [""]:
        lines += _split(line, room)
    return lines


def _split(line: str, room: int) -> list[str]:
    """Characters that take two columns can make a line too wide that was counted in characters."""
    pieces, piece = [], ""
    for char in line:
        if piece and width(piece + char) > room:
            pieces.append(piece)
            piece = ""
        piece += char
    return [*pieces, piece]


def _row(cells: Sequence[str], widths: Sequence[int], words: int) -> list[str]:
    wrapped = [wrap(cell, room) for cell, room in zip(cells, widths, strict=True)]
    height = max(len(lines) for lines in wrapped)
    lines = []
    for place in range(height):
        parts = [
            _padded(part[place] if place < len(part) else "", room, right=column >= words)
            for column, (part, room) in enumerate(zip(wrapped, widths, strict=True))
        ]
        lines.append((" " * _GAP).join(parts).rstrip())
    return lines


def _padded(text: str, room: int, *, right: bool) -> str:
    space = " " * max(room - width(text), 0)
    return space + text if right else text + space


def _fitted(rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """Natural widths, the widest columns narrowed until all fit."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    room -= _GAP * (len(widths) - 1)
    narrowest = max(min(_NARROWEST, room // len(widths)), 1)
    while sum(widths) > room and max(widths) > narrowest:
        widest = widths.index(max(widths))
        widths[widest] -= 1
    return widths
