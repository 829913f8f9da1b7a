"""What receivers and the ways to them get wrong, each tried until the signature holds again."""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

from ghlctl.errors import KeyMaterialError, UsageError
from ghlctl.model.delivery import Headers, first_header
from ghlctl.signing.body_variants import variants
from ghlctl.signing.cut import cut_of
from ghlctl.signing.header_variants import repairs
from ghlctl.signing.scheme import Rejection, Scheme
from ghlctl.signing.subject import Explanation, Named, Subject, judge


def causes(
    subject: Subject,
    scheme: Scheme,
    trusted: Sequence[Named],
    others: Sequence[Named],
    schemes: Mapping[str, Scheme],
) -> Iterator[Explanation]:
    """Every cause that can be proven, the simplest first."""
    known = [*trusted, *others]
    yield from _header(subject, scheme, trusted)
    yield from _cut(subject, scheme, known)
    yield from _wrong_key(subject, scheme, others)
    yield from _key_text(subject, scheme, trusted)
    yield from _wrong_scheme(subject, scheme, known, schemes)
    yield from _body(subject, scheme, known)
    yield from _length(subject)
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
            if any(judge(mended, scheme, one.key) is None for one in keys):
                text = f"{name} would hold, but {repair.fault}"
                hint = "compare the header byte for byte with what the sender sent"
                yield Explanation(None, repair.kind, True, text, hint)


def _cut(subject: Subject, scheme: Scheme, known: Sequence[Named]) -> Iterator[Explanation]:
    """Proven by signing again, for every scheme here signs the same bytes the same way."""
    for one in known:
        if one.signing is None:
            continue
        found = cut_of(subject.body, subject.headers, scheme, one.signing, subject.request)
        if found is not None:
            text = (
                f"{scheme.headers[0]} is the first {found.characters} of the "
                f"{found.whole} characters that {one.name} signs this body with"
            )
            hint = "look for a column, a log or a variable that is too short for it"
            yield Explanation(None, "truncated-signature", True, text, hint)


def _wrong_key(subject: Subject, scheme: Scheme, others: Sequence[Named]) -> Iterator[Explanation]:
    for one in others:
        if judge(subject, scheme, one.key) is None:
            text = f"it was signed for another key: {one.name}"
            yield Explanation(None, "wrong-key", True, text, "trust that key, or sign with yours")


def _key_text(subject: Subject, scheme: Scheme, trusted: Sequence[Named]) -> Iterator[Explanation]:
    """A shared secret that was copied with something around it, or used without decoding it."""
    for one in trusted:
        if not isinstance(one.key, bytes):
            continue
        for fault, key in _misread(one.text, one.key):
            if key != one.key and judge(subject, scheme, key) is None:
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
        return judge(subject, scheme, scheme.read_verifying_key(key.text)) is None
    except (KeyMaterialError, UsageError):
        return False


def _carries(headers: Headers, scheme: Scheme) -> bool:
    return all(first_header(headers, name) is not None for name in scheme.headers[:1])


def _body(subject: Subject, scheme: Scheme, keys: Sequence[Named]) -> Iterator[Explanation]:
    if not any(judge(subject, scheme, one.key) is Rejection.MISMATCH for one in keys):
        return  # no body can mend a header that is missing or malformed
    for variant in variants(subject.body):
        for one in keys:
            if judge(replace(subject, body=variant.body), scheme, one.key) is None:
                text = f"the signature holds with {one.name} for the body {variant.change}"
                hint = "verify the raw bytes, before anything parses or decodes them"
                yield Explanation(None, variant.kind, True, text, hint)


def _url(subject: Subject, scheme: Scheme, keys: Sequence[Named]) -> Iterator[Explanation]:
    for url in _urls(subject.request.url):
        moved = replace(subject, request=replace(subject.request, url=url))
        if any(judge(moved, scheme, one.key) is None for one in keys):
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
