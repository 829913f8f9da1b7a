"""What is said of TLS, of the address and of the replies, with real handshakes."""

import asyncio
import ssl
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from struct import pack, unpack

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ghlctl.model.finding import AuditSummary, Finding, Outcome
from ghlctl.transport.address import place_of
from ghlctl.transport.conversation import TlsOffer
from ghlctl.transport.handshake import shake
from ghlctl.transport.hello import choice_in, client_hello
from tests.audit.certificates import GOOD, Authority, Paper, ending_in
from tests.audit.conftest import KEYS, Audit, Serve
from tests.audit.door import door
from tests.audit.flaws.signature_raw import bare, each_by_itself
from tests.audit.receivers import PATH, Steps, steps_for
from tests.audit.street import Street, Talk

HSTS = b"Strict-Transport-Security: max-age=31536000\r\n"
LAX = "ALL:eNULL:aNULL:@SECLEVEL=0"
Asked = Callable[..., dict[str, Finding]]


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


@pytest.fixture
def asked(street: Street, audit: Audit, upstream: str, authority: Authority) -> Asked:
    """Findings about a correct receiver behind this certificate or context."""

    def asked(served: Paper | ssl.SSLContext, *ids: str, more: bytes = HSTS) -> dict[str, Finding]:
        context = authority.context(served) if isinstance(served, Paper) else served
        steps = steps_for("ghl", KEYS["ghl"], upstream)
        url = street.raw(bare(steps, each_by_itself, more), context) + PATH
        summary: AuditSummary = audit(url, scope=frozenset(ids or {"network"}))
        found = {one.id: one for one in summary.checks if one.outcome is not Outcome.SKIP}
        assert (summary.score is None) is (found["CTL-01"].outcome is not Outcome.PASS)
        return found

    return asked


def test_a_receiver_with_modern_tls_trips_nothing(asked: Asked) -> None:
    found = asked(GOOD)
    outcomes = {one.outcome for one in found.values()}
    assert outcomes <= {Outcome.PASS, Outcome.INFORMATIVE}, found
    assert found["NET-01"].reason == "refused SSLv3, TLSv1, TLSv1.1; agrees to TLSv1.3"
    assert "nobody answers HTTP in the clear" in found["NET-04"].reason


@pytest.mark.parametrize(
    ("paper", "word"),
    [
        (ending_in(-1, of=90), "expired"),
        (replace(GOOD, address="127.0.0.9"), "mismatch"),
        (replace(GOOD, own_authority=True), "self-signed"),
        (replace(GOOD, days=(1.0, 100.0)), "not yet valid"),
    ],
    ids=["expired", "wrong-name", "self-signed", "not-yet"],
)
def test_a_certificate_that_no_provider_accepts_is_named_although_nothing_else_can_be_asked(
    asked: Asked, paper: Paper, word: str
) -> None:
    found = asked(paper, "NET-03", "NET-05")
    assert found["NET-03"].outcome is Outcome.FAIL
    assert word in found["NET-03"].reason
    assert "3 of 3" in found["NET-03"].reason
    assert found["NET-05"].outcome is Outcome.ERROR


def test_a_certificate_about_to_end_is_a_warning_by_its_own_length(asked: Asked) -> None:
    assert asked(ending_in(5, of=90), "NET-03")["NET-03"].outcome is Outcome.WARN
    assert asked(ending_in(4, of=6), "NET-03")["NET-03"].outcome is Outcome.PASS


def test_a_short_key_is_a_failure(asked: Asked, authority: Authority) -> None:
    short = replace(GOOD, key=rsa.generate_private_key(65537, 1024))  # noqa: S505 - the flaw
    try:
        context = authority.context(short, ciphers=LAX)
    except ssl.SSLError as error:
        pytest.skip(f"the local OpenSSL serves no key of 1024 bits: {error}")
    found = asked(context, "NET-03")["NET-03"]
    assert found.outcome is Outcome.FAIL
    assert "key" in found.reason


def test_a_signature_over_sha1_is_a_failure(asked: Asked, authority: Authority) -> None:
    try:
        context = authority.context(replace(GOOD, digest=hashes.SHA1()), ciphers=LAX)  # noqa: S303 - the flaw
    except (ssl.SSLError, UnsupportedAlgorithm, ValueError) as error:
        pytest.skip(f"the local libraries sign nothing over SHA-1: {error}")
    assert asked(context, "NET-03")["NET-03"].outcome is Outcome.FAIL


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1.1"])
def test_an_old_version_is_a_failure(asked: Asked, authority: Authority, version: str) -> None:
    context = authority.context(GOOD, ciphers=LAX)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            context.minimum_version = ssl.TLSVersion[version.replace(".", "_")]
        except ValueError as error:
            pytest.skip(f"the local OpenSSL has no {version}: {error}")
    found = asked(context, "NET-01")["NET-01"]
    assert found.outcome is Outcome.FAIL
    assert version in found.reason


@pytest.mark.parametrize(
    ("ciphers", "word"), [("!aNULL:eNULL", "no encryption"), ("!eNULL", "no certificate")]
)
def test_a_suite_that_protects_nothing_is_a_failure(
    asked: Asked, authority: Authority, ciphers: str, word: str
) -> None:
    context = authority.context(GOOD, ciphers=f"ALL:{ciphers}:@SECLEVEL=0")
    found = asked(context, "NET-02")["NET-02"]
    assert found.outcome is Outcome.FAIL
    assert f"agreed to {word}, 3 of 3" in found.reason


def answers_hello_with(version: int, suites: set[int]) -> Talk:
    """A server of long ago: its first answer alone, where one of its suites was offered."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, _, length = unpack("!BHH", await reader.readexactly(5))
        hello = await reader.readexactly(length)
        count = unpack("!H", hello[39:41])[0] // 2
        offered = unpack(f"!{count}H", hello[41 : 41 + 2 * count])
        chosen = next((suite for suite in offered if suite in suites), None)
        if chosen is None or unpack("!H", hello[4:6])[0] < version:
            writer.write(b"\x15\x03\x01\x00\x02\x02\x28")
        else:
            body = pack("!H", version) + bytes(32) + b"\0" + pack("!H", chosen) + b"\0"
            message = b"\x02" + len(body).to_bytes(3, "big") + body
            writer.write(b"\x16" + pack("!HH", version, len(message)) + message)
        await writer.drain()

    return talk


@pytest.mark.parametrize(
    ("version", "suite", "ids"),
    [
        (0x0300, 0x000A, {"NET-01"}),
        (0x0303, 0x0005, {"NET-02"}),
        (0x0303, 0x000A, {"NET-02"}),
        (0x0303, 0x0003, {"NET-02"}),
    ],
    ids=["SSLv3", "RC4", "3DES", "export"],
)
def test_what_no_library_offers_any_longer_is_offered_by_hand(
    street: Street, audit: Audit, version: int, suite: int, ids: set[str]
) -> None:
    origin = street.raw(answers_hello_with(version, {suite}))
    url = origin.replace("http:", "https:") + PATH
    summary = audit(url, scope=frozenset({"NET-01", "NET-02"}), timeout_s=1.0)
    failed = {one.id for one in summary.checks if one.outcome is Outcome.FAIL}
    confirmed = {one.id for one in summary.checks if "3 of 3" in one.reason}
    assert not failed  # nothing genuine was accepted, so that nothing is claimed
    assert confirmed == ids


def test_a_hello_by_hand_is_understood_by_a_real_server(
    street: Street, authority: Authority
) -> None:
    served = authority.context(GOOD, ciphers=LAX)
    steps = steps_for("ghl", KEYS["ghl"], "http://127.0.0.1:1")
    place = place_of(street.raw(bare(steps, each_by_itself), served))
    chosen = shake(place, TlsOffer(maximum="TLSv1.2", suites=(0xC02B, 0xC02C)))
    assert (chosen.version, chosen.failure) == ("TLSv1.2", "")
    assert chosen.cipher in ("0xc02b", "0xc02c")
    refused = shake(place, TlsOffer(maximum="TLSv1.2", suites=(0x0005,)))
    assert refused.version == ""
    assert refused.failure  # an alert, or a closed connection, as the server's library has it


@pytest.mark.parametrize(
    "content", [b"", b"\x02", b"HTTP/1.1 400", b"\x02\0\0\x26\x03\x03" + bytes(32) + b"\xff"]
)
def test_an_answer_that_is_cut_short_is_no_choice(content: bytes) -> None:
    assert choice_in(22, content).version == ""
    assert choice_in(21, content).failure
    assert choice_in(72, content).failure == "what came back is no TLS"


def test_a_name_is_told_in_the_hello_and_an_address_is_not() -> None:
    offer = TlsOffer(maximum="TLSv1.2", suites=(0x000A,))
    assert b"receiver.example" in client_hello(offer, "receiver.example")
    assert b"127.0.0.1" not in client_hello(offer, "127.0.0.1")


def test_short_or_no_transport_security_is_a_warning(asked: Asked) -> None:
    assert asked(GOOD, "NET-05", more=b"")["NET-05"].outcome is Outcome.WARN
    day = b"Strict-Transport-Security: max-age=86400\r\n"
    assert "for 1 days" in asked(GOOD, "NET-05", more=day)["NET-05"].reason


@pytest.mark.parametrize(
    ("query", "outcome"),
    [("?tenant=7&token=s3cr3t-of-mine", Outcome.WARN), ("?tenant=7&page=token", Outcome.PASS)],
)
def test_a_secret_in_the_query_is_a_warning_and_is_never_shown(
    serve: Serve, audit: Audit, query: str, outcome: Outcome
) -> None:
    summary = audit(serve() + query, scope=frozenset({"NET-11"}))
    found = next(one for one in summary.checks if one.id == "NET-11")
    assert found.outcome is outcome
    assert "s3cr3t" not in repr(summary)


def asks_for_its_path(steps: Steps) -> Steps:
    """The last part of the path is all that it asks for."""

    def around(app: ASGIApp) -> ASGIApp:
        async def asked(scope: Scope, receive: Receive, send: Send) -> None:
            if Request(scope).query_params.get("key") != "f00dfeedf00dfeed":
                return await Response(status_code=404)(scope, receive, send)
            return await app(scope, receive, send)

        return asked

    return replace(steps, around=around)


def test_a_secret_in_the_url_that_is_all_it_asks_for_is_a_failure(
    serve: Serve, audit: Audit
) -> None:
    url = serve("none", asks_for_its_path) + "?key=f00dfeedf00dfeed"
    summary = audit(url, "none", scope=frozenset({"NET-11"}))
    found = next(one for one in summary.checks if one.id == "NET-11")
    assert found.outcome is Outcome.FAIL
    assert "3 of 3" in found.reason
    assert "f00dfeed" not in repr(summary)


TLS = b"\x16"  # the first byte of a handshake
ELSEWHERE = b"HTTP/1.1 308 there\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def in_the_clear(
    street: Street, audit: Audit, upstream: str, authority: Authority
) -> Callable[[bytes], Finding]:
    """What NET-04 says of one port for both, that answers plain HTTP so, or as it does TLS."""

    def asked(answer: bytes) -> Finding:
        talk = bare(steps_for("ghl", KEYS["ghl"], upstream), each_by_itself)
        plain, secure = street.raw(talk), street.raw(talk, authority.context(GOOD))
        both = street.raw(door(lambda first: secure if first[:1] == TLS else answer or plain))
        url = both.replace("http:", "https:") + PATH
        summary = audit(url, scope=frozenset({"NET-04"}))
        return next(one for one in summary.checks if one.id == "NET-04")

    return asked


def test_a_delivery_that_is_taken_in_the_clear_is_a_failure(
    in_the_clear: Callable[[bytes], Finding],
) -> None:
    found = in_the_clear(b"")
    assert found.outcome is Outcome.FAIL, found.reason
    assert "3 of 3" in found.reason


def test_a_redirect_from_http_is_a_warning(in_the_clear: Callable[[bytes], Finding]) -> None:
    found = in_the_clear(ELSEWHERE)
    assert found.outcome is Outcome.WARN, found.reason
    assert "308" in found.reason


def test_a_refusal_in_the_clear_passes(in_the_clear: Callable[[bytes], Finding]) -> None:
    found = in_the_clear(b"HTTP/1.1 400 plain HTTP\r\nContent-Length: 0\r\n\r\n")
    assert found.outcome is Outcome.PASS, found.reason
