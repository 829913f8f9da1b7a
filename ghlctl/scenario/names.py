"""Names that stand in other catalogues: a wrong one is refused with what was probably meant."""

from collections.abc import Iterable

from ghlctl.errors import UsageError
from ghlctl.model.suggestion import suggestion
from ghlctl.scenario.units import shown


def check_name(kind: str, name: str, known: Iterable[str], plural: str = "") -> None:
    """Raise UsageError unless `name` is one of `known`."""
    names = tuple(known)
    if name not in names:
        raise UsageError(
            f"unknown {kind} {shown(name)}", suggestion(name, names, plural or f"{kind}s")
        )
