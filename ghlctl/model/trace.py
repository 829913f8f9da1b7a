"""The trace that a delivery's attempts belong to: W3C trace context, derived from its id.

A delivery id has as many random digits as a trace id, so the one is the other, and no sample
needs to carry it. The span says which attempt it was.
"""

from typing import Final

HEADER: Final = "traceparent"
_ID_DIGITS: Final = 32
_OWN_DIGITS: Final = slice(16, 30)
_SAMPLED: Final = "01"


def trace_id(delivery_id: str) -> str:
    """32 hex digits; "" for an id that is no UUID, whose requests carry no trace."""
    digits = delivery_id.replace("-", "").lower()
    usable = len(digits) == _ID_DIGITS and set(digits) <= set("0123456789abcdef")
    return digits if usable and set(digits) != {"0"} else ""


def span_id(delivery_id: str, retry: int = 0) -> str:
    """16 hex digits that begin with the id's own and end with the number of the attempt.

    The first attempt is 1, so that a span id is never all zeros. An immediate duplicate is a
    copy of its original and carries its span id too.
    """
    return f"{trace_id(delivery_id)[_OWN_DIGITS]}{retry + 1:02x}"


def traceparent(delivery_id: str, retry: int = 0) -> str:
    """The header's value, flagged as sampled; "" for an id that is no UUID."""
    trace = trace_id(delivery_id)
    return f"00-{trace}-{span_id(delivery_id, retry)}-{_SAMPLED}" if trace else ""
