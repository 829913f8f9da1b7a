"""A flawed receiver: a correct one with one step replaced, and the checks that must notice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ghlctl.model.finding import Outcome
from tests.audit.receivers import Steps

FAIL, WARN = Outcome.FAIL, Outcome.WARN


@dataclass(frozen=True)
class Flaw:
    """`trips`: outcomes of the checks that do not pass; `because`: why there are several.

    `by_chance`: checks that it may trip as well, as it happens.
    """

    name: str
    scheme: str
    make: Callable[[Steps], Steps]
    trips: Mapping[str, Outcome] = field(default_factory=lambda: MappingProxyType({}))
    because: str = ""
    by_chance: frozenset[str] = frozenset()
