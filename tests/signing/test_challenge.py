"""What providers ask before they send: answered by who knows the secret, and by nobody else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.errors import UsageError
from ghlctl.signing.catalogue import SCHEMES
from ghlctl.signing.challenge import CHALLENGES, FORGED, Asked, Secrets, challenge_of
from ghlctl.signing.scheme import Rejection

AT = 1_700_000_000.0
URL = "https://example.com/hook?tenant=1"
KNOWN = Secrets(b"s3cret-token", "v3rify")
every = pytest.mark.parametrize("name", list(CHALLENGES))


@every
def test_who_knows_the_secret_answers_rightly(name: str) -> None:
    kind = CHALLENGES[name]
    said = kind.answer(kind.ask(URL, "n0nce", KNOWN, AT), KNOWN)
    assert said is not None
    assert kind.fault(said, "n0nce", KNOWN) == ""
    assert kind.fault(said, "another", KNOWN)


@every
def test_a_forged_challenge_is_not_answered(name: str) -> None:
    kind = CHALLENGES[name]
    assert kind.answer(kind.ask(URL, "n0nce", FORGED, AT), KNOWN) is None


@every
@given(body=st.binary(max_size=80))
def test_no_answer_is_taken_for_right_by_chance_or_makes_an_exception(
    name: str, body: bytes
) -> None:
    assert CHALLENGES[name].fault(body, "n0nce", KNOWN)


@every
@given(body=st.binary(max_size=80), value=st.text(max_size=40), query=st.text(max_size=40))
def test_any_request_is_no_challenge_and_makes_no_exception(
    name: str, body: bytes, value: str, query: str
) -> None:
    headers = tuple((header, value) for header in SCHEMES[name].headers)
    for method in ("GET", "POST"):
        asked = Asked(method, f"http://h/?{query}", headers, body)
        assert CHALLENGES[name].answer(asked, KNOWN) is None


def test_zoom_s_answer_is_the_one_of_its_documents() -> None:
    """Made with: printf qgg8vlvZRS6UYooatFL8Aw | openssl dgst -sha256 -hmac secret"""
    kind, token = CHALLENGES["zoom"], "qgg8vlvZRS6UYooatFL8Aw"
    said = kind.answer(kind.ask(URL, token, Secrets(b"secret"), AT), Secrets(b"secret"))
    assert json.loads(said or b"") == {"plainToken": token, "encryptedToken": OPENSSL_DIGEST}


OPENSSL_DIGEST = "72cef096bfd47c0b8664df30d07721641e4abd7e885ba432204260db477a9a3e"


def test_an_answer_to_an_unsigned_zoom_challenge_would_sign_any_delivery() -> None:
    """The reason why a forged one must not be answered."""
    kind, zoom = CHALLENGES["zoom"], SCHEMES["zoom"]
    wanted = f'v0:{int(AT)}:{{"event":"meeting.ended"}}'
    said = kind.answer(kind.ask(URL, wanted, KNOWN, AT), KNOWN)
    forged = "v0=" + json.loads(said or b"")["encryptedToken"]
    headers = (("x-zm-signature", forged), ("x-zm-request-timestamp", str(int(AT))))
    body = b'{"event":"meeting.ended"}'
    held: Rejection | None = zoom.verify(body, headers, KNOWN.key, now=AT, tolerance=None)
    assert held is None


def test_meta_keeps_the_query_that_the_url_has() -> None:
    asked = CHALLENGES["meta"].ask(URL, "n0nce", KNOWN, AT)
    assert asked.method == "GET"
    assert asked.url.startswith(f"{URL}&hub.mode=subscribe&hub.challenge=n0nce")


@pytest.mark.parametrize(
    "answer", [b"n0nce", b"n0nce\n", b"challenge=n0nce", b'{"challenge":"n0nce"}']
)
def test_slack_takes_plain_text_a_form_or_json(answer: bytes) -> None:
    assert CHALLENGES["slack"].fault(answer, "n0nce", KNOWN) == ""


def test_a_scheme_whose_provider_asks_nothing_is_refused() -> None:
    assert challenge_of(SCHEMES["zoom"]) is CHALLENGES["zoom"]
    with pytest.raises(UsageError, match="ghl validates no URL"):
        challenge_of(SCHEMES["ghl"])


def test_no_secret_is_in_what_is_printed_of_it() -> None:
    assert "s3cret" not in repr(KNOWN)
    assert "v3rify" not in repr(KNOWN)
