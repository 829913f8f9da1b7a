"""What is asked on bare sockets, and how verdicts of the signature's scripts fall."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from ghlctl.audit.checks.signature_acceptance import UNUSUAL_BYTES
from ghlctl.audit.checks.signature_kinds import PARSES_FIRST
from ghlctl.audit.checks.signature_mathematics import MALFORMED_MATHEMATICS
from ghlctl.audit.checks.signature_places import nearby
from ghlctl.audit.checks.signature_secrets import PUBLISHED, PUBLISHED_KEY
from ghlctl.model.finding import Confidence, Outcome
from ghlctl.signing.catalogue import scheme_named
from tests.audit.conftest import KEYS, Audit
from tests.audit.flaws.signature_raw import (
    Trust,
    bare,
    by_exact_name,
    each_by_itself,
    once_a_connection,
)
from tests.audit.receivers import PATH, steps_for
from tests.audit.street import Street
from tests.audit.test_scripts import TIMEOUT, World, always, kit, play, reply

UNTOLD = (Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.INFORMATIVE, Outcome.SKIP)


@pytest.mark.parametrize(
    ("trust", "trips"),
    [
        (each_by_itself, {}),
        (by_exact_name, {"SIG-21": Outcome.FAIL}),
        (once_a_connection, {"SIG-31": Outcome.FAIL}),
    ],
)
def test_a_receiver_on_a_bare_socket_trips_what_it_does_wrong(
    trust: Trust, trips: dict[str, Outcome], street: Street, upstream: str, audit: Audit
) -> None:
    url = street.raw(bare(steps_for("ghl", KEYS["ghl"], upstream), trust)) + PATH
    found = audit(url, scope=frozenset({"signature"})).checks
    assert {one.id: one.outcome for one in found if one.outcome not in UNTOLD} == trips


def test_a_form_that_is_refused_whatever_its_bytes_are_is_no_failure_of_the_bytes() -> None:
    """A receiver that takes no field of numbers refuses it in its usual form as well."""

    def numbers(_number: int, delivery: object) -> bool:
        return b"ghlctlNumbers" in getattr(delivery, "body", b"")

    picky = World(
        lambda n, d: reply(422 if numbers(n, d) else 200), lambda n, d: int(not numbers(n, d))
    )
    verdict = play(UNUSUAL_BYTES, kit("ghl"), picky)
    assert (verdict.outcome, verdict.confidence) == (Outcome.PASS, Confidence.CONFIRMED)
    assert "whatever its form" in verdict.reason


def test_a_receiver_that_hangs_neither_passes_nor_fails_what_it_must_accept() -> None:
    assert play(UNUSUAL_BYTES, kit("ghl"), World(always(TIMEOUT))).outcome is Outcome.INCONCLUSIVE


def test_replies_that_differ_by_chance_are_not_taken_for_parsing() -> None:
    world = World(lambda number, _d: reply(401 if number % 3 else 503))
    assert play(PARSES_FIRST, kit("ghl"), world).outcome is Outcome.INCONCLUSIVE
    assert play(PARSES_FIRST, kit("ghl"), World(always(TIMEOUT))).outcome is Outcome.INCONCLUSIVE


def test_a_receiver_that_is_audited_with_a_published_secret_is_not_blamed_for_it() -> None:
    given = replace(kit("github"), key=b"changeme")
    world = World(always(reply(401)))
    play(PUBLISHED_KEY, given, world)
    assert len(world.sent) == len(PUBLISHED)
    scheme = given.scheme
    held = [
        one
        for one in world.sent
        if scheme.verify(one.body, one.headers, b"changeme", now=1.7e9, tolerance=None) is None
    ]
    assert held == []


@pytest.mark.parametrize("scheme", ["ghl", "ghl-legacy", "standard-ed25519"])
def test_no_malformed_signature_is_one_that_holds(scheme: str) -> None:
    signer = scheme_named(scheme)
    key = signer.read_signing_key(KEYS[scheme])
    given = replace(kit("ghl"), scheme=signer, key=key, stranger=key)
    assert isinstance(given.key, Ed25519PrivateKey | RSAPrivateKey)
    public = given.key.public_key()
    world = World(always(reply(401)))
    assert play(MALFORMED_MATHEMATICS, given, world).outcome is Outcome.PASS
    for one in world.sent:
        rejection = given.scheme.verify(one.body, one.headers, public, now=1.7e9, tolerance=None)
        assert rejection is not None


def test_the_paths_nearby_never_are_the_receivers_own() -> None:
    for url in ("http://127.0.0.1:1/webhooks/ghl", "http://127.0.0.1:1/", "http://h/v2/hook?a=b"):
        assert url not in nearby(url)
    assert "http://h/v1/hook" in nearby("http://h/v2/hook?token=secret")
    assert not any("secret" in url for url in nearby("http://h/v2/hook?token=secret"))
