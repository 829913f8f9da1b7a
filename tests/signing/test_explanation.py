"""Why a signature does not hold: each cause is made here, and has to be named."""

import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.signing.catalogue import SCHEMES
from ghlctl.signing.explanation import explain
from ghlctl.signing.highlevel_keys import PUBLISHED
from ghlctl.signing.scheme import Rejection, Request
from ghlctl.signing.subject import Explanation, Named, Subject

AT = 1_700_000_000.0
URL = "https://example.com/hook?tenant=1"
BODY = json.dumps(
    {"type": "ContactCreate", "name": "Zoë O’Hara", "url": "https://a/b", "amount": 10},  # noqa: RUF001 - bodies leave ASCII at times
    ensure_ascii=False,
    separators=(",", ":"),
).encode()
PAIRS = {name: scheme.generate() for name, scheme in SCHEMES.items() if name != "none"}
USUAL = ("ghl", "github", "hubspot", "standard", "slack")


def named(scheme: str, name: str = "mine") -> Named:
    text = PAIRS[scheme].public
    return Named(name, text, SCHEMES[scheme].read_verifying_key(text))


def signed(scheme: str, body: bytes = BODY, key: bytes | None = None) -> Subject:
    signer = SCHEMES[scheme]
    private = signer.read_signing_key(key or PAIRS[scheme].private)
    request = Request("POST", URL)
    headers = signer.sign(body, private, at=AT, delivery_id="d-1", request=request)
    return Subject(body, headers, request)


def explained(
    subject: Subject,
    scheme: str = "ghl",
    *,
    others: tuple[Named, ...] = (),
    now: float = AT,
    tolerance: float | None = 300,
) -> Explanation:
    return explain(
        subject,
        SCHEMES[scheme],
        [named(scheme)],
        others=others,
        schemes=SCHEMES,
        now=now,
        tolerance=tolerance,
    )


def with_header(subject: Subject, change: str) -> Subject:
    (name, _), *rest = subject.headers
    return replace(subject, headers=((name, change), *rest))


def value(subject: Subject) -> str:
    return subject.headers[0][1]


@pytest.mark.parametrize("scheme", USUAL)
def test_a_signature_that_holds_is_said_to_hold(scheme: str) -> None:
    found = explained(signed(scheme), scheme)
    assert (found.rejection, found.cause, found.proven) == (None, "holds", True)
    assert "mine" in found.text


@pytest.mark.parametrize(
    ("received", "cause"),
    [
        (json.dumps(json.loads(BODY)).encode(), "reserialised"),
        (json.dumps(json.loads(BODY), indent=2).encode(), "reserialised"),
        (json.dumps(json.loads(BODY), separators=(",", ":")).encode(), "reserialised"),
        (b"\xef\xbb\xbf" + BODY, "bom"),
        (BODY + b"\n", "newline"),
        (BODY + b"\r\n", "newline"),
        (b"  " + BODY, "whitespace"),
    ],
)
@pytest.mark.parametrize("scheme", USUAL)
def test_a_body_that_was_written_again_is_proven(scheme: str, received: bytes, cause: str) -> None:
    found = explained(replace(signed(scheme), body=received), scheme)
    assert (found.rejection, found.proven) == (Rejection.MISMATCH, True)
    assert found.cause == cause
    assert found.hint


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        (b'{"a":1,\r\n"b":2}', b'{"a":1,\n"b":2}'),
        (b'{"a":1,\n"b":2}', b'{"a":1,\r\n"b":2}'),
    ],
)
def test_line_ends_that_were_changed_are_proven(sent: bytes, received: bytes) -> None:
    found = explained(replace(signed("ghl", sent), body=received))
    assert (found.cause, found.proven) == ("crlf", True)


@pytest.mark.parametrize("sent", [b'{"a":"\\u00e9"}', b'{"a":"x\\/y"}', b'{"b":1, "a":1.0}'])
def test_what_parsing_loses_is_said_without_proof_or_proven(sent: bytes) -> None:
    received = json.dumps(json.loads(sent), ensure_ascii=False, separators=(",", ":")).encode()
    found = explained(replace(signed("ghl", sent), body=received))
    assert found.rejection is Rejection.MISMATCH
    assert found.cause in {"reserialised", "mismatch"}
    assert found.proven == (found.cause == "reserialised")


def test_a_signature_that_is_bent_is_proven() -> None:
    subject = signed("ghl", b"{}")
    text = value(subject)
    raw = base64.b64decode(text)
    bent = {
        "whitespace": f" {text} ",
        "quoted": f'"{text}"',
        "unpadded": text.rstrip("="),
        "hex": raw.hex(),
        "encoded-twice": base64.b64encode(text.encode()).decode(),
        "prefix": f"sha256={text}",
    }
    for cause, change in bent.items():
        found = explained(with_header(subject, change))
        assert (found.cause, found.proven) == (cause, True), change
        assert found.rejection is Rejection.MALFORMED


def test_url_safe_base64_is_proven() -> None:
    for number in range(50):
        subject = signed("ghl", b"{}" + b" " * number)
        safe = value(subject).translate(str.maketrans("+/", "-_"))
        if safe != value(subject):
            assert explained(with_header(subject, safe)).cause == "url-safe"


def test_hexadecimal_that_is_bent_is_proven() -> None:
    subject = signed("github")
    text = value(subject)
    digits = text.removeprefix("sha256=")
    encoded = base64.b64encode(bytes.fromhex(digits)).decode()
    for cause, change in {
        "uppercase": "sha256=" + digits.upper(),
        "prefix": digits,
        "base64": "sha256=" + encoded,
    }.items():
        found = explained(with_header(subject, change), "github")
        assert (found.cause, found.proven) == (cause, True)


def with_private(scheme: str) -> Named:
    return replace(named(scheme), signing=PAIRS[scheme].private)


@pytest.mark.parametrize("scheme", [name for name in SCHEMES if name != "none"])
@pytest.mark.parametrize("left", [0.5, 0.8])
def test_a_signature_that_was_cut_off_is_proven_by_signing_again(scheme: str, left: float) -> None:
    subject = signed(scheme, b"a=1")
    text = value(subject)
    cut = with_header(subject, text[: max(int(len(text) * left), 26)])
    found = explain(
        cut, SCHEMES[scheme], [with_private(scheme)], schemes=SCHEMES, now=AT, tolerance=None
    )
    assert (found.cause, found.proven) == ("truncated-signature", True), found
    assert f"of the {len(text)} characters" in found.text
    assert found.rejection is not None


def test_without_the_private_half_a_cut_is_named_and_not_proven() -> None:
    subject = signed("ghl")
    found = explained(with_header(subject, value(subject)[:40]))
    assert (found.cause, found.proven) == ("truncated-signature", False)


@pytest.mark.parametrize("text", ["?" * 300, "short", "no signature at all", "A" * 200])
def test_what_is_no_beginning_of_a_signature_is_only_malformed(text: str) -> None:
    subject = with_header(signed("ghl"), text)
    found = explain(
        subject, SCHEMES["ghl"], [with_private("ghl")], schemes=SCHEMES, now=AT, tolerance=None
    )
    assert (found.cause, found.proven) == ("malformed", False)


def test_another_delivery_s_signature_is_never_taken_for_a_cut_one() -> None:
    """An Ed25519 signature of another body begins differently, though the key is the same."""
    other = value(signed("ghl", b"another"))
    subject = with_header(signed("ghl"), other[:40])
    found = explain(
        subject, SCHEMES["ghl"], [with_private("ghl")], schemes=SCHEMES, now=AT, tolerance=None
    )
    assert not found.proven


def test_a_stranger_s_header_is_named_where_the_own_one_is_missing() -> None:
    subject = signed("github")
    found = explained(subject, "ghl")
    assert found.cause == "missing-header"
    assert "github" in found.hint


def test_another_key_is_named() -> None:
    stranger = SCHEMES["ghl"].generate()
    other = Named(
        "the old one", stranger.public, SCHEMES["ghl"].read_verifying_key(stranger.public)
    )
    found = explained(signed("ghl", key=stranger.private), others=(other,))
    assert (found.cause, found.proven) == ("wrong-key", True)
    assert "the old one" in found.text


def test_another_scheme_is_named() -> None:
    text = b"a-secret"
    key = Named("mine", text, text)
    found = explain(
        signed("slack", key=text),
        SCHEMES["github"],
        [key],
        schemes=SCHEMES,
        now=AT,
        tolerance=None,
    )
    assert (found.cause, found.proven) == ("wrong-scheme", True)
    assert found.hint == "--scheme slack"


@pytest.mark.parametrize("written", [b"s3cret\n", b'"s3cret"', b" s3cret "])
def test_a_secret_with_something_around_it_is_proven(written: bytes) -> None:
    """One side read the file with its line end, the other without."""
    scheme = SCHEMES["github"]
    headers = scheme.sign(BODY, written, at=AT, delivery_id="d")
    key = Named("mine", written if b'"' not in written else b"s3cret", b"s3cret")
    found = explain(
        Subject(BODY, headers, Request()),
        scheme,
        [key],
        schemes=SCHEMES,
        now=AT,
        tolerance=None,
    )
    assert (found.cause, found.proven) == ("key-text", True)


def test_a_secret_that_was_not_decoded_is_proven() -> None:
    scheme, text = SCHEMES["standard"], PAIRS["standard"].private
    headers = scheme.sign(BODY, text, at=AT, delivery_id="d-1")
    found = explained(Subject(BODY, headers, Request()), "standard")
    assert (found.cause, found.proven) == ("key-text", True)
    assert "not decoded" in found.text


def test_the_url_that_a_proxy_changed_is_proven() -> None:
    subject = signed("hubspot")
    for seen in (
        "http://example.com/hook?tenant=1",
        "https://example.com/hook/?tenant=1",
        "http://example.com:8080/hook?tenant=1",
    ):
        moved = replace(subject, request=Request("POST", seen))
        found = explained(moved, "hubspot")
        assert (found.cause, found.proven) == ("url", True), seen


@pytest.mark.parametrize(("now", "cause"), [(AT + 301, "stale"), (AT - 301, "early")])
def test_age_is_named_as_the_only_fault(now: float, cause: str) -> None:
    found = explained(signed("slack"), "slack", now=now)
    assert (found.cause, found.proven) == (cause, True)


def test_an_announced_length_proves_that_a_body_was_cut() -> None:
    subject = signed("ghl")
    announced = (*subject.headers, ("Content-Length", str(len(BODY))))
    cut = Subject(BODY[:-5], announced, subject.request)
    assert explained(cut).cause == "truncated-body"
    grown = Subject(BODY + b"xx", announced, subject.request)
    assert explained(grown).cause == "longer-body"


def test_the_platform_s_word_for_unsigned_is_named() -> None:
    found = explained(Subject(BODY, (("X-GHL-Signature", "N/A"),), Request()))
    assert (found.cause, found.rejection) == ("unsigned", Rejection.MISSING_HEADER)
    assert explained(Subject(BODY, (), Request())).cause == "missing-header"


def test_a_body_and_a_header_that_were_both_changed_are_proven_together() -> None:
    subject = with_header(signed("ghl"), value(signed("ghl")).rstrip("="))
    found = explained(replace(subject, body=BODY + b"\n"))
    assert (found.cause, found.proven) == ("newline", True)
    assert "= at its end" in found.text


def test_a_forgery_is_never_explained_away() -> None:
    found = explained(signed("ghl", key=SCHEMES["ghl"].generate().private))
    assert (found.cause, found.proven) == ("mismatch", False)
    assert found.rejection is Rejection.MISMATCH


@pytest.mark.parametrize("scheme", USUAL)
@given(body=st.binary(max_size=80), text=st.text(max_size=120))
def test_nothing_that_is_captured_makes_an_exception(scheme: str, body: bytes, text: str) -> None:
    headers = tuple((name, text) for name in (*SCHEMES[scheme].headers, "Content-Length"))
    found = explained(Subject(body, headers, Request("POST", "http://[::1/" + text)), scheme)
    assert found.rejection is not None


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_highlevel_s_published_keys_are_at_hand(name: str) -> None:
    assert SCHEMES[name].read_verifying_key(PUBLISHED[name])
