"""Exchanges as evidence: what was sent and what came back, as inert text, without secrets."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from ghlctl.audit.steps import Send, Talk
from ghlctl.model.address import shown_url
from ghlctl.model.delivery import Delivery, Headers, Reply
from ghlctl.model.effect import LedgerEntry
from ghlctl.model.finding import Exchange
from ghlctl.model.visible import visible
from ghlctl.transport.attempt import Answer

SHOWN_BYTES = 2048
_SHOWN_HEADERS = 50
_SHOWN_HEADER = 500
_SHOWN_EFFECTS = 20
_LEAST_SECRET = 4
_HIDDEN = "[secret]"


@dataclass(frozen=True, slots=True)
class Censor:
    """What must never be shown: the test key's text and the values of configured headers."""

    secrets: tuple[str, ...]
    headers: frozenset[str] = frozenset()

    def text(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, _HIDDEN)
        return text

    def raw(self, content: bytes) -> bytes:
        """Bytes as they are stored, without any secret in them."""
        for secret in self.secrets:
            content = content.replace(secret.encode(), _HIDDEN.encode())
        return content

    def pairs(self, headers: Iterable[tuple[str, str]]) -> Headers:
        """Headers fit to show; those that the config adds keep only their names."""
        return tuple(
            (
                self._line(name),
                _HIDDEN if name.lower() in self.headers else self._line(value),
            )
            for name, value in list(headers)[:_SHOWN_HEADERS]
        )

    def bytes(self, body: bytes) -> str:
        """The start of a body as visible text."""
        text = self.text(body[: 2 * SHOWN_BYTES].decode("utf-8", "backslashreplace"))
        cut = visible(text[:SHOWN_BYTES])
        return f"{cut}…" if len(text) > SHOWN_BYTES or len(body) > 2 * SHOWN_BYTES else cut

    def _line(self, text: str) -> str:
        return visible(self.text(text))[:_SHOWN_HEADER]


def censor_of(keys: Iterable[bytes | None], headers: Headers) -> Censor:
    """A PEM key is hidden line by line, because a reply may quote it with other line ends."""
    lines = [line for key in keys for line in (key or b"").decode("utf-8", "replace").splitlines()]
    texts = [value for _, value in headers]
    texts += [line.strip() for line in lines if not line.startswith("-----")]
    secrets = {text for text in texts if len(text) >= _LEAST_SECRET}
    names = frozenset(name.lower() for name, _ in headers)
    return Censor(tuple(sorted(secrets, key=len, reverse=True)), names)


@dataclass(frozen=True, slots=True)
class Shower:
    """Makes evidence of requests and replies; `url` is the receiver's as it may be shown.

    `holds` tells whether a request's signature is genuine, by the receiver's half of the key.
    """

    censor: Censor
    url: str
    holds: Callable[[Delivery, str, str, float], bool]

    def exchange(self, send: Send, url: str, answer: Answer, now: float) -> Exchange:
        """One request and its reply; its effects are added once they are known."""
        delivery = send.delivery
        shown = self._exchange(send.purpose, delivery.headers, delivery.body, answer)
        return msgspec.structs.replace(
            shown,
            method=visible(send.method),
            url=visible(self.censor.text(shown_url(url))),
            signed=self.holds(delivery, send.method, url, now),
        )

    def spoken(self, talk: Talk, answer: Answer) -> Exchange:
        """A bare conversation: its bytes stand where a body does."""
        content = b"".join(piece.content for piece in talk.pieces)
        return self._exchange(talk.purpose, (), content, answer)

    def _exchange(self, purpose: str, headers: Headers, body: bytes, answer: Answer) -> Exchange:
        reply = answer if isinstance(answer, Reply) else None
        return Exchange(
            purpose=purpose,
            method="RAW",
            url=self.url,
            headers=self.censor.pairs(headers),
            body=self.censor.bytes(body),
            body_bytes=len(body),
            status=reply.status if reply else 0,
            reply_headers=self.censor.pairs(reply.headers) if reply else (),
            reply_body=self.censor.bytes(reply.body) if reply else "",
            error="" if isinstance(answer, Reply) else visible(answer.text),
            total_ms=answer.total_ms,
        )


def effect_lines(censor: Censor, lines: Sequence[LedgerEntry]) -> tuple[str, ...]:
    """The ledger's lines in one line each."""
    return tuple(
        visible(censor.text(f"{line.method} {line.path} → {line.status}"))[:_SHOWN_HEADER]
        for line in lines[:_SHOWN_EFFECTS]
    )
