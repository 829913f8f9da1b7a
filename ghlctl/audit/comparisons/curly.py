"""Comparisons of signatures in JavaScript, TypeScript and PHP, by their tokens.

No syntax tree: operands are followed to where they end, assignments to where their block ends.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ghlctl.audit.comparisons.place import (
    Around,
    Found,
    Place,
    Traits,
    has_to_do_with_signing,
    is_maker_name,
    is_signature_header,
    is_signature_name,
    suspicious,
)
from ghlctl.audit.comparisons.tokens import Kind, Token, tokens_of

SCRIPT_FIX = "crypto.timingSafeEqual(a, b) over buffers of the same length"
PHP_FIX = "hash_equals($expected, $given)"
_EQUAL = frozenset({"===", "!==", "==", "!=", "<>", "<=>"})
_CONSTANT = frozenset(
    {"timingSafeEqual", "timing_safe_equal", "hash_equals", "sodium_memcmp", "safeCompare"}
    | {"safe_compare", "tsscmp", "scmp", "constantTimeCompare", "secureCompare", "bufferEq"}
)
_MAC_MAKERS = frozenset(
    {"createHmac", "hash_hmac", "HmacSHA256", "HmacSHA512", "HmacSHA1", "hmacSha256", "Hmac"}
)
_NUMBERS = frozenset({"length", "byteLength", "strlen", "count", "sizeof", "mb_strlen", "size"})
_CONSTANTS = frozenset({"null", "undefined", "true", "false", "NaN", "NULL", "TRUE", "FALSE"})
_SAME_TEXT = frozenset(
    {"toString", "toLowerCase", "toUpperCase", "trim", "replace", "slice", "substring", "substr"}
    | {"split", "digest", "update", "at", "pop", "shift", "join", "concat", "get", "header"}
)
_PAIRED = frozenset({"strcmp", "strcasecmp", "strncmp", "strncasecmp", "substr_compare"})
_LISTED = frozenset({"in_array", "array_search", "strpos", "str_contains", "str_starts_with"})
_EQUALS = frozenset({"equals", "localeCompare"})
_WITHIN = frozenset({"includes", "startsWith", "endsWith", "indexOf"})
_ENDS = frozenset(
    {",", ";", "{", "}", "=", "&&", "||", "??", "?", ":", "=>", "!", "+=", ".=", "<", ">", "&", "|"}
    | _EQUAL
)
_WORDS = frozenset(
    {"return", "if", "while", "const", "let", "var", "throw", "new", "case", "in", "of", "else"}
    | {"instanceof", "yield", "await", "and", "or", "xor", "echo", "async", "function", "export"}
)
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_SHOWN = 120
_UPPER = re.compile(r"[A-Z][A-Z0-9_]+")
_INNER = re.compile(r"[A-Za-z_$][\w$]*")


@dataclass(slots=True)
class _File:
    """`paths`: for each token the blocks around it; `known`: assigned names, by their blocks."""

    tokens: list[Token]
    paths: list[tuple[int, ...]]
    owners: dict[int, str]
    makers: frozenset[str]
    known: dict[str, list[tuple[tuple[int, ...], Traits]]] = field(default_factory=dict)


def in_curly(path: str, text: str, makers: frozenset[str] = frozenset()) -> Found:
    """`makers`: functions, of any file, that return a MAC."""
    php = path.endswith(".php")
    file = _read(text, makers, php=php)
    signs = has_to_do_with_signing(text)
    fix = PHP_FIX if php else SCRIPT_FIX
    places = []
    for at, left, right, within in _pairs(file):
        around = Around(_owner(file, at), signs)
        if suspicious(_traits(file, left), _traits(file, right), around, within=within):
            shown = " ".join(_shown(file, at, left, right, text).split())[:_SHOWN]
            places.append(Place(path, file.tokens[at].line, shown, fix))
    constant = sum(
        one.text in _CONSTANT and _is(file, at + 1, "(") for at, one in enumerate(file.tokens)
    )
    return Found(tuple(dict.fromkeys(places)), constant)


def _shown(file: _File, at: int, left: slice, right: slice, text: str) -> str:
    first, last = min(at, left.start), right.stop
    if _is(file, last, ")") and not _is(file, at, *_EQUAL):
        last += 1
    return text[file.tokens[first].start : file.tokens[last - 1].end]


def makers_in_curly(path: str, text: str, makers: frozenset[str] = frozenset()) -> frozenset[str]:
    """Functions that return a MAC, by their names."""
    file = _read(text, makers, php=path.endswith(".php"))
    found = set()
    for at, one in enumerate(file.tokens):
        if one.text == "return" and one.kind is Kind.NAME:
            value = _right(file, at + 1)
            owner = _owner(file, at)
            if (
                is_maker_name(owner)
                and not _is(file, value.stop, *_EQUAL)
                and _traits(file, value).mac
            ):
                found.add(owner)
    return frozenset(found)


def _read(text: str, makers: frozenset[str], *, php: bool) -> _File:
    tokens = tokens_of(text, php=php)
    paths: list[tuple[int, ...]] = []
    owners: dict[int, str] = {}
    open_blocks: list[int] = []
    for at, one in enumerate(tokens):
        if one.text == "}" and one.kind is Kind.SIGN and open_blocks:
            open_blocks.pop()
        paths.append(tuple(open_blocks))
        if one.text == "{" and one.kind is Kind.SIGN:
            open_blocks.append(at)
            owners[at] = _function_at(tokens, at)
    file = _File(tokens, paths, owners, makers)
    for _ in range(2):  # a name may be used above where it is assigned
        _learn(file)
    return file


def _function_at(tokens: Sequence[Token], brace: int) -> str:
    """The name before the parentheses before this block; "" for blocks of if and its kind."""
    at = brace - 1
    while at >= 0 and tokens[at].text not in (")", ";", "{", "}"):
        at -= 1  # an arrow, or the type of what is returned
    if at < 0 or tokens[at].text != ")":
        return ""
    depth = 0
    while at >= 0:
        depth += (tokens[at].text == ")") - (tokens[at].text == "(")
        at -= 1
        if not depth:
            break
    while at >= 0 and tokens[at].text in ("async", "=", "function"):
        at -= 1
    name = tokens[at] if at >= 0 else None
    named = name is not None and name.kind is Kind.NAME
    return name.text if named and name.text not in _WORDS | {"for", "switch", "catch"} else ""  # type: ignore[union-attr] # reason: named says that it is there


def _learn(file: _File) -> None:
    for at, one in enumerate(file.tokens):
        if one.text != "=" or one.kind is not Kind.SIGN or at == 0:
            continue
        target = _target(file, at)
        if not target:
            continue
        value = _right(file, at + 1)
        if _is(file, value.stop, *_EQUAL):
            continue  # a truth, not a text
        traits = _traits(file, value)
        own = file.known.setdefault(target, [])
        own[:] = [pair for pair in own if pair[0] != file.paths[at] or pair[1].mac]
        own.append((file.paths[at], traits))


def _target(file: _File, at: int) -> str:
    """The name before `=`, a type after it left out."""
    name = file.tokens[at - 1]
    if at >= 3 and file.tokens[at - 2].text == ":" and file.tokens[at - 3].kind is Kind.NAME:  # noqa: PLR2004 - a name, a colon, a type
        name = file.tokens[at - 3]
    return name.text if name.kind is Kind.NAME else ""


_Pair = tuple[int, slice, slice, bool]


def _pairs(file: _File) -> Iterator[_Pair]:
    """What is compared with what: where, both sides, and whether one is looked for in the other."""
    for at, one in enumerate(file.tokens):
        if one.kind is Kind.SIGN and one.text in _EQUAL:
            yield at, _left(file, at - 1), _right(file, at + 1), False
        elif one.kind is Kind.NAME and _is(file, at + 1, "("):
            yield from _called(file, at)


def _called(file: _File, at: int) -> Iterator[_Pair]:
    name = file.tokens[at].text
    arguments = _arguments(file, at + 1)
    method = _is(file, at - 1, ".", "?.", "->")
    if len(arguments) > 1 and (name in _PAIRED or name in _LISTED):
        yield at, arguments[0], arguments[1], name in _LISTED
    elif len(arguments) > 1 and name == "compare" and _is(file, at - 2, "Buffer"):
        yield at, arguments[0], arguments[1], False
    elif arguments and method and (name in _EQUALS or name in _WITHIN):
        yield at, _left(file, at - 2), arguments[0], name in _WITHIN


def _is(file: _File, at: int, *texts: str) -> bool:
    return 0 <= at < len(file.tokens) and file.tokens[at].text in texts


def _left(file: _File, last: int) -> slice:
    at, depth = last, 0
    while at >= 0:
        one = file.tokens[at]
        if depth == 0 and at < last and _ends(one, file.tokens[at + 1]):
            break
        if depth == 0 and (one.text in _ENDS or one.text in _OPEN or one.text in _WORDS):
            break
        depth += (one.text in _CLOSE) - (one.text in _OPEN) if one.kind is Kind.SIGN else 0
        at -= 1
    return slice(at + 1, last + 1)


def _right(file: _File, first: int) -> slice:
    at, depth = first, 0
    while at < len(file.tokens):
        one = file.tokens[at]
        if depth == 0 and at > first and _ends(file.tokens[at - 1], one):
            break
        after = at > first or one.text not in ("new", "await", "async", "function")
        stops = one.text in _ENDS or one.text in _CLOSE or one.text in _WORDS
        if depth == 0 and after and stops and not (one.text == "{" and at == first):
            break
        depth += (one.text in _OPEN) - (one.text in _CLOSE) if one.kind is Kind.SIGN else 0
        at += 1
    return slice(first, at)


def _ends(one: Token, following: Token) -> bool:
    """Two values in a row: a line ended between them."""
    ended = one.kind is not Kind.SIGN or one.text in (")", "]")
    begins = following.kind is not Kind.SIGN
    keyword = one.text in _WORDS or one.text == "typeof"
    return ended and begins and not keyword


def _arguments(file: _File, opening: int) -> list[slice]:
    at, depth, start = opening, 0, opening + 1
    found = []
    while at < len(file.tokens):
        one = file.tokens[at]
        if one.kind is Kind.SIGN:
            depth += (one.text in _OPEN) - (one.text in _CLOSE)
        if depth == 0 or (depth == 1 and one.text == "," and one.kind is Kind.SIGN):
            if at > start:
                found.append(slice(start, at))
            start = at + 1
        if depth == 0:
            break
        at += 1
    return found


def _traits(file: _File, span: slice) -> Traits:
    tokens = file.tokens[span]
    if not tokens or any(one.text in _CONSTANT for one in tokens) or tokens[0].text == "typeof":
        return Traits()
    names = [one.text for one in tokens if one.kind is Kind.NAME]
    if all(one.kind in (Kind.TEXT, Kind.NUMBER) or one.text in _CONSTANTS for one in tokens):
        return Traits(literal=True)
    last = names[-1] if names else ""
    if last in _NUMBERS or (names and names[0] in _NUMBERS) or _UPPER.fullmatch(last.strip("$")):
        return Traits(literal=last not in _NUMBERS and names[:1] != [last])
    own = [_of_name(file, span, at) for at, one in enumerate(tokens) if one.kind is Kind.NAME]
    templates = [one for one in tokens if one.kind is Kind.TEMPLATE]
    inner = [_known(file, name, span.start) for one in templates for name in _names_in(one)]
    texts = (one.inside for one in tokens if one.kind is Kind.TEXT)
    headers = len(tokens) > 1 and any(map(is_signature_header, texts))
    mac = any(one.mac for one in (*own, *inner))
    sent = headers or is_signature_name(_terminal(tokens)) or any(one.sent for one in own)
    told = frozenset(names) | {name for one in templates for name in _names_in(one)}
    return Traits(mac, sent, names=told, last=_terminal(tokens))


def _of_name(file: _File, span: slice, at: int) -> Traits:
    """A name in an expression: what it holds, and whether it makes a MAC."""
    name = file.tokens[span.start + at].text
    here = span.start + at
    if name in _MAC_MAKERS or (name in file.makers and _is(file, here + 1, "(")):
        return Traits(mac=True)
    if _is(file, here - 1, ".", "->", "?.", "::") and not _is(file, here - 2, "this", "$this"):
        return Traits()
    return _known(file, name, here)


def _known(file: _File, name: str, at: int) -> Traits:
    """What was assigned to it in a block that is still open here."""
    path = file.paths[at]
    seen = [traits for own, traits in file.known.get(name, ()) if path[: len(own)] == own]
    return Traits(any(one.mac for one in seen), any(one.sent for one in seen))


def _names_in(template: Token) -> list[str]:
    pieces = re.findall(r"\$\{([^}]*)\}|\{?(\$\w+)", template.text)
    return [name for piece in pieces for part in piece for name in _INNER.findall(part)]


def _terminal(tokens: Sequence[Token]) -> str:
    """The last name of a chain, calls that keep the text left out."""
    depth, chain = 0, []
    for one in tokens:
        if one.kind is Kind.SIGN:
            depth += (one.text in _OPEN) - (one.text in _CLOSE)
        elif one.kind is Kind.NAME and depth == 0:
            chain.append(one.text)
    while len(chain) > 1 and chain[-1] in _SAME_TEXT:
        chain.pop()
    return chain[-1].lstrip("$") if chain else ""


def _owner(file: _File, at: int) -> str:
    """The innermost function around a token that has a name."""
    return next((file.owners[one] for one in reversed(file.paths[at]) if file.owners[one]), "")
