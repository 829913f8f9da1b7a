"""What a scenario may ask for; beyond it, UsageError says which bound was met."""

import math
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from ghlctl.errors import UsageError
from ghlctl.scenario.units import write_duration, write_rate

MAX_ARRIVALS = 50_000_000
MAX_CONCURRENCY = 10_000
MAX_DURATION_S = 31 * 86_400.0
MAX_LOCATIONS = 100_000
MAX_SPEED = 1e9
MAX_PATH = 4096
MAX_SEED = 2**63 - 1
_NAME_LENGTH = 100
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ROUNDING = 1e-9


def check_rate(per_s: float, for_s: float) -> None:
    """A rate above zero that gives at least one arrival in its time."""
    if not (math.isfinite(per_s) and per_s > 0):
        raise UsageError(f"a rate of {per_s:g}/s sends nothing", "write a rate above zero: 25/s")
    check_duration(for_s)
    _check_some(per_s * for_s, f"{write_rate(per_s)} for {write_duration(for_s)}")


def check_ramp(from_per_s: float, to_per_s: float, for_s: float) -> None:
    """Rates of zero or more, not both zero, that give at least one arrival in their time."""
    rates = (from_per_s, to_per_s)
    if not all(math.isfinite(rate) and rate >= 0 for rate in rates) or max(rates) == 0:
        raise UsageError(
            f"a ramp from {from_per_s:g}/s to {to_per_s:g}/s sends nothing",
            "write rates of zero or more, one above zero: ramp: [0/s, 100/s]",
        )
    check_duration(for_s)
    _check_some((from_per_s + to_per_s) / 2 * for_s, "this ramp")


def check_duration(seconds: float, key: str = "for") -> None:
    """Above zero and not beyond a month; `key` is what a person writes it under."""
    if not (math.isfinite(seconds) and seconds > 0):
        raise UsageError("this duration has to be above zero", f"write {key}: 30s")
    if seconds > MAX_DURATION_S:
        raise UsageError(
            f"{write_duration(seconds)} is longer than a run may last",
            f"keep it under {write_duration(MAX_DURATION_S)}",
        )


def check_count(what: str, count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise UsageError(f"{what} of {count:,} is out of bounds", f"write 1 to {most}")


def check_speed(what: str, speed: float, as_it_was: str) -> None:
    if not (math.isfinite(speed) and 0 < speed <= MAX_SPEED):
        raise UsageError(
            f"the speed of {what} is above zero and at most {MAX_SPEED:,.0f}",
            f"1 is {as_it_was}, 2 twice as fast",
        )


def check_text(what: str, text: str, most: int = _NAME_LENGTH) -> None:
    """Printable, on one line, not empty."""
    if not text.strip() or not text.isprintable() or len(text) > most:
        raise UsageError(
            f"{what} has to be printable text on one line", f"write 1 to {most} characters"
        )


def check_seed(seed: int | None) -> None:
    if seed is not None and not 0 <= seed <= MAX_SEED:
        raise UsageError("a seed is a whole number from 0 to 2^63 - 1", "write seed: 42")


def check_weights(events: Mapping[str, float]) -> None:
    """Finite weights, none negative, one above zero."""
    for name, weight in events.items():
        if not (math.isfinite(weight) and weight >= 0):
            raise UsageError(
                f"the weight of {name} is {weight:g}", "weights are finite and zero or more"
            )
    total = sum(events.values())
    if not 0 < total < math.inf:
        raise UsageError("no event has a weight above zero", "write events: {ContactCreate: 1}")


def _check_some(arrivals: float, said: str) -> None:
    if arrivals + _ROUNDING < 1:
        raise UsageError(f"{said} gives less than one arrival", "raise the rate or the duration")


def check_url(url: str) -> None:
    """An address with http or https and a host, without a user or password in it."""
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        named, parts = False, urlsplit("")
    if not named or parts.scheme not in {"http", "https"} or not url.isascii() or " " in url:
        raise UsageError(
            "this is no address of a receiver or upstream",
            "write http://127.0.0.1:8700/webhooks/ghl or an https address",
        )
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "an address must not carry a user or password",
            "addresses are written into every run; give credentials as a header of the config",
        )


def check_headers(headers: Mapping[str, str]) -> None:
    """Names as HTTP allows them, and printable ASCII values; no value is repeated in an error."""
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise UsageError(
                "this is no name of a header", "header names are letters, digits and hyphens"
            )
        if not value.isascii() or not value.isprintable():
            raise UsageError(
                f"the value of header {name} cannot be sent", "write printable ASCII on one line"
            )


def check_key(reference: str) -> None:
    """A reference to a key; what is wrong is not repeated, as it may be the secret itself."""
    kind, _, place = reference.partition(":")
    if kind not in {"env", "file"} or not place.strip() or not place.isprintable():
        raise UsageError(
            "a key is named as env:NAME or file:PATH, never given as text",
            "write key: env:GHLCTL_KEY and export the secret under that name",
        )
