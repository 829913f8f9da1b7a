"""Twilio: HMAC-SHA1, base64, over the URL and the sorted fields of a form.

A body that is no form is covered by its SHA-256 in the URL's parameter bodySHA256, so that such
a delivery goes to `target(url, body)`. Proxies add or drop the usual port: both count as one URL.
"""

import hashlib
import hmac
import re
from urllib.parse import parse_qsl, urlsplit

from ghlctl.signing.scheme import Covered, Request
from ghlctl.signing.shared_secret import Digest, Message, SharedSecret, Writing

BODY_HASH = "bodySHA256"
_FORM = re.compile(rb"[A-Za-z0-9*._~+%&=!'(),/:;?@$-]+")  # no brace, no quote: JSON is no form
_PORTS = {"http": 80, "https": 443}


def _content(message: Message) -> bytes | None:
    url = message.request.url
    claimed = _body_hash(url)
    if claimed is not None:
        actual = hashlib.sha256(message.body).hexdigest()
        whole = hmac.compare_digest(claimed.encode("utf-8", "replace"), actual.encode())
        return url.encode("utf-8", "surrogatepass") if whole else None
    fields = _form(message.body)
    if fields is None:
        return None
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    return text.encode("utf-8", "surrogatepass")


def _form(body: bytes) -> list[tuple[str, str]] | None:
    if not body:
        return []
    if not _FORM.fullmatch(body):
        return None
    try:
        return parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict"
        )
    except ValueError:
        return None


def _body_hash(url: str) -> str | None:
    try:
        query = urlsplit(url).query
        return dict(parse_qsl(query, keep_blank_values=True)).get(BODY_HASH)
    except ValueError:
        return None


def _with_and_without_port(request: Request) -> tuple[Request, ...]:
    try:
        parts = urlsplit(request.url)
        port, usual = parts.port, _PORTS.get(parts.scheme)
    except ValueError:
        return (request,)
    if usual is None:
        return (request,)
    with_port = parts if port else parts._replace(netloc=f"{parts.netloc}:{usual}")
    without = parts._replace(netloc=parts.netloc.removesuffix(f":{usual}"))
    others = (Request(request.method, one.geturl()) for one in (with_port, without))
    return tuple(dict.fromkeys((request, *others)))


def _with_body_hash(url: str, body: bytes) -> str:
    """With the body's hash, unless the body is a form or the URL has a hash already."""
    if _body_hash(url) is not None or _form(body) is not None:
        return url
    parts = urlsplit(url)
    claim = f"{BODY_HASH}={hashlib.sha256(body).hexdigest()}"
    return parts._replace(query=f"{parts.query}&{claim}" if parts.query else claim).geturl()


TWILIO = SharedSecret(
    name="twilio",
    signature="X-Twilio-Signature",
    covers=(Covered.URL, Covered.FORM_FIELDS),
    content=_content,
    writing=Writing.BASE64,
    digest=Digest.SHA1,
    weakness="covers form fields, not bytes, or a body by bodySHA256 in its URL; no time, no id",
    variants=_with_and_without_port,
    addressed=_with_body_hash,
)
