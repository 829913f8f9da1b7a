"""Faults told by name: the next requests that carry a text are answered as was ordered."""

import threading
from urllib.parse import unquote

import msgspec

MOST = 1000
DELAY_MS_MAX = 120_000.0


class FaultOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`any_of` are texts, in any case, of path, query, key or body; `status` 0 only delays."""

    any_of: tuple[str, ...]
    status: int = 500
    times: int = 1
    delay_ms: float = 0.0


class FaultOrders:
    """Orders that are not used up yet, oldest first."""

    def __init__(self) -> None:
        self._open: list[FaultOrder] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, order: FaultOrder) -> bool:
        """Whether the order makes sense and there is room for it."""
        sensible = (
            all(order.any_of)
            and bool(order.any_of)
            and (order.status == 0 or 400 <= order.status < 600)  # noqa: PLR2004 - HTTP's error statuses
            and 0 <= order.delay_ms <= DELAY_MS_MAX
            and order.times >= 1
        )
        if not sensible or len(self._open) >= MOST:
            return False
        with self._lock:
            self._open.append(order)
        return True

    def take(self, text: str) -> FaultOrder | None:
        """What was ordered for a request with this text; each order counts down."""
        if not self._open:
            return None
        plain = f"{text}\n{unquote(text)}".casefold()
        with self._lock:
            for place, order in enumerate(self._open):
                if any(one.casefold() in plain for one in order.any_of):
                    left = msgspec.structs.replace(order, times=order.times - 1)
                    self._open[place : place + 1] = [left] if left.times else []
                    return order
        return None
