"""What an operation is asked: the state, the location, the ids in the path, the query, the body."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ghlctl.upstream.answers import Answer, Json, not_found
from ghlctl.upstream.crm import Crm, Kind

PAGE = 20
PAGE_MOST = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything is valid already; `body` has none but known fields."""

    crm: Crm
    location: str
    ids: tuple[str, ...]
    query: Mapping[str, str]
    body: Json

    def find(self, kind: Kind) -> Json | None:
        """The record that the path names first; None once it was deleted."""
        return self.crm.find(kind, self.location, self.ids[0])


Act = Callable[[Asked], Answer]


def absent(kind: Kind) -> Answer:
    return not_found(f"{kind.capitalize()} not found")


def page_of(records: Iterable[Json], skip: float, limit: float) -> list[Json]:
    """At most `limit` of them after the first `skip`, and never more than PAGE_MOST."""
    first = int(min(max(skip, 0), 1e9))
    return list(records)[first : first + int(min(max(limit, 0), PAGE_MOST))]


def number(text: str | None, otherwise: float) -> float:
    """What a query says of a page; `otherwise` for what is no number."""
    try:
        value = float(text) if text else otherwise
    except ValueError:
        return otherwise
    return value if value == value else otherwise  # noqa: PLR0124 - NaN alone differs from itself
