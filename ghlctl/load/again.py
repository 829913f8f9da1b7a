"""A request sent again: the same delivery and body, with what only its attempt has made new."""

from collections.abc import Callable
from dataclasses import dataclass

from ghlctl.model.trace import HEADER, traceparent
from ghlctl.signing.scheme import Request, Scheme, SigningKey

Again = Callable[[bytes, str, int, float], bytes]
"""From a request, its delivery's id, the number of the retry and the unix second: the next one."""

_COUNTER_DIGITS = 2
_HEAD_END, _LINE_END = b"\r\n\r\n", b"\r\n"


@dataclass(frozen=True, slots=True)
class Signer:
    """What a new signature takes; `request` as the scheme wants it."""

    scheme: Scheme
    key: SigningKey
    request: Request

    def sign(self, request: bytes, delivery_id: str, at: float) -> bytes:
        """The request with new signature headers where the old ones began."""
        head, _, body = request.partition(_HEAD_END)
        signed = self.scheme.sign(
            body, self.key, at=at, delivery_id=delivery_id, request=self.request
        )
        fresh = [f"{name}: {value}".encode("latin-1") for name, value in signed]
        names = {name.lower().encode() for name, _ in signed}
        lines = head.split(_LINE_END)
        old = [
            place for place, line in enumerate(lines) if line.partition(b":")[0].lower() in names
        ]
        kept = [line for place, line in enumerate(lines) if place not in old]
        begin = old[0] if old else len(kept)
        return _LINE_END.join([*kept[:begin], *fresh, *kept[begin:]]) + _HEAD_END + body


def again_with(signer: Signer | None) -> Again:
    """Without a signer every attempt carries the first one's signature, as it was."""

    def again(request: bytes, delivery_id: str, retry: int, at: float) -> bytes:
        renamed = respan(request, delivery_id, retry)
        return renamed if signer is None else signer.sign(renamed, delivery_id, at)

    return again


def respan(request: bytes, delivery_id: str, retry: int) -> bytes:
    """The same trace with this attempt's span; a traceparent that is not ours is left alone."""
    first = traceparent(delivery_id)
    own = f"\r\n{HEADER}: {first[: first.rindex('-') - _COUNTER_DIGITS]}" if first else ""
    at = request.find(own.encode()) if own else -1
    if at < 0:
        return request
    begin = at + len(f"\r\n{HEADER}: ")
    return (
        request[:begin] + traceparent(delivery_id, retry).encode() + request[begin + len(first) :]
    )
