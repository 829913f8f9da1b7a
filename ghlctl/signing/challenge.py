"""How a provider makes sure of a URL before it sends: what it asks, and what it takes for right.

Zoom has a text hashed with the secret, Meta its challenge sent back to whoever knows the verify
token, Slack its challenge sent back. Zoom and Slack sign what they ask, Meta does not.
"""

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from ghlctl.errors import UsageError
from ghlctl.model.delivery import Headers
from ghlctl.signing.scheme import Scheme
from ghlctl.signing.slack import SLACK
from ghlctl.signing.zoom import ZOOM

JSON: Headers = (("Content-Type", "application/json"),)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; `url` is whole."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What both sides know; `verify_token` is Meta's alone, "" where it was not given."""

    key: bytes = field(repr=False)
    verify_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """`ask(url, nonce, secrets, at)`: the request at unix second `at`.

    `fault(body, nonce, secrets)`: what is wrong with an answer, "" where nothing is.
    `answer(asked, secrets)`: what a receiver says to a request, None where it is no challenge or
    must be refused. `forged_means`: what follows when a forged one is answered, too.
    """

    within_s: float
    forged_means: str
    ask: Callable[[str, str, Secrets, float], Asked]
    fault: Callable[[bytes, str, Secrets], str]
    answer: Callable[[Asked, Secrets], bytes | None]
    needs_token: bool = False


def challenge_of(scheme: Scheme) -> Challenge:
    """Raise UsageError for a scheme whose provider asks nothing first."""
    if scheme.name not in CHALLENGES:
        raise UsageError(
            f"the provider of scheme {scheme.name} validates no URL by a challenge",
            f"--scheme {' or '.join(CHALLENGES)}",
        )
    return CHALLENGES[scheme.name]


FORGED = Secrets(b"not-the-secret", "not-the-verify-token")
"""What somebody has who knows none of it."""


def _zoom_asks(url: str, nonce: str, secrets: Secrets, at: float) -> Asked:
    event = {
        "event": "endpoint.url_validation",
        "payload": {"plainToken": nonce},
        "event_ts": int(at * 1000),
    }
    body = _compact(event)
    return Asked("POST", url, JSON + ZOOM.sign(body, secrets.key, at=at, delivery_id=""), body)


def _zoom_fault(body: bytes, nonce: str, secrets: Secrets) -> str:
    said = _object(body)
    if said.get("plainToken") != nonce:
        return "the answer does not repeat plainToken"
    given = said.get("encryptedToken")
    if not isinstance(given, str) or not _same(given, _zoom_hash(nonce, secrets)):
        return "encryptedToken is not the HMAC-SHA256 of plainToken in hexadecimal"
    return ""


def _zoom_answers(asked: Asked, secrets: Secrets) -> bytes | None:
    said = _object(asked.body)
    payload = said.get("payload")
    token = payload.get("plainToken") if isinstance(payload, dict) else None
    if said.get("event") != "endpoint.url_validation" or not isinstance(token, str):
        return None
    if ZOOM.verify(asked.body, asked.headers, secrets.key, now=0.0, tolerance=None) is not None:
        return None
    return _compact({"plainToken": token, "encryptedToken": _zoom_hash(token, secrets)})


def _zoom_hash(token: str, secrets: Secrets) -> str:
    return hmac.digest(secrets.key, token.encode("utf-8", "surrogatepass"), "sha256").hex()


def _meta_asks(url: str, nonce: str, secrets: Secrets, _at: float) -> Asked:
    fields = {
        "hub.mode": "subscribe",
        "hub.challenge": nonce,
        "hub.verify_token": secrets.verify_token,
    }
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode(fields)) if part)
    return Asked("GET", parts._replace(query=query).geturl())


def _meta_fault(body: bytes, nonce: str, _secrets: Secrets) -> str:
    return "" if body.strip() == nonce.encode() else "the answer is not hub.challenge alone"


def _meta_answers(asked: Asked, secrets: Secrets) -> bytes | None:
    said = dict(parse_qsl(urlsplit(asked.url).query, keep_blank_values=True))
    known = secrets.verify_token and _same(said.get("hub.verify_token", ""), secrets.verify_token)
    if asked.method != "GET" or said.get("hub.mode") != "subscribe" or not known:
        return None
    return said.get("hub.challenge", "").encode()


def _slack_asks(url: str, nonce: str, secrets: Secrets, at: float) -> Asked:
    body = _compact({"token": "unused", "challenge": nonce, "type": "url_verification"})
    return Asked("POST", url, JSON + SLACK.sign(body, secrets.key, at=at, delivery_id=""), body)


def _slack_fault(body: bytes, nonce: str, _secrets: Secrets) -> str:
    form = dict(parse_qsl(body.decode("utf-8", "replace")))
    given = (body.decode("utf-8", "replace").strip(), form.get("challenge"), _object(body))
    held = nonce in given[:2] or given[2].get("challenge") == nonce
    return "" if held else "the answer does not carry challenge"


def _slack_answers(asked: Asked, secrets: Secrets) -> bytes | None:
    said = _object(asked.body)
    given = said.get("challenge")
    if said.get("type") != "url_verification" or not isinstance(given, str):
        return None
    if SLACK.verify(asked.body, asked.headers, secrets.key, now=0.0, tolerance=None) is not None:
        return None
    return given.encode("utf-8", "surrogatepass")


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _object(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())


CHALLENGES: dict[str, Challenge] = {
    "zoom": Challenge(
        3.0,
        "whoever asks gets any text signed with the secret token, deliveries among them",
        _zoom_asks,
        _zoom_fault,
        _zoom_answers,
    ),
    "meta": Challenge(
        10.0,
        "anybody can subscribe this URL to an app of their own",
        _meta_asks,
        _meta_fault,
        _meta_answers,
        needs_token=True,
    ),
    "slack": Challenge(
        3.0,
        "anybody can register this URL for an app of their own",
        _slack_asks,
        _slack_fault,
        _slack_answers,
    ),
}
"""By scheme; Meta publishes no time limit."""
