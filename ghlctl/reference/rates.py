"""How much the receiver takes of one source, and of one location, before it says 429."""

import ipaddress
import math
from collections import OrderedDict
from dataclasses import dataclass, field

MOST_KEYS = 10_000
"""Sources, and locations, that are remembered; of more the longest silent is forgotten."""

_V6_NETWORK = 64  # bits: whoever has one address of IPv6 has as many as these leave


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, and `per_s` in the long run."""

    per_s: float
    burst: float


REQUESTS = Rate(per_s=1000.0, burst=4000.0)
"""Of one source, whatever they are. HighLevel's many tenants come from few addresses."""

FORGERIES = Rate(per_s=50.0, burst=500.0)
"""Of one source, of what is not genuine; beyond it the answer is 429 in place of 401."""

EVENTS = Rate(per_s=50.0, burst=1000.0)
"""Of one location, after its signature: five times what its API limit lets the receiver act on."""


@dataclass(slots=True)
class _Level:
    left: float
    at: float


@dataclass(slots=True)
class Rates:
    """A bucket for each key; time is an argument, in seconds of any clock that only advances."""

    rate: Rate
    most_keys: int = MOST_KEYS
    _levels: OrderedDict[str, _Level] = field(default_factory=OrderedDict)

    def wait_s(self, key: str, now: float) -> float:
        """Take one; 0 where there was one, else seconds until there is."""
        level = self._level(key, now)
        if level.left >= 1.0:
            level.left -= 1.0
            return 0.0
        return (1.0 - level.left) / self.rate.per_s

    def _level(self, key: str, now: float) -> _Level:
        level = self._levels.get(key)
        if level is None:
            if len(self._levels) >= self.most_keys:
                self._levels.popitem(last=False)
            level = self._levels[key] = _Level(self.rate.burst, now)
            return level
        self._levels.move_to_end(key)
        level.left = min(self.rate.burst, level.left + (now - level.at) * self.rate.per_s)
        level.at = now
        return level


def retry_after(wait_s: float) -> str:
    """Whole seconds, as the header has them; at least one."""
    return str(max(1, math.ceil(wait_s)))


def source_of(address: str) -> str:
    """What counts as one source: an address, and of IPv6 the network that its owner was given.

    Forwarding headers say nothing here: whoever sends them writes what they like.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed.packed, _V6_NETWORK), strict=False))
