"""The questions by which a provider validates a URL, put to a receiver: rightly, and forged."""

import secrets
from collections.abc import Callable, Iterator

from ghlctl.model.delivery import Reply
from ghlctl.model.finding import Outcome
from ghlctl.model.health import HealthCheck
from ghlctl.signing.challenge import CHALLENGES, FORGED, Challenge, Secrets
from ghlctl.transport.attempt import Answer
from ghlctl.transport.reach import Reach

GENUINE, FORGERY = "challenge", "challenge_forged"
_NONCE_BYTES = 16
_GIVE = "give the signing secret with --key, and Meta's verify token with --verify-token"


def challenge(
    reach: Reach, url: str, scheme: str, known: Secrets, *, now: Callable[[], float]
) -> Iterator[HealthCheck]:
    """Whether the receiver answers what `scheme`'s provider asks, and refuses anybody else."""
    kind = CHALLENGES[scheme]
    if not (known.verify_token if kind.needs_token else known.key):
        yield HealthCheck(GENUINE, Outcome.NOT_TESTED, f"what {scheme} asks was not asked", _GIVE)
    else:
        yield _genuine(scheme, kind, *_put(reach, url, kind, known, known, now()))
    if known.key or kind.needs_token:
        yield _forged(scheme, kind, *_put(reach, url, kind, FORGED, known, now()))


def _put(
    reach: Reach, url: str, kind: Challenge, asking: Secrets, known: Secrets, at: float
) -> tuple[Answer, str]:
    """What came back, and what is wrong with it."""
    nonce = secrets.token_urlsafe(_NONCE_BYTES)
    asked = kind.ask(url, nonce, asking, at)
    answer = reach.ask(asked.method, asked.url, asked.headers, asked.body)
    if not isinstance(answer, Reply):
        return answer, answer.text
    if not answer.acknowledged:
        return answer, f"it was answered {answer.status}"
    return answer, kind.fault(answer.body, nonce, known)


def _genuine(scheme: str, kind: Challenge, answer: Answer, fault: str) -> HealthCheck:
    took_s = answer.total_ms / 1e3
    if fault:
        detail = f"what {scheme} asks before it sends: {fault}"
        hint = "until it is answered rightly the provider sends nothing to this URL"
        return HealthCheck(GENUINE, Outcome.FAIL, detail, hint)
    if took_s > kind.within_s:
        detail = f"what {scheme} asks was answered rightly, after {took_s:.1f} s"
        hint = f"{scheme} waits {kind.within_s:g} s"
        return HealthCheck(GENUINE, Outcome.FAIL, detail, hint)
    detail = f"what {scheme} asks before it sends was answered rightly"
    return HealthCheck(GENUINE, Outcome.PASS, detail)


def _forged(scheme: str, kind: Challenge, answer: Answer, fault: str) -> HealthCheck:
    if not isinstance(answer, Reply):
        return HealthCheck(FORGERY, Outcome.WARN, f"a forged {scheme} challenge: {fault}")
    if fault:
        detail = f"a forged {scheme} challenge was not answered ({answer.status})"
        return HealthCheck(FORGERY, Outcome.PASS, detail)
    detail = f"a forged {scheme} challenge was answered: {kind.forged_means}"
    hint = "verify first: its signature, or Meta's verify token"
    return HealthCheck(FORGERY, Outcome.WARN, detail, hint)
