"""A document's values into a shape; what does not fit is named with its line and path."""

import re
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from ghlctl.errors import UsageError
from ghlctl.model.suggestion import suggestion
from ghlctl.scenario.document import Document, Path

Shape = TypeVar("Shape", bound=msgspec.Struct)
Value = TypeVar("Value")

_WHERE = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_PART = re.compile(r"\.([^.\[\]]+)|\[([0-9]+)\]|\[\.\.\.\]")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`")
_OPTION = re.compile(r"Invalid enum value `?(?P<name>.*?)`?", re.DOTALL)
_TYPE = re.compile(r"Expected `(?P<expected>.*)`, got `(?P<got>.*)`")
_KINDS: dict[type, str] = {
    str: "str",
    int: "int",
    float: "float",
    bool: "bool",
    dict: "object",
    list: "array",
    type(None): "null",
}
_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "nothing",
}


def fit(document: Document, shape: type[Shape], *path: str | int) -> Shape:
    """The value at `path` as a `shape`; UsageError with file, line, path and a suggestion."""
    value: Any = document.value
    for part in path:
        value = value[part]
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as fault:
        raise _refusal(document, shape, path, value, str(fault)) from None


def or_none(value: Value | msgspec.UnsetType) -> Value | None:
    """What a shape says, or None where it says nothing."""
    return None if value is msgspec.UNSET else value


def _refusal(
    document: Document, shape: type[msgspec.Struct], root: Path, value: Any, fault: str
) -> UsageError:
    said = _WHERE.search(fault)
    message = _WHERE.sub("", fault)
    wrong = _TYPE.fullmatch(message)
    inner = _path(said["path"] if said else "", value, wrong["got"] if wrong else "")
    path = (*root, *inner)
    if wrong:
        return document.error(path, _mistyped(wrong["expected"], wrong["got"]), _quoting(wrong))
    if found := _UNKNOWN.fullmatch(message):
        known = _known(inspect.type_info(shape), inner)
        hint = suggestion(found["name"], known, "keys here")
        return document.error((*path, found["name"]), "unknown key", hint)
    if found := _MISSING.fullmatch(message):
        return document.error(path, f"{found['name']} is missing", f"add {found['name']}: …")
    if found := _OPTION.fullmatch(message):
        hint = suggestion(found["name"], _known(inspect.type_info(shape), inner), "values")
        return document.error(path, "unknown value", hint)
    return document.error(path, message[:1].lower() + message[1:])


def _path(text: str, value: Any, got: str) -> Path:
    """Keys and positions; msgspec keeps a mapping's own key back, so its value tells which."""
    path: list[str | int] = []
    for key, index in _PART.findall(text):
        part = int(index) if index else key or _key_of(value, got)
        path.append(part)
        value = _inside(value, part)
    return tuple(path)


def _inside(value: Any, part: str | int) -> Any:
    match value, part:
        case dict(), str():
            return value.get(part)
        case list(), int() if part < len(value):
            return value[part]
        case _:
            return None


def _key_of(value: Any, got: str) -> str:
    """The key of the first value of kind `got`, which is the one that did not fit."""
    if not isinstance(value, dict):
        return ""
    return next((key for key, each in value.items() if _KINDS.get(type(each)) == got), "")


def _mistyped(expected: str, got: str) -> str:
    words = " or ".join(_WORDS.get(one, one) for one in expected.split(" | "))
    return f"{words} is expected here, not {_WORDS.get(got, got)}"


def _quoting(wrong: re.Match[str]) -> str:
    scalar = wrong["got"] in {"int", "float", "bool"}
    return "put it in quotes" if scalar and "str" in wrong["expected"].split(" | ") else ""


def _known(info: inspect.Type, path: Path) -> tuple[str, ...]:
    """The keys, or the values of a closed set, that the shape knows at `path`."""
    match info:
        case inspect.StructType(fields=fields) if not path:
            return tuple(field.encode_name for field in fields)
        case inspect.StructType(fields=fields):
            types = [field.type for field in fields if field.encode_name == path[0]]
            return _known(types[0], path[1:]) if types else ()
        case inspect.EnumType(cls=options):
            return tuple(str(option.value) for option in options)
        case inspect.ListType(item_type=inner) | inspect.DictType(value_type=inner):
            return _known(inner, path[1:])
        case inspect.UnionType(types=types):
            return next((known for each in types if (known := _known(each, path))), ())
        case _:
            return ()
