"""A table of a report as text, the same in every format."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under `columns`; the first `words` columns are words, the others figures.

    `note` explains once what stands in the cells as a sign.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1
    note: str = ""
