"""Comparisons of signatures in Python, by its syntax tree."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ghlctl.audit.comparisons.place import (
    Around,
    Found,
    Place,
    Traits,
    has_to_do_with_signing,
    is_maker_name,
    is_signature_header,
    is_signature_name,
    joined,
    suspicious,
)

FIX = "hmac.compare_digest(a, b)"
_CONSTANT = frozenset(
    {"compare_digest", "constant_time_compare", "bytes_eq", "safe_str_cmp"}
    | {"timing_safe_equal", "constant_time_equals", "const_equals"}
)
_NO_TEXT = frozenset({"len", "isinstance", "type", "hash", "bool", "int", "verify"})
_NUMERIC = frozenset({"np", "numpy", "xp", "torch", "math"})
_MAC_MAKERS = frozenset({"hmac.new", "hmac.digest", "hmac.HMAC", "HMAC.new", "HMAC"})
_SAME_TEXT = frozenset(
    {"decode", "encode", "hex", "lower", "upper", "strip", "lstrip", "rstrip", "removeprefix"}
    | {"removesuffix", "replace", "join", "format", "b64encode", "urlsafe_b64encode", "hexlify"}
    | {"standard_b64encode", "str", "bytes", "split", "get", "pop", "b64decode", "unhexlify"}
    | {"fromhex", "digest", "hexdigest", "getvalue", "finalize", "partition", "getlist"}
)
_METHODS = frozenset({"startswith", "endswith", "__eq__"})
_EQUAL = (ast.Eq, ast.NotEq)
_WITHIN = (ast.In, ast.NotIn)
_SHOWN = 120


@dataclass(slots=True)
class _Scope:
    """Names within one function: those that hold a MAC, and those that hold what was sent."""

    function: str = ""
    macs: set[str] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)
    other: set[str] = field(default_factory=set)


def in_python(path: str, text: str, makers: frozenset[str] = frozenset()) -> Found:
    """`makers`: functions, of any file, that return a MAC."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Found(unread=(path,))
    signs = has_to_do_with_signing(text)
    places = [
        Place(path, line, ast.unparse(node).replace("\n", " ")[:_SHOWN], FIX)
        for scope, node in _nodes(tree, makers)
        for line in _compared(node, scope, makers, Around(scope.function, signs))
    ]
    constant = sum(
        isinstance(node, ast.Call) and _last(node.func) in _CONSTANT for node in ast.walk(tree)
    )
    return Found(tuple(dict.fromkeys(places)), constant)


def makers_in_python(text: str, makers: frozenset[str] = frozenset()) -> frozenset[str]:
    """Functions that return a MAC, by their names."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found = set()
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            scope = _scope(function, _Scope(), makers)
            returned = (
                node.value
                for node in _within(function)
                if isinstance(node, ast.Return) and node.value is not None
            )
            named = is_maker_name(function.name)
            if named and any(_traits(value, scope, makers).mac for value in returned):
                found.add(function.name)
    return frozenset(found)


def _nodes(tree: ast.Module, makers: frozenset[str]) -> Iterator[tuple[_Scope, ast.AST]]:
    """Every node with the names of its function, and those of the functions around it."""

    def walk(owner: ast.AST, outer: _Scope) -> Iterator[tuple[_Scope, ast.AST]]:
        scope = _scope(owner, outer, makers)
        for node in _within(owner):
            yield scope, node
            if isinstance(node, _FUNCTIONS):
                yield from walk(node, scope)

    yield from walk(tree, _Scope())


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def _within(owner: ast.AST) -> Iterator[ast.AST]:
    """What belongs to this function, and not to one inside it."""
    waiting = list(ast.iter_child_nodes(owner))
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, _FUNCTIONS):
            waiting[:0] = ast.iter_child_nodes(node)


def _scope(owner: ast.AST, outer: _Scope, makers: frozenset[str]) -> _Scope:
    function = getattr(owner, "name", outer.function)
    scope = _Scope(function, set(outer.macs), set(outer.sent), set(outer.other))
    for _ in range(2):  # a name may be used above where a loop assigns it
        for node in _within(owner):
            for target, value in _assigned(node):
                _note(scope, target, _traits(value, scope, makers))
    return scope


def _note(scope: _Scope, name: str, traits: Traits) -> None:
    if traits.mac:
        scope.macs.add(name)
    elif traits.sent:
        scope.sent.add(name)
    elif traits.literal:
        scope.other.discard(name)
    else:
        scope.other.add(name)


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _names_of(target, value)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.NamedExpr(target=ast.Name(id=name), value=value):
            yield name, value
        case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
            yield from _looped(target, value)


def _names_of(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case ast.Tuple(elts=names), ast.Tuple(elts=values) if len(names) == len(values):
            for one, own in zip(names, values, strict=True):
                yield from _names_of(one, own)
        case ast.Tuple(elts=names), _:
            for one in names:
                yield from _names_of(one, value)


def _looped(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """`for a, b in zip(x, y)`: a of x, b of y."""
    match target, value:
        case ast.Tuple(elts=names), ast.Call(func=ast.Name(id="zip"), args=args) if len(
            names
        ) == len(args):
            for one, own in zip(names, args, strict=True):
                yield from _names_of(one, own)
        case _:
            yield from _names_of(target, value)


def _compared(
    node: ast.AST, scope: _Scope, makers: frozenset[str], around: Around
) -> Iterator[int]:
    match node:
        case ast.Compare(left=left, ops=ops, comparators=rights):
            sides = [_traits(one, scope, makers) for one in (left, *rights)]
            for at, operator in enumerate(ops):
                within = isinstance(operator, _WITHIN)
                asked = within or isinstance(operator, _EQUAL)
                if asked and suspicious(sides[at], sides[at + 1], around, within=within):
                    yield node.lineno
        case ast.Call(func=ast.Attribute(value=left, attr=method), args=[right, *_]) if (
            method in _METHODS
        ):
            own, other = _traits(left, scope, makers), _traits(right, scope, makers)
            if suspicious(own, other, around, within=method != "__eq__"):
                yield node.lineno


def _traits(node: ast.expr, scope: _Scope, makers: frozenset[str]) -> Traits:  # noqa: PLR0911, C901 - one return for each kind of expression
    match node:
        case ast.Constant() | ast.JoinedStr(values=[ast.Constant()]):
            return Traits(literal=True)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return _of_parts(parts, scope, makers)
        case ast.Name(id=name):
            return _named(name, scope)
        case ast.Attribute(attr=name):
            constant = name.isupper()
            sent = is_signature_name(name) and not constant
            return Traits(sent=sent, literal=constant, names=frozenset({name}), last=name)
        case ast.Subscript(value=inner, slice=key):
            own = _traits(inner, scope, makers)
            return replace(own, sent=own.sent or _is_header(key), names=own.names | {"item"})
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod(), right=right):
            return _of_parts([left, right], scope, makers)
        case ast.BoolOp(values=parts):
            return _of_parts(parts, scope, makers)
        case ast.IfExp(body=body, orelse=other):
            return _of_parts([body, other], scope, makers)
        case ast.JoinedStr(values=pieces):
            formatted = [one.value for one in pieces if isinstance(one, ast.FormattedValue)]
            return _of_parts(formatted, scope, makers)
        case ast.Await(value=inner) | ast.Starred(value=inner):
            return _traits(inner, scope, makers)
        case ast.Call():
            return _of_call(node, scope, makers)
        case _:
            return Traits()


def _of_parts(parts: list[ast.expr], scope: _Scope, makers: frozenset[str]) -> Traits:
    return joined(_traits(one, scope, makers) for one in parts)


def _named(name: str, scope: _Scope) -> Traits:
    if name.isupper():
        return Traits(literal=True)
    told = frozenset({name})
    if name in scope.macs:
        return Traits(mac=True, sent=name in scope.sent, names=told, last=name)
    known_as_other = name in scope.other and name not in scope.sent
    return Traits(
        sent=name in scope.sent or (is_signature_name(name) and not known_as_other),
        names=told,
        last=name,
    )


def _of_call(node: ast.Call, scope: _Scope, makers: frozenset[str]) -> Traits:
    name, dotted = _last(node.func), ast.unparse(node.func)
    told = frozenset({name})
    if name in _CONSTANT or name in _NO_TEXT:
        return Traits()
    made = name in makers and dotted.partition(".")[0] not in _NUMERIC
    if dotted in _MAC_MAKERS or made or (name.startswith("blake2") and _keyed(node)):
        return Traits(mac=True, names=told)
    receiver = [node.func.value] if isinstance(node.func, ast.Attribute) else []
    if name in _SAME_TEXT:
        own = _of_parts([*receiver, *node.args], scope, makers)
        sent = own.sent or any(map(_is_header, node.args))
        return Traits(own.mac, sent, names=own.names | told)
    signs = is_signature_name(name) and "inspect" not in dotted
    return Traits(sent=signs, names=told)


def _keyed(node: ast.Call) -> bool:
    return any(one.arg == "key" for one in node.keywords)


def _is_header(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and is_signature_header(node.value)
    )


def _last(node: ast.expr) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""
