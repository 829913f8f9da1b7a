"""HighLevel's limits: so many requests per interval, and per day, for each location."""

from dataclasses import dataclass

DAY_S = 86_400
SWEEP_ABOVE = 10_000


@dataclass(slots=True)
class _Window:
    started: float
    used: int = 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left after one request; `granted` is False when the request was one too many."""

    granted: bool
    remaining: int
    remaining_daily: int


class Limits:
    """Fixed windows that start with a location's first request; times are monotonic seconds."""

    def __init__(self, limit: int, interval_s: float, daily: int) -> None:
        self._limit = limit
        self._interval_s = interval_s
        self._daily = daily
        self._fixed = (
            (b"x-ratelimit-limit-daily", b"%d" % daily),
            (b"x-ratelimit-interval-milliseconds", b"%d" % round(interval_s * 1000)),
            (b"x-ratelimit-max", b"%d" % limit),
        )
        self._windows: dict[str, _Window] = {}
        self._days: dict[str, _Window] = {}

    def take(self, location: str, now: float) -> Allowance:
        """Count one request; a refused one costs nothing."""
        window = _current(self._windows, location, now, self._interval_s)
        day = _current(self._days, location, now, DAY_S)
        granted = window.used < self._limit and day.used < self._daily
        if granted:
            window.used += 1
            day.used += 1
        return Allowance(granted, self._limit - window.used, self._daily - day.used)

    def headers(self, allowance: Allowance) -> list[tuple[bytes, bytes]]:
        """The five headers of every answer that was counted."""
        return [
            *self._fixed,
            (b"x-ratelimit-daily-remaining", b"%d" % allowance.remaining_daily),
            (b"x-ratelimit-remaining", b"%d" % allowance.remaining),
        ]


def _current(windows: dict[str, _Window], key: str, now: float, length_s: float) -> _Window:
    if len(windows) > SWEEP_ABOVE:
        for stale in [k for k, window in windows.items() if now - window.started >= length_s]:
            del windows[stale]
    window = windows.get(key)
    if window is None or now - window.started >= length_s:
        window = windows[key] = _Window(now)
    return window
