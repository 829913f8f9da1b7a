"""A text is found in every spelling in which it may leave a receiver, and only then."""

import base64
import hashlib
import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.audit.needles import digests, found_in, spellings

TEXT = "Zoë+ghlctl.abc123@example.com"
NEEDLES = spellings("e-mail", TEXT)


@pytest.mark.parametrize(
    "written",
    [
        TEXT.encode(),
        TEXT.upper().encode(),
        json.dumps({"email": TEXT}).encode(),
        f"GET /?email={quote(TEXT)}".encode(),
        f"<td>{html.escape(TEXT)}</td>".encode(),
        TEXT.encode().hex().encode(),
        *(base64.b64encode(b"x" * before + TEXT.encode() + b"yz") for before in range(7)),
        *(base64.urlsafe_b64encode(b"x" * before + TEXT.encode() + b"z") for before in range(7)),
    ],
)
def test_every_usual_spelling_is_found(written: bytes) -> None:
    assert found_in(b"line " + written + b" end", NEEDLES) is not None


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_digests_are_found_whole_and_cut(algorithm: str) -> None:
    written = hashlib.new(algorithm, TEXT.lower().encode()).hexdigest()
    found = digests("e-mail", TEXT)
    for cut in (8, 16, len(written)):
        assert found_in(written[:cut].encode(), found) is not None


def test_a_text_that_is_not_there_is_not_found() -> None:
    assert found_in(b"z***@example.com ghlctl.abc***", NEEDLES) is None
    assert found_in(b"", NEEDLES) is None


@given(st.text(min_size=8, max_size=40), st.binary(max_size=9), st.binary(max_size=9))
def test_base64_of_any_surroundings_is_found(text: str, before: bytes, after: bytes) -> None:
    encoded = base64.b64encode(before + text.encode("utf-8", "surrogatepass") + after)
    assert found_in(encoded, spellings("text", text)) is not None


def test_spellings_are_distinct_and_named_without_the_text() -> None:
    contents = [one.content for one in NEEDLES]
    assert len(contents) == len(set(contents))
    assert all(TEXT not in one.name for one in NEEDLES)
    assert TEXT not in repr(NEEDLES)
