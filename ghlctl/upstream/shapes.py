"""What a value must look like: schemas of the specification, compiled into functions.

They complain as HighLevel does, in the words of its validation library, one sentence for a fault.
Understood is what the shipped specification uses; anything else in a schema is an error at the
start, so that nothing is left unchecked without a word.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ghlctl.upstream.answers import Json

Where = tuple[str, ...]
"""A value's name and before it the names of what it is in; spelt out only in a complaint."""

Shape = Callable[[Any, Where], list[str]]
"""Of a value and its place: what is wrong with it, [] when nothing is."""

_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a string"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "a boolean value"),
    "array": ((list,), "an array"),
    "object": ((dict,), "an object"),
}
_CHECKED = frozenset(("type", "nullable", "enum", "maxLength", "minimum", "maximum"))
_WITHIN = frozenset(("$ref", "items", "properties", "required", "anyOf", "allOf"))
_ANNOTATIONS = frozenset(("format", "readOnly"))
_UNDERSTOOD = _CHECKED | _WITHIN | _ANNOTATIONS
_FINE: list[str] = []
_EACH = "each value in "


def _spelt(where: Where) -> str:
    """As HighLevel's validation has it: "each value in tags", "dndSettings.Call.status"."""
    each = _EACH if _EACH in where else ""
    return each + ".".join(word for word in where if word != _EACH)


@dataclass(slots=True)
class Shapes:
    """Compiles schemas that refer to one another; `known` are those that have a name."""

    known: Mapping[str, Json]
    _made: dict[str, Shape] = field(default_factory=dict)

    def of(self, schema: Json) -> Shape:
        """Raise ValueError for a schema that says more than is understood."""
        if "$ref" in schema:
            return self._named(schema["$ref"])
        if unknown := schema.keys() - _UNDERSTOOD:
            raise ValueError(f"the specification says {sorted(unknown)}, which nobody checks")
        shapes = [one for one in (_bounds(schema), _enum(schema)) if one is not None]
        if "anyOf" in schema:
            shapes.append(self._any_of(schema["anyOf"]))
        if "allOf" in schema:
            shapes.append(_all_of([self.of(one) for one in schema["allOf"]]))
        if "items" in schema:
            shapes.append(_items(self.of(schema["items"])))
        if schema.get("properties") or "required" in schema:
            shapes.append(self._object(schema))
        return _typed(schema, shapes)

    def _named(self, reference: str) -> Shape:
        name = reference.rpartition("/")[2]
        if name not in self._made:

            def later(value: Any, where: Where) -> list[str]:
                return self._made[name](value, where)

            # A schema may speak of itself: until it is made, its name stands for it.
            self._made[name] = later
            self._made[name] = self.of(self.known[name])
        return self._made[name]

    def _any_of(self, schemas: list[Json]) -> Shape:
        """The two kinds that are used have a quick way: by type, and by what must be there."""
        if all(one.keys() == {"required"} for one in schemas):
            return _any_there([one["required"][0] for one in schemas])
        kinds = {str(one.get("type")): one for one in schemas}
        if len(kinds) == len(schemas) and kinds.keys() <= _KINDS.keys():
            return _by_type({kind: self.of(one) for kind, one in kinds.items()})
        return _first_of([self.of(one) for one in schemas])

    def _object(self, schema: Json) -> Shape:
        known = {key: self.of(one) for key, one in schema.get("properties", {}).items()}
        needed = tuple(schema.get("required", ()))

        def fits(value: Any, where: Where) -> list[str]:
            if not isinstance(value, dict):
                return _FINE
            wrong = _FINE
            for key in needed:
                if key not in value:
                    wrong = [*wrong, f"{_spelt((*where, key))} should not be empty"]
            for key, one in value.items():
                shape = known.get(key)
                if shape is not None and (found := shape(one, (*where, key))):
                    wrong = wrong + found
            return wrong

        return fits


def _typed(schema: Json, shapes: list[Shape]) -> Shape:
    if "type" not in schema:
        return shapes[0] if len(shapes) == 1 else _all_of(shapes)
    kinds, called = _KINDS[schema["type"]]
    kinds = (*kinds, type(None)) if schema.get("nullable") else kinds
    inner = (shapes[0] if len(shapes) == 1 else _all_of(shapes)) if shapes else None

    def fits(value: Any, where: Where) -> list[str]:
        # The type itself and not isinstance: to Python True is a number, to JSON it is not.
        if type(value) not in kinds:
            return [f"{_spelt(where)} must be {called}"]
        return inner(value, where) if inner and value is not None else _FINE

    return fits


def _all_of(shapes: list[Shape]) -> Shape:
    return lambda value, where: [one for shape in shapes for one in shape(value, where)]


def _first_of(shapes: list[Shape]) -> Shape:
    def fits(value: Any, where: Where) -> list[str]:
        wrong = _FINE
        for shape in shapes:
            wrong = shape(value, where)
            if not wrong:
                return _FINE
        return wrong

    return fits


def _by_type(shapes: dict[str, Shape]) -> Shape:
    by_type = {kind: shape for name, shape in shapes.items() for kind in _KINDS[name][0]}
    called = " or ".join(_KINDS[name][1] for name in shapes)

    def fits(value: Any, where: Where) -> list[str]:
        shape = by_type.get(type(value))
        return shape(value, where) if shape else [f"{_spelt(where)} must be {called}"]

    return fits


def _any_there(names: list[str]) -> Shape:
    def fits(value: Any, where: Where) -> list[str]:
        if any(name in value for name in names):
            return _FINE
        return [f"{_spelt((*where, name))} should not be empty" for name in names[:1]]

    return fits


def _items(shape: Shape) -> Shape:
    def fits(value: Any, where: Where) -> list[str]:
        if not isinstance(value, list):
            return _FINE
        wrong = [fault for one in value for fault in shape(one, (*where, _EACH))]
        return list(dict.fromkeys(wrong)) if wrong else _FINE

    return fits


def _enum(schema: Json) -> Shape | None:
    if "enum" not in schema:
        return None
    allowed = tuple(schema["enum"])
    words = ", ".join(map(str, allowed))
    return lambda value, where: (
        _FINE
        if value in allowed
        else [f"{_spelt(where)} must be one of the following values: {words}"]
    )


def _bounds(schema: Json) -> Shape | None:
    longest = schema.get("maxLength")
    least, most = schema.get("minimum"), schema.get("maximum")
    if longest is None and least is None and most is None:
        return None

    def fits(value: Any, where: Where) -> list[str]:
        wrong = []
        if longest is not None and isinstance(value, str) and len(value) > longest:
            wrong.append(f"{_spelt(where)} must be shorter than or equal to {longest} characters")
        if least is not None and isinstance(value, (int, float)) and value < least:
            wrong.append(f"{_spelt(where)} must not be less than {least}")
        if most is not None and isinstance(value, (int, float)) and value > most:
            wrong.append(f"{_spelt(where)} must not be greater than {most}")
        return wrong

    return fits
