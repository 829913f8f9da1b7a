"""A bucket of calls per location, filled by what the upstream says is left."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

LOCATIONS = 10_000
REFUSED_WAIT_SHARE = 0.05  # of the interval: nobody says when a refused location may call again


@dataclass(slots=True)
class _Bucket:
    """`sure`: an answer of this interval came, so that its end is known and not assumed."""

    most: int
    interval_s: float
    left: int
    ends: float
    sure: bool = True


class Buckets:
    """Waits before the limit rather than after a refusal; `now` is monotonic seconds."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def delay(self, location: str, now: float) -> float:
        """Seconds until this location may call; 0.0 takes one call from its bucket."""
        bucket = self._buckets.get(location)
        if bucket is None:
            return 0.0  # nothing is known of this location: its first answer will tell
        if now >= bucket.ends:
            bucket.left, bucket.ends, bucket.sure = bucket.most, now + bucket.interval_s, False
        if bucket.left <= 0:
            return bucket.ends - now
        bucket.left -= 1
        return 0.0

    def learn(
        self, location: str, headers: Mapping[str, str], now: float, *, refused: bool
    ) -> None:
        """Take over what an answer's X-RateLimit headers say; anything unreadable says nothing."""
        remaining = _number(headers.get("X-RateLimit-Remaining"))
        most = _number(headers.get("X-RateLimit-Max"))
        interval_s = (_number(headers.get("X-RateLimit-Interval-Milliseconds")) or 0) / 1000
        if remaining is None or not most or interval_s <= 0:
            return
        bucket = self._buckets.get(location)
        if bucket is None:
            bucket = _Bucket(most, interval_s, remaining, now + interval_s)
            self._buckets[location] = bucket
        elif not bucket.sure:
            # The upstream counts from when it heard the first call, which was before this answer.
            bucket.ends, bucket.sure = now + interval_s, True
        bucket.most, bucket.interval_s = most, interval_s
        bucket.left = 0 if refused else min(bucket.left, remaining)
        if refused:
            bucket.ends = now + interval_s * REFUSED_WAIT_SHARE
        self._buckets.move_to_end(location)
        if len(self._buckets) > LOCATIONS:
            self._buckets.popitem(last=False)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004 - nine digits are plenty
