import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.providers.catalogue import provider_named
from ghlctl.providers.deliver import encode
from ghlctl.reference import structure
from ghlctl.reference.structure import MOST_DEPTH, fault_in


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b'{"id": "a", "id": "b"}', "a name stands twice in one object"),
        (b'{"a": {"b": 1, "\\u0062": 2}}', "a name stands twice in one object"),
        (b'{"__proto__": {"admin": true}}', "a name that changes prototypes"),
        (b'[{"constructor": {"prototype": {}}}]', "a name that changes prototypes"),
        (rb'{"a": "\ud800"}', "half a surrogate pair"),
        (rb'{"\udfff": 1}', "half a surrogate pair"),
        (b'{"a": 1e400}', "a number beyond all bounds"),
        (b'{"a": -1e999}', "a number beyond all bounds"),
        (b'{"a": ' + b"9" * 401 + b"}", "a number longer than 400 characters"),
        (nested(MOST_DEPTH + 1), "nested deeper than 32"),
        (nested(100_000), "nested deeper than 32"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, "nested deeper than 32"),
        (json.dumps([0] * 10_001).encode(), "a list of more than 10000 items"),
        (json.dumps([[0] * 9_000] * 3).encode(), "more than 20000 values"),
        (json.dumps({str(n): 0 for n in range(2_001)}).encode(), "more than 2000 members"),
        (b'{"' + b"n" * 257 + b'": 0}', "a name longer than 256 characters"),
        (b'{"a": "' + b"x" * 262_145 + b'"}', "a text longer than 262144 characters"),
    ],
)
def test_what_no_event_looks_like_is_named(body: bytes, fault: str) -> None:
    assert fault in (fault_in(body) or "")


@pytest.mark.parametrize(
    "body",
    [
        nested(MOST_DEPTH),
        b'{"constructor": "Brick & Sons", "prototype": "no"}',
        rb'{"a": "\ud83d\ude00 \u0000"}',
        b'{"a": 9007199254740993, "b": -0, "c": 1e-400, "d": 1.0}',
        "{'a': 'é'}".encode().replace(b"'", b'"'),
        json.dumps({"tags": ["x" * 200] * 200}).encode(),
    ],
)
def test_what_an_event_may_look_like_passes(body: bytes) -> None:
    assert fault_in(body) is None


def test_every_event_that_is_provided_passes() -> None:
    provider = provider_named("ghl")
    source = provider.source(5, contacts=20, locations=20)
    for event_type in provider.event_types:
        assert fault_in(encode(source.event(event_type, at=1.0, delivery_id="d"))) is None


@given(body=st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_what_it_cannot_read_the_typed_reader_cannot_read_either(body: bytes) -> None:
    """Whatever one reader of a body calls no JSON must not be read by the next."""
    try:
        structure._DECODER.decode(body.decode())
    except ValueError:
        with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
            msgspec.json.decode(body)
    except structure._OutOfBoundsError:
        assert fault_in(body)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=VALUES)
def test_a_modest_value_is_within_bounds(value: Any) -> None:
    body = json.dumps(value, ensure_ascii=False).encode(errors="replace")
    assert fault_in(body) is None
