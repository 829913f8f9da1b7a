"""A YAML file as plain values, with the line of every one of them.

Stricter than YAML 1.1: only true and false are booleans (so that `off` and `no` stay text), a
date, an octal and a base-60 number are text, and no key may stand twice in a mapping. An alias
is expanded, up to a bound on the whole document.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

from ghlctl.errors import UsageError

MAX_BYTES = 1024 * 1024
MAX_VALUES = 20_000
MAX_DEPTH = 32
_SHOWN = 60

Path = tuple[str | int, ...]
"""Keys and positions from the root of a document to a value."""

_TAGS = "tag:yaml.org,2002:"
_MAPPING, _SEQUENCE, _TEXT = f"{_TAGS}map", f"{_TAGS}seq", f"{_TAGS}str"
_PLAIN = {
    "bool": (re.compile(r"true|True|TRUE|false|False|FALSE"), "tTfF"),
    "int": (re.compile(r"[-+]?(?:0|[1-9][0-9]{0,18})"), "-+0123456789"),
    "float": (
        re.compile(
            r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
        ),
        "-+.0123456789",
    ),
    "null": (re.compile(r"~|null|Null|NULL|"), "~nN"),
}
"""What an unquoted scalar may mean besides text: a subset of what PyYAML's dumper quotes."""


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own shape


for _kind, (_pattern, _first) in _PLAIN.items():
    _whole = re.compile(f"^(?:{_pattern.pattern})$")
    _Loader.add_implicit_resolver(f"{_TAGS}{_kind}", _whole, [*_first, ""])


class LocatedError(UsageError):
    """A refusal that names its place already, so that no outer one is put before it."""


@dataclass(frozen=True, slots=True)
class Document:
    """`value` is what the file says; `lines` has the line of every value by its path."""

    source: str
    value: dict[str, Any]
    lines: Mapping[Path, int]

    def error(self, path: Path, message: str, hint: str = "") -> LocatedError:
        """A refusal that names file, line and dotted path of what is wrong."""
        return LocatedError(f"{self.source}:{self.line(*path)}: {_dotted(path)}{message}", hint)

    @contextmanager
    def at(self, *path: str | int) -> Iterator[None]:
        """Refusals from inside gain the place where their value stands; the innermost decides."""
        try:
            yield
        except LocatedError:
            raise
        except UsageError as refusal:
            raise self.error(path, refusal.message, refusal.hint) from None

    def line(self, *path: str | int) -> int:
        """Where a value stands, or the nearest thing around it that has a line."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_document(text: str, source: str) -> Document:
    """Raise UsageError for anything that is not one mapping in a small, safe YAML file."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise UsageError(f"{source} is larger than 1 MiB", "scenarios and configs are short texts")
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        raise UsageError(
            f"{source}:{line}: this is no YAML: {_one_line(fault.problem)}",
            "look at the indentation, quotes and brackets on and above that line",
        ) from None
    except yaml.YAMLError:
        raise UsageError(f"{source}: this is no YAML text", "save it as UTF-8 text") from None
    except RecursionError:
        raise UsageError(f"{source}: this is nested too deeply", "flatten it") from None
    if node is None:
        raise UsageError(f"{source} is empty", "ghlctl init writes one to start from")
    return _Reading(source, {}).document(node)


class _Reading:
    """One pass over a node graph, which an alias can make larger than the file."""

    def __init__(self, source: str, lines: dict[Path, int]) -> None:
        self._source = source
        self._lines = lines
        self._scalars = yaml.constructor.SafeConstructor()

    def document(self, node: yaml.Node) -> Document:
        if not isinstance(node, yaml.MappingNode):
            raise self._error((), node, "a mapping is expected here", "write key: value lines")
        return Document(self._source, self._mapping(node, ()), self._lines)

    def _value(self, node: yaml.Node, path: Path) -> Any:
        self._lines.setdefault(path, node.start_mark.line + 1)
        if len(path) > MAX_DEPTH or len(self._lines) > MAX_VALUES:
            raise self._error(
                (), node, "this document is too large", "use fewer aliases and levels"
            )
        match node:
            case yaml.MappingNode():
                return self._mapping(node, path)
            case yaml.SequenceNode(tag=tag) if tag == _SEQUENCE:
                return [self._value(each, (*path, n)) for n, each in enumerate(node.value)]
            case yaml.ScalarNode(tag=tag) if tag == _TEXT or tag.removeprefix(_TAGS) in _PLAIN:
                return self._scalar(node, path)
            case _:
                raise self._error(path, node, "tags are not supported", "remove the !tag")

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        if node.tag != _MAPPING:
            raise self._error(path, node, "tags are not supported", "remove the !tag")
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = self._key(key, path)
            if name in found:
                raise self._error((*path, name), key, "this key stands here twice", "remove one")
            self._lines[(*path, name)] = key.start_mark.line + 1
            found[name] = self._value(value, (*path, name))
        return found

    def _key(self, node: yaml.Node, path: Path) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.tag != _TEXT:
            raise self._error(path, node, "a key has to be text", "put it in quotes")
        if node.value == "<<" and node.style is None:
            raise self._error(path, node, "merge keys are not supported", "write the keys out")
        return str(node.value)

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        try:
            return self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError):
            raise self._error(path, node, "this value cannot be read", "put it in quotes") from None

    def _error(self, path: Path, node: yaml.Node, message: str, hint: str) -> UsageError:
        line = node.start_mark.line + 1
        return UsageError(f"{self._source}:{line}: {_dotted(path)}{message}", hint)


def _dotted(path: Sequence[str | int]) -> str:
    """`arrivals[0].for: `, or nothing for the root."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"{_one_line(text.removeprefix('.'))}: " if path else ""


def _one_line(text: str | None) -> str:
    visible = "".join(mark if mark.isprintable() else "?" for mark in text or "")
    return visible if len(visible) <= _SHOWN else f"{visible[:_SHOWN]}…"
