"""Is a receiver ready to be measured? Nine questions, each with an answer in bounded time."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from ghlctl.model.delivery import Delivery, Headers, Reply
from ghlctl.model.finding import Outcome
from ghlctl.model.health import HealthCheck, HealthSummary
from ghlctl.model.run import SCHEMA_VERSION
from ghlctl.model.sample import ErrorKind
from ghlctl.signing.challenge import Secrets
from ghlctl.transport.address import Place, addresses_of, place_of, shown_url
from ghlctl.transport.attempt import Answer, Failure
from ghlctl.transport.challenging import challenge
from ghlctl.transport.clocks import RESOLUTION_S, skew_s
from ghlctl.transport.reach import Reach
from ghlctl.transport.sendable import require_sendable

PROVIDER_WAITS_S = 10.0
"""A receiver that answers later than this loses its deliveries."""
SLOW_S = 5.0
SKEW_S = 5.0

_NOT_FOUND = (404, 405)


@dataclass(frozen=True, slots=True)
class Ready:
    """What is asked, and with what. `genuine` is None without a test key.

    `forgery` differs from a genuine delivery in its signature alone. `challenged`: the scheme
    whose provider validates the URL, "" where it does not; `known` is what it knows.
    """

    url: str
    forgery: Delivery
    genuine: Delivery | None = None
    upstream_url: str | None = None
    headers: Headers = ()
    timeout_s: float = PROVIDER_WAITS_S
    challenged: str = ""
    known: Secrets = field(default=Secrets(b""), repr=False)


def health(ready: Ready, *, now: Callable[[], float] = time.time) -> HealthSummary:
    """Ask everything that can be asked; UsageError for a URL or headers that are none."""
    place = place_of(ready.url)
    require_sendable(ready.headers)
    with Reach(timeout_s=ready.timeout_s) as reach:
        checks = tuple(_checks(ready, place, reach, now))
    passed = not any(check.outcome in (Outcome.FAIL, Outcome.ERROR) for check in checks)
    return HealthSummary(SCHEMA_VERSION, checks, passed)


def _checks(
    ready: Ready, place: Place, reach: Reach, now: Callable[[], float]
) -> Iterator[HealthCheck]:
    addresses = addresses_of(place.host, place.port)
    yield _resolves(place, [str(address) for address in addresses])
    home: Answer = Failure(ErrorKind.CONNECT, f"the host name {place.host!r} does not resolve")
    if addresses:
        home = reach.ask("GET", place.origin + "/health", ready.headers)
    at = now()
    yield _connects(home)
    yield _tls(place, home)
    yield _endpoint(home)
    if unreachable(home):
        yield from map(_unasked, ("genuine", "forgery", "speed", "clock"))
    else:
        genuine = reach.send(ready.url, ready.genuine) if ready.genuine else None
        forged = reach.send(ready.url, ready.forgery)
        yield _genuine(genuine)
        yield _forgery(forged)
        yield _speed(genuine or forged)
        yield _clock(home, at)
        if ready.challenged:
            asked = challenge(reach, ready.url, ready.challenged, ready.known, now=now)
            yield from map(_no_obstacle, asked)
    if ready.upstream_url is not None:
        yield _upstream(reach, ready.upstream_url)


def _no_obstacle(check: HealthCheck) -> HealthCheck:
    """A receiver can be measured that its provider would not send to yet."""
    return replace(check, outcome=Outcome.WARN) if check.outcome is Outcome.FAIL else check


def unreachable(answer: Answer) -> bool:
    """Whether there was no conversation at all, as opposed to a bad one."""
    return isinstance(answer, Failure) and answer.kind in (ErrorKind.CONNECT, ErrorKind.TLS)


def _resolves(place: Place, addresses: list[str]) -> HealthCheck:
    if addresses:
        return HealthCheck("resolves", Outcome.PASS, f"{place.host} is {', '.join(addresses)}")
    return HealthCheck(
        "resolves",
        Outcome.FAIL,
        f"the host name {place.host!r} does not resolve",
        "check the URL's spelling and this machine's name resolution",
    )


def _connects(answer: Answer) -> HealthCheck:
    match answer:
        case Reply(connect_ms=ms):
            return HealthCheck("connects", Outcome.PASS, f"connected in {ms:.1f} ms")
        case Failure(kind=ErrorKind.CONNECT, text=text):
            hint = "is the receiver running, and on this port?"
            return HealthCheck("connects", Outcome.FAIL, text, hint)
        case _:
            return HealthCheck("connects", Outcome.PASS, "the port accepts connections")


def _tls(place: Place, answer: Answer) -> HealthCheck:
    if not place.secure:
        return HealthCheck("tls", Outcome.NOT_APPLICABLE, "the URL is plain http")
    match answer:
        case Failure(kind=ErrorKind.TLS, text=text):
            hint = (
                "the certificate must be valid for this host name and signed by a known authority"
            )
            return HealthCheck("tls", Outcome.FAIL, text, hint)
        case Failure(kind=ErrorKind.CONNECT):
            return _unasked("tls")
        case _:
            return HealthCheck("tls", Outcome.PASS, "the certificate holds for this host name")


def _endpoint(answer: Answer) -> HealthCheck:
    name = "health_endpoint"
    match answer:
        case Reply(status=status) if answer.acknowledged:
            return HealthCheck(name, Outcome.PASS, f"GET /health answered {status}")
        case Reply(status=status) if status in _NOT_FOUND:
            hint = "not needed; a load balancer would like one"
            return HealthCheck(name, Outcome.INFORMATIVE, f"no GET /health here ({status})", hint)
        case Reply(status=status):
            hint = "the receiver says of itself that it is not ready"
            return HealthCheck(name, Outcome.WARN, f"GET /health answered {status}", hint)
        case Failure(kind=ErrorKind.CONNECT | ErrorKind.TLS):
            return _unasked(name)
        case Failure(text=text):
            return HealthCheck(name, Outcome.WARN, text, "the port speaks, but not HTTP in time")


def _genuine(answer: Answer | None) -> HealthCheck:
    name = "genuine"
    match answer:
        case None:
            hint = "give the test key: --key env:NAME, or key: under receiver in ghlctl.yaml"
            return HealthCheck(name, Outcome.NOT_TESTED, "no test key to sign with", hint)
        case Reply(status=status) if answer.acknowledged:
            return HealthCheck(name, Outcome.PASS, f"a genuine delivery was accepted ({status})")
        case Reply(status=status):
            detail = f"a genuine delivery was not accepted ({status})"
            hint = "does the receiver trust this key, and does the URL name its webhook route?"
            return HealthCheck(name, Outcome.FAIL, detail, hint)
        case Failure(text=text):
            return HealthCheck(name, Outcome.FAIL, f"a genuine delivery: {text}", _BROKEN)


def _forgery(answer: Answer) -> HealthCheck:
    name = "forgery"
    match answer:
        case Reply(status=status) if 400 <= status < 500:  # noqa: PLR2004 - HTTP's own range
            return HealthCheck(name, Outcome.PASS, f"a forged delivery was refused ({status})")
        case Reply(status=status) if answer.acknowledged:
            detail = f"a forged delivery was answered {status}, as if it were accepted"
            hint = "the reply alone does not show it: ghlctl audit --upstream tells what was done"
            return HealthCheck(name, Outcome.WARN, detail, hint)
        case Reply(status=status):
            detail = f"a forged delivery was answered {status}, which is no refusal"
            hint = "ghlctl audit tells whether the receiver acted on it"
            return HealthCheck(name, Outcome.WARN, detail, hint)
        case Failure(text=text):
            return HealthCheck(name, Outcome.WARN, f"a forged delivery: {text}", _BROKEN)


def _speed(answer: Answer) -> HealthCheck:
    name = "speed"
    if isinstance(answer, Failure):
        return HealthCheck(name, Outcome.FAIL, answer.text, _BROKEN)
    took_s = answer.total_ms / 1e3
    detail = f"answered in {took_s * 1e3:.0f} ms"
    hint = "acknowledge first and work afterwards"
    if took_s >= PROVIDER_WAITS_S:
        return HealthCheck(name, Outcome.FAIL, detail, hint)
    if took_s > SLOW_S:
        return HealthCheck(name, Outcome.WARN, detail, hint)
    return HealthCheck(name, Outcome.PASS, detail)


def _clock(answer: Answer, now: float) -> HealthCheck:
    name = "clock"
    skew = skew_s(answer, now) if isinstance(answer, Reply) else None
    if skew is None:
        return HealthCheck(name, Outcome.INFORMATIVE, "the receiver tells no time (Date header)")
    detail = f"the receiver's clock differs by {round(skew):+d} s (to within {RESOLUTION_S:g} s)"
    if abs(skew) > SKEW_S:
        hint = "set both clocks by NTP, or fresh deliveries look stale"
        return HealthCheck(name, Outcome.WARN, detail, hint)
    return HealthCheck(name, Outcome.PASS, detail)


def _upstream(reach: Reach, url: str) -> HealthCheck:
    name = "upstream"
    answer = reach.ask("GET", place_of(url).origin + "/_ghlctl/health")
    if isinstance(answer, Reply) and answer.acknowledged:
        return HealthCheck(name, Outcome.PASS, f"the upstream {shown_url(url)} answers")
    why = answer.text if isinstance(answer, Failure) else f"its health answered {answer.status}"
    hint = "start one with ghlctl upstream, and give its address with --upstream"
    return HealthCheck(name, Outcome.FAIL, f"the upstream {shown_url(url)}: {why}", hint)


def _unasked(name: str) -> HealthCheck:
    return HealthCheck(name, Outcome.NOT_TESTED, "the receiver was not reached")


_BROKEN = "look at the receiver's own log for this moment"
