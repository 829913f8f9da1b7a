"""Whether a delivery is genuine, and whether it is fresh."""

from dataclasses import dataclass

from ghlctl.model.delivery import Headers
from ghlctl.reference.incoming import Ignored, Incoming
from ghlctl.reference.profile import TimestampWindow
from ghlctl.reference.refusal import Refusal, RefusalCode
from ghlctl.reference.storage import RETRIED_S
from ghlctl.reference.trust import KeyRing
from ghlctl.signing.rotation import verify_with
from ghlctl.signing.scheme import Rejection, Request, Scheme

_SKEW_S = 300.0
HEADER_WINDOW_S = {
    TimestampWindow.OFF: None,
    TimestampWindow.FIVE_MINUTES: _SKEW_S,
    TimestampWindow.RETRIES: _SKEW_S,
}
"""For a time that the sender signs anew with each attempt."""

BODY_WINDOW_S = {
    TimestampWindow.OFF: None,
    TimestampWindow.FIVE_MINUTES: _SKEW_S,
    # The body is the same in every attempt. Ids are remembered for longer, or a replay from the
    # end of this time would find its id forgotten.
    TimestampWindow.RETRIES: RETRIED_S + _SKEW_S,
}
"""How old a body's own time may be; it may be ahead by no more than clocks differ."""

_STALE = frozenset({Rejection.TOO_OLD, Rejection.TOO_NEW})


@dataclass(frozen=True, slots=True)
class Verification:
    """A scheme that carries a time holds it against the clock itself.

    GoHighLevel's carries none: there it is the `timestamp` inside the signed body.
    """

    scheme: Scheme
    ring: KeyRing
    window: TimestampWindow

    def refuse_signature(
        self, body: bytes, headers: Headers, now: float, request: Request
    ) -> Refusal | None:
        rejection = verify_with(
            self.scheme,
            body,
            headers,
            self.ring.keys(now),
            now=now,
            tolerance=HEADER_WINDOW_S[self.window],
            request=request,
        )
        if rejection is None:
            return None
        code = RefusalCode.STALE if rejection in _STALE else RefusalCode.UNAUTHORIZED
        return Refusal(code, f"signature: {rejection}")

    def refuse_age(self, parsed: Incoming | Ignored, now: float) -> Refusal | None:
        oldest_s = BODY_WINDOW_S[self.window]
        if oldest_s is None or self.scheme.timestamped:
            return None
        if parsed.sent_at is None or not -_SKEW_S <= now - parsed.sent_at <= oldest_s:
            return Refusal(RefusalCode.STALE, "timestamp: outside the window")
        return None
