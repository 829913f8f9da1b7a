"""What a look at source finds, and which names and functions it goes by."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A comparison: `expression` as it stands, `fix` what to write in its place."""

    path: str
    line: int
    expression: str
    fix: str


@dataclass(frozen=True, slots=True)
class Found:
    """`plain`: comparisons that stop early. `constant`: how many do not. `unread`: broken files."""

    plain: tuple[Place, ...] = ()
    constant: int = 0
    unread: tuple[str, ...] = ()

    def __add__(self, other: "Found") -> "Found":
        return Found(
            self.plain + other.plain, self.constant + other.constant, self.unread + other.unread
        )


@dataclass(frozen=True, slots=True)
class Traits:
    """What an expression holds: a MAC that was made here, or a signature that somebody sent.

    `literal`: nothing but a constant. `names`: what it is called by; nothing, where it is a number
    or a truth that was made of something else. `last`: the
    name at its end.
    """

    mac: bool = False
    sent: bool = False
    literal: bool = False
    names: frozenset[str] = frozenset()
    last: str = ""


def joined(parts: Iterable[Traits]) -> Traits:
    """Of an expression that is made of these."""
    own = list(parts)
    return Traits(
        any(one.mac for one in own),
        any(one.sent for one in own),
        all(one.literal for one in own),
        frozenset().union(*(one.names for one in own)),
    )


@dataclass(frozen=True, slots=True)
class Around:
    """`function`: its name. `signs`: the file has to do with signing at all."""

    function: str = ""
    signs: bool = False


def suspicious(left: Traits, right: Traits, around: Around, *, within: bool = False) -> bool:
    """Whether comparing these two tells somebody how much of a signature was right.

    A MAC may also be a pseudonym or a cache's key: it counts where names say that something is
    verified. `within`: whether one contains the other; a signature is also looked up in lists of
    known ones, so there a MAC must be on one side, and what was sent on the other.
    """
    if left.literal or right.literal:
        return False
    across = (left.mac and right.sent) or (right.mac and left.sent)
    if within or across:
        return across or (left.mac and _is_list(right)) or (right.mac and _is_list(left))
    if not (left.names and right.names):
        return False
    told = {word for name in (*left.names, *right.names) for word in words(name)}
    if left.mac or right.mac:
        return bool(told & _VERIFYING) or _VERIFIES.search(around.function) is not None
    alike = left.last == right.last != "" and told.isdisjoint(_VERIFYING - _SIGNATURE)
    return around.signs and (left.sent or right.sent) and not alike


def _is_list(traits: Traits) -> bool:
    """Of what was sent, by its name."""
    return any(not _LISTS.isdisjoint(words(name)) for name in traits.names)


_LISTS = frozenset({"header", "headers", "signatures", "sigs", "provided", "received"})


def has_to_do_with_signing(text: str) -> bool:
    return _SIGNS.search(text) is not None


_SIGNS = re.compile(
    r"hmac|webhook|hashlib|crypto|hash\(['\"]|timingSafe|openssl|compare_digest|hash_equals"
    r"|x-[\w-]*signature|HTTP_\w*SIGNATURE",
    re.IGNORECASE,
)
_VERIFIES = re.compile(r"verif|valid|check|authent|signature|compare|equal|match", re.IGNORECASE)
_VERIFYING = frozenset(
    {"expected", "computed", "calculated", "provided", "received", "given", "actual", "supplied"}
    | {
        "header",
        "signature",
        "sig",
        "hmac",
        "digest",
        "mac",
        "theirs",
        "ours",
        "incoming",
        "claimed",
    }
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_SIGNATURE = frozenset({"signature", "signatures", "sig", "sigs", "hmac"})
_CARRIES = frozenset(
    {"header", "headers", "value", "values", "hex", "b64", "base64", "bytes", "buffer", "buf"}
    | {"str", "string", "raw", "text", "list", "received", "provided", "given", "expected"}
    | {"computed", "calculated", "actual", "v1", "v0", "sha256", "sha1", "256", "512"}
)


def words(name: str) -> list[str]:
    """`expectedSignature`, `expected_signature` and `X-Signature` in words of lower case."""
    return [word.lower() for word in _HUMP.split(name) if word]


def is_signature_name(name: str) -> bool:
    """`signature`, `expected_sig`, `hmacHex`; not `signature_version` nor `hmac_key`."""
    told = words(name)
    at = [number for number, word in enumerate(told) if word in _SIGNATURE]
    return bool(at) and all(word in _CARRIES for word in told[at[-1] + 1 :])


def is_signature_header(text: str) -> bool:
    """`X-Hub-Signature-256`, `HTTP_STRIPE_SIGNATURE`; not a sentence, nor `X-Signature-Version`."""
    return " " not in text and is_signature_name(text)


def is_maker_name(name: str) -> bool:
    """Whether a function that returns a MAC is known by such a name wherever it is called."""
    return not _MAKES.isdisjoint(words(name))


_MAKES = frozenset(
    {"sign", "signature", "sig", "hmac", "mac", "digest", "hash", "expected", "checksum"}
    | {"compute", "calculate", "calc", "generate", "signed", "expect"}
)
_TEST = re.compile(
    r"(?:^|/)(?:tests?|__tests__|specs?|fixtures|examples_tests)/"
    r"|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py$|\.(?:test|spec)\.[a-z]+$|Test\.php$"
)


def is_test(path: str) -> bool:
    """Tests compare what they like."""
    return _TEST.search(path) is not None
