"""HighLevel's own specification, compiled once: which operation a request is, what it may say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from urllib.parse import parse_qsl, unquote

import msgspec

from ghlctl.upstream.answers import Json
from ghlctl.upstream.shapes import Shape, Shapes

FORM = "application/x-www-form-urlencoded"
_METHODS = frozenset({"get", "put", "post", "delete", "patch"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One of the query; `kind` is the type as which its text is read."""

    name: str
    required: bool
    kind: str
    shape: Shape

    def faults(self, text: str | None) -> list[str]:
        if text is None:
            return [f"{self.name} should not be empty"] if self.required else []
        return self.shape(_read(text, self.kind), (self.name,))


@dataclass(frozen=True, slots=True)
class Operation:
    """`fields` are the body's known ones, none where it has no list of them."""

    id: str
    needs_token: bool
    query: tuple[Parameter, ...]
    path: tuple[tuple[str, Shape], ...]
    body: Shape | None
    body_required: bool
    form: bool
    fields: frozenset[str]

    def faults(self, ids: tuple[str, ...], query: Mapping[str, str], body: object) -> list[str]:
        """What HighLevel's validation would complain of; `body` is read already."""
        wrong = self.body(body, ()) if self.body else []
        for (name, shape), given in zip(self.path, ids, strict=True):
            wrong = wrong + shape(given, (name,))
        for parameter in self.query:
            wrong = wrong + parameter.faults(query.get(parameter.name))
        return wrong


@dataclass(slots=True)
class _Place:
    """Where a path may go on from here: by a word of its own, or by any word, an id."""

    words: dict[str, "_Place"] = field(default_factory=dict)
    id: "_Place | None" = None
    operations: dict[str, Operation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """An operation and the ids that its path named."""

    operation: Operation
    ids: tuple[str, ...]


@dataclass(slots=True)
class Specification:
    """`versions`: what the Version header may say; `roots`: the first words of paths."""

    operations: tuple[Operation, ...]
    versions: frozenset[str]
    roots: frozenset[str]
    _start: _Place

    def find(self, method: str, path: str) -> Found | None:
        """The operation for a path as it was sent (percent-encoded); a slash at its end is none."""
        words = path.strip("/").split("/")
        found = _walk(self._start, words, 0, ())
        if found is None:
            return None
        place, ids = found
        operation = place.operations.get(method)
        return None if operation is None else Found(operation, ids)

    def owns(self, path: str) -> bool:
        """Whether HighLevel would have something to say about this path at all."""
        return path[1:].partition("/")[0] in self.roots


def _walk(
    place: _Place, words: list[str], at: int, ids: tuple[str, ...]
) -> tuple[_Place, tuple[str, ...]] | None:
    if at == len(words):
        return (place, ids) if place.operations else None
    word = words[at]
    onward = place.words.get(word)
    found = None if onward is None else _walk(onward, words, at + 1, ids)
    if found is None and place.id is not None and word:
        found = _walk(place.id, words, at + 1, (*ids, unquote(word)))
    return found


def text() -> bytes:
    """The shipped specification, as JSON."""
    return files("ghlctl.upstream").joinpath("highlevel.json").read_bytes()


@cache
def highlevel() -> Specification:
    """The shipped specification, compiled; the same one every time."""
    return compiled(msgspec.json.decode(text()))


def compiled(source: Json) -> Specification:
    """Raise ValueError for what cannot be checked."""
    shapes = Shapes(source["components"]["schemas"])
    start, operations, versions = _Place(), [], set()
    for path, methods in source["paths"].items():
        place = _place_of(start, path)
        for method in _METHODS & methods.keys():
            operation = _operation(methods[method], path, shapes)
            place.operations[method.upper()] = operation
            operations.append(operation)
            versions |= _versions(methods[method])
    roots = frozenset(path.split("/")[1] for path in source["paths"])
    return Specification(tuple(operations), frozenset(versions), roots, start)


def _place_of(start: _Place, path: str) -> _Place:
    place = start
    for word in path.strip("/").split("/"):
        if word.startswith("{"):
            place.id = place.id or _Place()
            place = place.id
        else:
            place = place.words.setdefault(word, _Place())
    return place


def _operation(source: Json, path: str, shapes: Shapes) -> Operation:
    parameters = {(one["in"], one["name"]): one for one in source["parameters"]}
    names = [word[1:-1] for word in path.split("/") if word.startswith("{")]
    content = source.get("requestBody", {}).get("content", {})
    schema: Json = next(iter(content.values()))["schema"] if content else {}
    return Operation(
        id=source["operationId"],
        needs_token="security" in source,
        query=tuple(
            Parameter(name, one["required"], one["schema"]["type"], shapes.of(one["schema"]))
            for (where, name), one in parameters.items()
            if where == "query"
        ),
        path=tuple((name, shapes.of(parameters["path", name]["schema"])) for name in names),
        body=shapes.of(schema) if content else None,
        body_required=source.get("requestBody", {}).get("required", False),
        form=FORM in content,
        fields=frozenset(_resolved(schema, shapes).get("properties", {})),
    )


def _resolved(schema: Json, shapes: Shapes) -> Json:
    return shapes.known[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _versions(source: Json) -> set[str]:
    enums = [one["schema"]["enum"] for one in source["parameters"] if one["name"] == "Version"]
    return {version for enum in enums for version in enum}


def _read(given: str, kind: str) -> object:
    """A text as the type that is asked for; the text itself where it is none of it."""
    if kind == "boolean":
        return {"true": True, "false": False}.get(given, given)
    if kind == "number":
        try:
            return float(given)
        except ValueError:
            return given
    return given


def read_form(body: bytes) -> dict[str, str] | None:
    """The fields of a form; None for what is none."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body)))
    except ValueError:
        return None
