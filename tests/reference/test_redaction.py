"""No log line repeats a personal detail, by whatever way and in whatever encoding it came there."""

import base64
import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.errors import UsageError
from ghlctl.reference.compliance import application_log
from ghlctl.reference.compliance.redaction import MASK, redacted
from ghlctl.reference.compliance.spoken_of import MOST_BYTES, speaking_of
from tests.reference.canaries import Canary

OWN = logging.getLogger("ghlctl.reference.receiver")


@pytest.fixture
def canary() -> Canary:
    return Canary()


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """The root logger as a receiver has it, for as long as a test."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, threading.excepthook)
    for handler in before[0]:
        root.removeHandler(handler)
    stream = io.StringIO()
    hook = sys.unraisablehook
    application_log.configure(stream)
    yield stream
    logging.captureWarnings(capture=False)
    root.handlers[:], threading.excepthook = before[0], before[2]
    root.setLevel(before[1])
    sys.unraisablehook = hook


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("form", ["plain", "json", "url", "hex", "base64"])
def test_addresses_and_numbers_are_found_by_their_form_in_every_encoding(
    canary: Canary, form: str
) -> None:
    for value in (canary.email, *canary.phones, "1971-03-09", "4111 1111 1111 1111"):
        if len(value) < 12 and form == "base64":
            continue
        encoded = {
            "plain": value,
            "json": json.dumps(value)[1:-1],
            "url": quote(value, safe=""),
            "hex": value.encode().hex(),
            "base64": base64.b64encode(f"to {value} now".encode()).decode(),
        }[form]
        said = redacted(f"cannot send to {encoded} today")
        assert encoded not in said, (value, form)
        assert MASK in said


@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=6).filter(
        lambda text: text == text.strip() and len(text.encode()) > 5
    )
)
def test_a_known_value_is_found_in_every_encoding(value: str) -> None:
    raw = value.encode()
    for encoded in (
        value,
        json.dumps(value)[1:-1],
        quote(value, safe=""),
        raw.hex(),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
    ):
        said = redacted(f"[{encoded}]", [value])
        assert encoded not in said or encoded in MASK


def test_what_a_log_says_of_the_receiver_itself_stays() -> None:
    for said in (
        "delivery 1234 failed for good: PUT /contacts/…: status 422",
        "the id of delivery 7 stays claimed: database or disk is full",
        "id 3f2504e0-4f89-41d3-9a0c-0305e82c3301 is a duplicate",
        "cannot use 127.0.0.1:8700, trying again",
        "circuit breaker open after 5 failures",
    ):
        assert redacted(said) == said


def test_each_event_is_one_object_on_one_line(stream: io.StringIO) -> None:
    OWN.warning("one\nWARNING forged: %s", "two\n{}")
    OWN.info("delivery %d crashed: %s", 7, "KeyError")
    OWN.info("a share of 5%")
    said = lines(stream)
    assert [line["event"] for line in said] == [
        "one\nWARNING forged: two\n{}",
        "delivery 7 crashed: KeyError",
        "a share of 5%",
    ]
    assert said[0]["level"] == "warning"
    assert said[0]["timestamp"].endswith("Z")


def test_an_exception_keeps_its_place_and_loses_its_words(
    stream: io.StringIO, canary: Canary
) -> None:
    def fail() -> None:
        try:
            int(canary.email)
        except ValueError as error:
            raise ValueError(f"of {canary.values['lastName']}") from error

    try:
        fail()
    except ValueError:
        OWN.exception("delivery %d crashed", 7)
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    said = lines(stream)
    for line in said:
        assert [one["type"] for one in line["exception"]] == ["ValueError", "ValueError"]
        assert "fail" in line["exception"][0]["at"][-1]
    assert canary.found_in(stream.getvalue().encode()) == []


def test_other_libraries_say_what_happened_and_not_with_what(
    stream: io.StringIO, canary: Canary
) -> None:
    other = logging.getLogger("asyncio")
    other.error("Task exception was never retrieved\nfuture: <Task %s>", canary.email)
    other.error(f"Task exception was never retrieved\nfuture: <Task {canary.values['note']}>")
    assert {line["event"] for line in lines(stream)} == {"Task exception was never retrieved"}
    assert canary.found_in(stream.getvalue().encode()) == []


def test_of_the_delivery_in_hand_no_value_is_said(stream: io.StringIO, canary: Canary) -> None:
    body = json.dumps(canary.of({"id": "c-1", "webhookId": "w"})).encode()
    with speaking_of(body):
        for form in canary.forms():
            OWN.warning("cannot read %s", form.decode(errors="replace"))
        OWN.warning("cannot read %r", body)
        OWN.warning("cannot read %(what)s", {"what": body.decode()})
        OWN.warning("wrong: %s", UsageError("no", canary.values["city"]))
    assert len(lines(stream)) == len(list(canary.forms())) + 3
    assert lines(stream)[-1]["event"] == f"wrong: no; {MASK}"
    assert canary.found_in(stream.getvalue().encode()) == []


def test_a_body_that_is_no_json_is_not_said_either(stream: io.StringIO, canary: Canary) -> None:
    body = json.dumps(canary.of({}), ensure_ascii=False).encode()[:-5]
    with speaking_of(body):
        OWN.warning("malformed in %r", body[:200])
        OWN.warning("malformed at %s", canary.values["email"])
    assert [line["event"].split()[0] for line in lines(stream)] == ["malformed"] * 2
    assert canary.found_in(stream.getvalue().encode()) == []


def test_what_is_too_much_to_look_through_is_not_said(stream: io.StringIO, canary: Canary) -> None:
    body = json.dumps([canary.email] * MOST_BYTES).encode()
    with speaking_of(body):
        OWN.warning("refused as %s: %s", "malformed", canary.values["firstName"])
    assert lines(stream)[0]["event"].endswith(f": {MASK} (too much to look through)")


def test_fields_are_masked_by_their_names_at_any_depth() -> None:
    event: dict[str, Any] = {
        "_record": None,
        "email": "whatever",
        "about": {"firstName": "Ada", "count": 3},
    }
    masked = application_log.without_personal_fields(None, "", event)
    assert masked["email"] == MASK
    assert masked["about"] == {"firstName": MASK, "count": 3}


def test_a_thread_that_ends_by_an_exception_says_no_word_of_it(
    stream: io.StringIO, canary: Canary
) -> None:
    def fail() -> None:
        raise LookupError(canary.email)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    (line,) = lines(stream)
    assert line["exception"][0]["type"] == "LookupError"
    assert canary.found_in(stream.getvalue().encode()) == []


def test_a_line_that_cannot_be_formatted_says_nothing_of_its_parts(
    stream: io.StringIO, canary: Canary, capsys: pytest.CaptureFixture[str]
) -> None:
    (handler,) = [
        one for one in logging.getLogger().handlers if getattr(one, "stream", 0) is stream
    ]
    for words in ("%d and %d", "%d"):  # to this handler alone: that of the tests would raise
        handler.handle(
            OWN.makeRecord(OWN.name, logging.WARNING, "", 0, words, (canary.email,), None)
        )
    assert [line["event"] for line in lines(stream)] == ["an unreadable line"] * 2
    said = stream.getvalue() + capsys.readouterr().err
    assert canary.found_in(said.encode()) == []
