"""Why a signature does not hold: what receivers get wrong is tried until one of it is proven."""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ghlctl.errors import KeyMaterialError, UsageError
from ghlctl.model.delivery import Headers, first_header
from ghlctl.signing.body_variants import variants
from ghlctl.signing.header import UNSIGNED
from ghlctl.signing.header_variants import repairs
from ghlctl.signing.scheme import Rejection, Request, Scheme, VerifyingKey

_SHORT = 8


@dataclass(frozen=True, slots=True)
class Named:
    """A key under the name by which a person knows it, as text and as the scheme reads it."""

    name: str
    text: bytes
    key: VerifyingKey


@dataclass(frozen=True, slots=True)
class Subject:
    """A delivery as it was captured; `request` has an empty URL where that is not known."""

    body: bytes
    headers: Headers
    request: Request


@dataclass(frozen=True, slots=True)
class Explanation:
    """`cause` is "holds", or what is wrong; `proven`: with it put right, the signature holds."""

    rejection: Rejection | None
    cause: str
    proven: bool
    text: str
    hint: str = ""


def explain(
    subject: Subject,
    scheme: Scheme,
    trusted: Sequence[Named],
    *,
    others: Sequence[Named] = (),
    schemes: Mapping[str, Scheme],
    now: float,
    tolerance: float | None,
) -> Explanation:
    """`others` are keys that the receiver does not trust; `tolerance` in seconds, None for any age.

    Raise UsageError where the scheme covers the URL and the subject has none.
    """
    for one in trusted:
        rejection = _judge(subject, scheme, one.key, now=now, tolerance=tolerance)
        if rejection is None:
            return Explanation(None, "holds", True, f"the signature holds with {one.name}")
        if rejection in (Rejection.TOO_OLD, Rejection.TOO_NEW):
            return _untimely(rejection, tolerance)
    reason = _reason(subject, scheme, trusted)
    for found in _causes(subject, scheme, trusted, others, schemes):
        return replace(found, rejection=reason)
    return _unproven(subject, scheme, reason)


def _judge(
    subject: Subject,
    scheme: Scheme,
    key: VerifyingKey,
    *,
    now: float = 0.0,
    tolerance: float | None = None,
) -> Rejection | None:
    return scheme.verify(
        subject.body,
        subject.headers,
        key,
        now=now,
        tolerance=tolerance,
        request=subject.request,
    )


def _reason(subject: Subject, scheme: Scheme, trusted: Sequence[Named]) -> Rejection:
    reasons = [_judge(subject, scheme, one.key) for one in trusted]
    return next((one for one in reasons if one), Rejection.MISMATCH)


def _untimely(rejection: Rejection, tolerance: float | None) -> Explanation:
    bound = f"{tolerance:g} s" if tolerance is not None else "the tolerance"
    words = "older than" if rejection is Rejection.TOO_OLD else "further in the future than"
    return Explanation(
        rejection,
        "stale" if rejection is Rejection.TOO_OLD else "early",
        True,
        f"the signature holds, but its time is {words} {bound}",
        "is the receiver's clock set by NTP? --tolerance 0 judges no age",
    )


def _causes(
    subject: Subject,
    scheme: Scheme,
    trusted: Sequence[Named],
    others: Sequence[Named],
    schemes: Mapping[str, Scheme],
) -> Iterator[Explanation]:
    """Every cause that can be proven, the simplest first."""
    yield from _length(subject)
    yield from _header(subject, scheme, trusted)
    yield from _wrong_key(subject, scheme, others)
    yield from _key_text(subject, scheme, trusted)
    yield from _wrong_scheme(subject, scheme, [*trusted, *others], schemes)
    yield from _body(subject, scheme, [*trusted, *others])
    yield from _url(subject, scheme, trusted)
    yield from _header_and_body(subject, scheme, trusted)


def _length(subject: Subject) -> Iterator[Explanation]:
    said = first_header(subject.headers, "content-length") or ""
    encoded = first_header(subject.headers, "content-encoding")
    if said.isascii() and said.isdigit() and not encoded and int(said[:20]) != len(subject.body):
        cut = int(said[:20]) > len(subject.body)
        yield Explanation(
            None,
            "truncated-body" if cut else "longer-body",
            True,
            f"Content-Length says {said[:20]} bytes, and the body has {len(subject.body)}",
            "the body was changed in transit, or was not captured as bytes",
        )


def _header(subject: Subject, scheme: Scheme, keys: Sequence[Named]) -> Iterator[Explanation]:
    for name in scheme.headers[:1]:
        for repair in repairs(subject.headers, name):
            mended = replace(subject, headers=repair.headers)
            if any(_judge(mended, scheme, one.key) is None for one in keys):
                text = f"{name} would hold, but {repair.fault}"
                hint = "compare the header byte for byte with what the sender sent"
                yield Explanation(None, repair.kind, True, text, hint)


def _wrong_key(subject: Subject, scheme: Scheme, others: Sequence[Named]) -> Iterator[Explanation]:
    for one in others:
        if _judge(subject, scheme, one.key) is None:
            text = f"it was signed for another key: {one.name}"
            yield Explanation(None, "wrong-key", True, text, "trust that key, or sign with yours")


def _key_text(subject: Subject, scheme: Scheme, trusted: Sequence[Named]) -> Iterator[Explanation]:
    """A shared secret that was copied with something around it, or used without decoding it."""
    for one in trusted:
        if not isinstance(one.key, bytes):
            continue
        for fault, key in _misread(one.text, one.key):
            if key != one.key and _judge(subject, scheme, key) is None:
                text = f"it was signed with {one.name} {fault}"
                yield Explanation(None, "key-text", True, text, "both sides must read one secret")


def _misread(text: bytes, key: bytes) -> Iterator[tuple[str, bytes]]:
    if text.strip() != key:
        yield "as text, not decoded", text.strip()
    yield "as the file has it, with white space around it", text
    yield "and a line end after it", key + b"\n"
    yield "in quotation marks", b'"' + key + b'"'
    yield "without its whsec_", text.strip().removeprefix(b"whsec_")
    yield from _decoded(text.strip())


def _decoded(text: bytes) -> Iterator[tuple[str, bytes]]:
    with suppress(ValueError):
        yield "decoded from hexadecimal", binascii.unhexlify(text)
    with suppress(ValueError):
        yield "decoded from base64", base64.b64decode(text.removeprefix(b"whsec_"), validate=True)


def _wrong_scheme(
    subject: Subject, scheme: Scheme, keys: Sequence[Named], schemes: Mapping[str, Scheme]
) -> Iterator[Explanation]:
    for name, other in schemes.items():
        if name == scheme.name or not other.covers or not _carries(subject.headers, other):
            continue
        for one in keys:
            if _holds_as(subject, other, one):
                text = f"it is signed as scheme {name}, not as {scheme.name}, with {one.name}"
                yield Explanation(None, "wrong-scheme", True, text, f"--scheme {name}")


def _holds_as(subject: Subject, scheme: Scheme, key: Named) -> bool:
    try:
        return _judge(subject, scheme, scheme.read_verifying_key(key.text)) is None
    except (KeyMaterialError, UsageError):
        return False


def _carries(headers: Headers, scheme: Scheme) -> bool:
    return all(first_header(headers, name) is not None for name in scheme.headers[:1])


def _body(subject: Subject, scheme: Scheme, keys: Sequence[Named]) -> Iterator[Explanation]:
    for variant in variants(subject.body):
        for one in keys:
            if _judge(replace(subject, body=variant.body), scheme, one.key) is None:
                text = f"the signature holds with {one.name} for the body {variant.change}"
                hint = "verify the raw bytes, before anything parses or decodes them"
                yield Explanation(None, variant.kind, True, text, hint)


def _url(subject: Subject, scheme: Scheme, keys: Sequence[Named]) -> Iterator[Explanation]:
    for url in _urls(subject.request.url):
        moved = replace(subject, request=replace(subject.request, url=url))
        if any(_judge(moved, scheme, one.key) is None for one in keys):
            text = f"the signature holds for the URL {url.partition('?')[0]}"
            hint = "behind a proxy, verify against the URL that the sender was given"
            yield Explanation(None, "url", True, text, hint)


def _urls(url: str) -> Iterator[str]:
    if not url:
        return
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    other = "http" if parts.scheme == "https" else "https"
    host = parts.netloc.partition(":")[0]
    slash = parts.path.removesuffix("/") if parts.path.endswith("/") else parts.path + "/"
    changes = ({"scheme": other}, {"netloc": host}, {"path": slash}, {"query": ""})
    for change in (*changes, {"scheme": other, "netloc": host}):
        changed = parts._replace(**change).geturl()
        if changed != url:
            yield changed


def _header_and_body(
    subject: Subject, scheme: Scheme, keys: Sequence[Named]
) -> Iterator[Explanation]:
    for name in scheme.headers[:1]:
        for repair in repairs(subject.headers, name):
            mended = replace(subject, headers=repair.headers)
            for found in _body(mended, scheme, keys):
                yield replace(found, text=f"{found.text}, and of {name} {repair.fault}")


def _unproven(subject: Subject, scheme: Scheme, reason: Rejection) -> Explanation:
    name = scheme.headers[0] if scheme.headers else ""
    value = first_header(subject.headers, name)
    match reason:
        case Rejection.MISSING_HEADER if value == UNSIGNED:
            text = f"{name} says {UNSIGNED}: the platform did not sign this delivery"
            return Explanation(reason, "unsigned", True, text, "refuse it as unsigned")
        case Rejection.MISSING_HEADER:
            text = f"a header of scheme {scheme.name} is missing: {', '.join(scheme.headers)}"
            return Explanation(reason, "missing-header", True, text, _HEADERS_HINT)
        case Rejection.MALFORMED:
            text = f"{name} is no signature of scheme {scheme.name}: {len(value or '')} characters"
            hint = "was it cut off, or another header's value?"
            cause = "truncated-signature" if len(value or "") > _SHORT else "malformed"
            return Explanation(reason, cause, False, text, hint)
        case Rejection.UNKNOWN_VERSION:
            text = f"{name} is of a version that scheme {scheme.name} does not know"
            return Explanation(reason, "unknown-version", True, text, "is it the right scheme?")
        case _:
            text = "the signature is well formed, but is not of this body by this key"
            hint = "another key, or a body that was changed in transit: neither can be told apart"
            return Explanation(reason, "mismatch", False, text, hint)


_HEADERS_HINT = "did a proxy drop it, or is it another scheme? ghlctl keys schemes lists them"
