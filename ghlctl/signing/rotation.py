"""Several keys at once, while an old one is being replaced by a new one."""

from collections.abc import Sequence

from ghlctl.errors import UsageError
from ghlctl.model.delivery import Headers
from ghlctl.signing.scheme import (
    NOWHERE,
    Rejection,
    Request,
    Rotating,
    Scheme,
    SigningKey,
    VerifyingKey,
)

_FURTHEST = (
    Rejection.TOO_OLD,
    Rejection.TOO_NEW,
    Rejection.MISMATCH,
    Rejection.UNKNOWN_VERSION,
    Rejection.MALFORMED,
    Rejection.MISSING_HEADER,
)
"""What says most comes first: a signature that holds and is stale tells more than a mismatch."""


def sign_with(
    scheme: Scheme,
    body: bytes,
    keys: Sequence[SigningKey],
    *,
    at: float,
    delivery_id: str,
    request: Request = NOWHERE,
) -> Headers:
    """Sign with every key; UsageError when there are several and the header holds one only."""
    if not keys:
        raise UsageError("there is no key to sign with", "--key env:NAME or file:PATH")
    if len(keys) == 1:
        return scheme.sign(body, keys[0], at=at, delivery_id=delivery_id, request=request)
    if not isinstance(scheme, Rotating):
        raise UsageError(
            f"scheme {scheme.name} carries one signature per delivery",
            "sign with one key; the receiver can trust both while it changes over",
        )
    return scheme.sign_all(body, keys, at=at, delivery_id=delivery_id, request=request)


def verify_with(
    scheme: Scheme,
    body: bytes,
    headers: Headers,
    keys: Sequence[VerifyingKey],
    *,
    now: float,
    tolerance: float | None,
    request: Request = NOWHERE,
) -> Rejection | None:
    """None when the signature holds by any key; else the reason that came furthest."""
    reasons = []
    for key in keys:
        reason = scheme.verify(body, headers, key, now=now, tolerance=tolerance, request=request)
        if reason is None:
            return None
        reasons.append(reason)
    return min(reasons, key=_FURTHEST.index, default=Rejection.MISMATCH)
