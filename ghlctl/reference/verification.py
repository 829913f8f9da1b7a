"""Whether a delivery is genuine, and whether it is fresh."""

from dataclasses import dataclass

from ghlctl.model.delivery import Headers
from ghlctl.reference.incoming import Ignored, Incoming
from ghlctl.reference.profile import TimestampWindow
from ghlctl.reference.refusal import Refusal, RefusalCode
from ghlctl.signing.rotation import verify_with
from ghlctl.signing.scheme import Rejection, Request, Scheme, VerifyingKey

WINDOW_S = {TimestampWindow.OFF: None, TimestampWindow.FIVE_MINUTES: 300.0}
_STALE = frozenset({Rejection.TOO_OLD, Rejection.TOO_NEW})


@dataclass(frozen=True, slots=True)
class Verification:
    """A scheme that carries a time holds it against the clock itself.

    GoHighLevel's carries none: there it is the `timestamp` inside the signed body. `also`: keys
    that hold beside `key` while it is being replaced.
    """

    scheme: Scheme
    key: VerifyingKey
    window: TimestampWindow
    also: tuple[VerifyingKey, ...] = ()

    def refuse_signature(
        self, body: bytes, headers: Headers, now: float, request: Request
    ) -> Refusal | None:
        rejection = verify_with(
            self.scheme,
            body,
            headers,
            (self.key, *self.also),
            now=now,
            tolerance=WINDOW_S[self.window],
            request=request,
        )
        if rejection is None:
            return None
        code = RefusalCode.STALE if rejection in _STALE else RefusalCode.UNAUTHORIZED
        return Refusal(code, f"signature: {rejection}")

    def refuse_age(self, parsed: Incoming | Ignored, now: float) -> Refusal | None:
        tolerance = WINDOW_S[self.window]
        if tolerance is None or self.scheme.timestamped:
            return None
        if parsed.sent_at is None or abs(now - parsed.sent_at) > tolerance:
            return Refusal(RefusalCode.STALE, "timestamp: outside the window")
        return None
