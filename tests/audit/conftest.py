"""One street of servers, one upstream and one key per scheme for all tests of the audit."""

from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from ghlctl.audit.driver import run_audit
from ghlctl.audit.receiver import AuditedReceiver, Bounds, Means
from ghlctl.model.finding import AuditSummary
from ghlctl.signing.catalogue import SCHEMES
from ghlctl.signing.pem import pair
from tests.audit.book import upstream_app
from tests.audit.receivers import PATH, Steps, receiver, steps_for
from tests.audit.street import Street

LEGACY = "ghl-legacy"
QUICK = Bounds(
    settle_s=0.1,
    act_within_s=2.0,
    log_within_s=1.0,
    answer_within_s=4.0,
    requests_per_s=1000.0,
    wait_when_busy_s=0.3,
    largest_body_bytes=12_000_000,  # still more than sockets hold
)
KEYS = {name: scheme.generate().private for name, scheme in SCHEMES.items() if name != LEGACY}
# shorter than the platform's, because it is made on every run
KEYS[LEGACY] = pair(generate_private_key(65537, 2048)).private


@pytest.fixture(scope="session")
def street() -> Iterator[Street]:
    with Street() as street:
        yield street


@pytest.fixture(scope="session")
def upstream(street: Street) -> str:
    return street.app(upstream_app())


Serve = Callable[..., str]
Audit = Callable[..., AuditSummary]


@pytest.fixture(scope="session")
def serve(street: Street, upstream: str) -> Serve:
    """Serve a receiver that some function made from a correct one; returns its URL."""

    def serve(
        scheme: str = "ghl",
        change: Callable[[Steps], Steps] = lambda s: s,
        upstream: str = upstream,
    ) -> str:
        steps = change(steps_for(scheme, KEYS[scheme], upstream))
        return street.app(receiver(steps)) + PATH

    return serve


@pytest.fixture(scope="session")
def audit(upstream: str) -> Audit:
    """Audit a URL quickly, with its key and the upstream unless told otherwise."""

    def audit(url: str, scheme: str = "ghl", **changes: object) -> AuditSummary:
        given = {
            "key": KEYS[scheme],
            "upstream_url": upstream,
            "timeout_s": 5.0,
            "means": Means(intrusive=True),
        }
        scope = changes.pop("scope", None)
        bounds = changes.pop("bounds", QUICK)
        audited = AuditedReceiver(url, scheme=scheme, **(given | changes))  # type: ignore[arg-type] # reason: the fields are named by the tests
        return run_audit(audited, scope=scope, bounds=bounds)  # type: ignore[arg-type] # reason: as above

    return audit
