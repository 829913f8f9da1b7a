"""Bounds on a body's structure, whatever its event: what JSON permits and no event needs."""

import json
from typing import Any

MOST_DEPTH = 32
MOST_VALUES = 20_000
MOST_MEMBERS = 2_000
MOST_ITEMS = 10_000
LONGEST_NAME = 256
LONGEST_TEXT = 256 * 1024
LONGEST_NUMBER = 400
"""Characters of a number: as many as a float needs that is written out."""


class _OutOfBoundsError(Exception):
    """The text names the bound and nothing of the body."""


def fault_in(body: bytes) -> str | None:
    """Why no event looks like this; None for what is within bounds, and for what is no JSON.

    Two readers of one body may differ on a name that stands twice, on half a surrogate pair, and on
    a number beyond all bounds: so none of these is read at all. A name that would change the
    prototype of a JavaScript object is refused for whoever reads after this program.
    """
    try:
        value = _DECODER.decode(body.decode("utf-8"))
        _walk(value)
    except _OutOfBoundsError as error:
        return str(error)
    except RecursionError:
        return f"nested deeper than {MOST_DEPTH}"
    except ValueError:  # the typed reader says what is wrong with it
        return None
    return None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _OutOfBoundsError("a name stands twice in one object")
    if len(members) > MOST_MEMBERS:
        raise _OutOfBoundsError(f"an object of more than {MOST_MEMBERS} members")
    if "__proto__" in members:
        raise _OutOfBoundsError("a name that changes prototypes")
    maker = members.get("constructor")
    if isinstance(maker, dict) and "prototype" in maker:
        raise _OutOfBoundsError("a name that changes prototypes")
    if any(len(name) > LONGEST_NAME for name in members):
        raise _OutOfBoundsError(f"a name longer than {LONGEST_NAME} characters")
    return members


def _number(text: str) -> float:
    if len(text) > LONGEST_NUMBER:
        raise _OutOfBoundsError(f"a number longer than {LONGEST_NUMBER} characters")
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _OutOfBoundsError("a number beyond all bounds")
    return value


def _no_number(_: str) -> float:
    raise ValueError


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_number, parse_float=_number, parse_constant=_no_number
)


def _walk(root: Any) -> None:
    """Level by level, so that depth costs no recursion."""
    level, seen = [root], 0
    for depth in range(MOST_DEPTH + 1):
        seen += len(level)
        if seen > MOST_VALUES:
            raise _OutOfBoundsError(f"more than {MOST_VALUES} values")
        below: list[Any] = []
        for value in level:
            match value:
                case str():
                    _check_text(value)
                case list():
                    if len(value) > MOST_ITEMS:
                        raise _OutOfBoundsError(f"a list of more than {MOST_ITEMS} items")
                    below += value
                case dict():
                    _check_text("".join(value))
                    below += value.values()
        if not below:
            return
        level = below
        if depth == MOST_DEPTH - 1:
            raise _OutOfBoundsError(f"nested deeper than {MOST_DEPTH}")


def _check_text(text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise _OutOfBoundsError(f"a text longer than {LONGEST_TEXT} characters")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _OutOfBoundsError("half a surrogate pair") from None
