"""Captured deliveries as load: at their own moments, in their own bytes, under a test key."""

import json
import re
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.errors import UsageError
from ghlctl.load.recording import Recording, attempts, recordings_of, survey
from ghlctl.load.schedule import ClosedSegment, OpenSegment, event_names, segments_of
from ghlctl.model.delivery import Headers
from ghlctl.model.trace import traceparent
from ghlctl.scenario.scenario import Burst, Closed, Constant, Replay, Stage
from ghlctl.signing.hmac_timestamp import HMAC_TIMESTAMP
from ghlctl.transport.capture import MOST_BYTES, captured, line_of
from tests.load.test_engine import SECRET, accept, plan_of, run

Serve = Callable[..., int]
HEADERS: Headers = (
    ("Host", "real.test"),
    ("Content-Type", "application/json; charset=utf-8"),
    ("X-Signature", "a real one"),
    ("X-Kept", "é"),
    ("traceparent", "00-" + "a" * 32 + "-" + "b" * 16 + "-01"),
)


def body_of(name: str, location: str = "L1", kind: str = "ContactCreate") -> bytes:
    return (
        f'{{"type": "{kind}", "n" :1.0, "locationId": "{location}", "webhookId":"{name}",'
        f'"timestamp":"2026-01-02T03:04:05.678Z"}}'
    ).encode()


def write(path: Path, lines: Sequence[tuple[float, bytes]], method: str = "POST") -> Path:
    found = [line_of(captured(method, "", HEADERS, body, at=at)) + b"\n" for at, body in lines]
    path.write_bytes(b"".join(found))
    return path


def test_captures_go_at_their_moments_intact_and_signed_anew(tmp_path: Path, serve: Serve) -> None:
    """Unsorted, two at one moment, one sent twice, one that is no text, one of a strange type."""
    binary = b"\xff\xfe\x00 not UTF-8"
    path = write(
        tmp_path / "captured.jsonl",
        [
            (1000.4, body_of("b")),
            (1000.0, body_of("a")),
            (1000.8, body_of("a")),
            (1000.4, binary),
            (1000.6, body_of("c", "L2", "Nobody's")),
        ],
    )
    requests: list[bytes] = []

    def keep(connection: socket.socket, request: bytes) -> bool:
        requests.append(request)
        return accept(connection, request)

    stages: tuple[Stage, ...] = (Constant(20, 0.5), Replay(str(path), 2.0), Burst(3))
    plan = plan_of(tmp_path, serve(keep), *stages, recordings=recordings_of(stages), duplicates=0.5)
    _, samples = run(plan)
    assert samples.acknowledged.all()
    replayed = samples.where(samples.stage == 1)
    assert replayed.intended_ns.tolist() == [
        500_000_000 + offset for offset in (0, 200_000_000, 200_000_000, 300_000_000, 400_000_000)
    ]
    kinds = ["ContactCreate", "ContactCreate", "ContactCreate", "Nobody's", "unknown"]
    assert sorted(replayed.event.tolist()) == kinds
    assert sorted(replayed.location.tolist()) == ["", "L1", "L1", "L1", "L2"]
    assert replayed.attempt.tolist() == [1, 1, 1, 1, 2]
    assert replayed.delivery_id[0] == replayed.delivery_id[4]
    assert len(set(replayed.delivery_id)) == 4
    assert (samples.stage == 2).sum() >= 3  # what is made here goes on as before
    check_replayed(requests, binary)


def check_replayed(requests: list[bytes], binary: bytes) -> None:
    key = HMAC_TIMESTAMP.read_verifying_key(SECRET.encode())
    kept: dict[str, list[bytes]] = {}
    for request in requests:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")[1:]
        pairs = tuple((name, value) for name, _, value in (x.partition(": ") for x in lines))
        assert HMAC_TIMESTAMP.verify(body, pairs, key, now=time.time(), tolerance=60) is None
        if ("X-Kept", "é") not in pairs:
            continue
        assert ("Host", "real.test") not in pairs
        names = [name.lower() for name, _ in pairs]
        assert names.count("traceparent") == names.count("x-signature") == 1
        if body == binary:
            kept[""] = [body]
            continue
        name = json.loads(body)["webhookId"]
        assert dict(pairs)["traceparent"] == traceparent(name)
        kept.setdefault(name, []).append(body)
    assert kept.pop("") == [binary]
    assert sorted(map(len, kept.values())) == [1, 1, 2]
    for name, bodies in kept.items():
        assert len(set(bodies)) == 1  # a repeat tells of the same moment
        stamp = json.loads(bodies[0])["timestamp"].encode()
        shown = bodies[0].replace(name.encode(), b"?").replace(stamp, b"2026-01-02T03:04:05.678Z")
        assert re.sub(rb"L2|Nobody's", b"*", shown) in (
            body_of("?"),
            body_of("?", "*", "*"),
        )


times = st.floats(0, 1e5, allow_nan=False)


@given(
    st.lists(st.tuples(times, st.integers(0, 4)), min_size=1, max_size=30),
    st.floats(0.25, 100),
    st.booleans(),
)
def test_the_schedule_is_the_capture_in_order_divided_by_the_speed(
    tmp_path_factory: pytest.TempPathFactory,
    came: list[tuple[float, int]],
    speed: float,
    closed_before: bool,
) -> None:
    folder = tmp_path_factory.mktemp("replay")
    path = write(folder / "c.jsonl", [(at, body_of(f"d{name}")) for at, name in came])
    before: tuple[Stage, ...] = (Closed(2, iterations=3),) if closed_before else (Constant(5, 2),)
    stages = (*before, Replay(str(path), speed))
    plan = plan_of(folder, 1, *stages, recordings=recordings_of(stages))
    *_, segment = segments_of(plan)
    assert isinstance(segment, OpenSegment)
    assert isinstance(segments_of(plan)[0], ClosedSegment) is closed_before
    rows = np.flatnonzero(segment.capture >= 0)
    moments = np.sort(np.array([at for at, _ in came]))
    expected = (moments - moments[0]) / speed * 1e9 + (0 if closed_before else 2e9)
    assert np.allclose(segment.offset_ns[rows], expected, atol=2)
    assert segment.capture[rows].tolist() == list(range(len(came)))
    order = sorted(range(len(came)), key=lambda n: came[n][0])
    names = [came[n][1] for n in order]
    numbers = [names[: place + 1].count(name) for place, name in enumerate(names)]
    assert segment.attempt[rows].tolist() == numbers
    firsts = [int(rows[names.index(name)]) for name in names]
    assert segment.original[rows].tolist() == firsts


@given(st.lists(st.integers(0, 5), max_size=40))
def test_attempts_are_numbered_within_their_delivery(deliveries: list[int]) -> None:
    first = np.array([deliveries.index(each) for each in deliveries], dtype=np.int64)
    expected = [deliveries[: n + 1].count(each) for n, each in enumerate(deliveries)]
    assert attempts(first).tolist() == expected


def test_an_attempt_beyond_what_a_tag_holds_is_counted_as_the_last() -> None:
    assert attempts(np.zeros(300, dtype=np.int64)).max() == 255


def test_each_of_several_recordings_keeps_its_own_types_and_places(tmp_path: Path) -> None:
    one = write(tmp_path / "one", [(1.0, body_of("a", kind="X")), (2.0, body_of("b", "L9"))])
    two = write(tmp_path / "two", [(9.0, body_of("a", kind="Y"))])
    stages = (Replay(str(one)), Burst(1), Replay(str(two)))
    plan = plan_of(tmp_path, 1, *stages, recordings=recordings_of(stages))
    (segment,) = segments_of(plan)
    assert isinstance(segment, OpenSegment)
    assert event_names(plan) == ("ContactCreate", "ContactUpdate", "X", "Y")
    captured_rows = segment.capture >= 0
    assert segment.capture[captured_rows].tolist() == [0, 1, 2]
    assert segment.event[captured_rows].tolist() == [2, 0, 3]
    assert segment.attempt[captured_rows].tolist() == [1, 1, 1]  # other files, other deliveries


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "holds no captured delivery"),
        (b"\n \n", "holds no captured delivery"),
        (b"POST / HTTP/1.1\n\nx\n", r"c\.jsonl:1: this is no captured delivery"),
        (
            b'{"schema_version":1,"at":0,"method":"POST","url":"","headers":[["a b",""]]}',
            ":1: 'a b'",
        ),
        (
            '{"schema_version":1,"at":0,"method":"POST","url":"","headers":[["a","Ж"]]}'.encode(),
            ":1: header a has characters beyond Latin-1",
        ),
        (
            b'{"schema_version":1,"at":0,"method":"POST","url":"","headers":[["a","x\\r\\ny"]]}',
            ":1: the value of header a has a line break",
        ),
    ],
)
def test_what_cannot_be_replayed_is_refused_with_its_line(
    tmp_path: Path, text: bytes, said: str
) -> None:
    path = tmp_path / "c.jsonl"
    path.write_bytes(text)
    with pytest.raises(UsageError, match=said):
        survey(path)


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    with path.open("wb") as stream:
        stream.write(line_of(captured("POST", "", (), b"{}", at=0)) + b"\n{")
        stream.truncate(MOST_BYTES * 4)  # a hole, which reads as zeros
    with pytest.raises(UsageError, match=r"c\.jsonl:2: the line is longer than 32 MiB"):
        survey(path)


def test_a_file_that_is_absent_or_takes_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        survey(tmp_path / "absent")
    path = write(tmp_path / "c.jsonl", [(0.0, b"{}"), (400 * 86_400.0, b"{}")])
    with pytest.raises(UsageError, match=r"takes 400\.0 days"):
        survey(path)
    assert len(survey(path, 100.0)) == 2


def test_only_posts_are_deliveries(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    got = line_of(captured("GET", "", (), b"", at=0)) + b"\n"
    path.write_bytes(got * 2 + line_of(captured("POST", "", (), b"{}", at=1)) + b"\n")
    recording = survey(path)
    assert (len(recording), recording.left_out) == (1, 2)
    path.write_bytes(got)
    with pytest.raises(UsageError, match="no captured delivery"):
        survey(path)


def test_names_from_bodies_are_bounded_and_can_be_written(tmp_path: Path) -> None:
    body = json.dumps({"type": "\ud800" + "x" * 5000, "locationId": "\udfff"}).encode()
    recording = survey(write(tmp_path / "c.jsonl", [(0.0, body)]))
    assert recording.events == ("?" + "x" * 199,)
    assert recording.locations == ("?",)
    again = msgspec.json.decode(msgspec.json.encode(recording), type=Recording)
    assert again == recording


def test_a_file_that_changed_is_refused_before_anything_is_sent(
    tmp_path: Path, serve: Serve
) -> None:
    path = write(tmp_path / "c.jsonl", [(0.0, b"{}")])
    stages = (Replay(str(path)),)
    plan = plan_of(tmp_path, serve(accept), *stages, recordings=recordings_of(stages))
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(UsageError, match="has changed since it was read"):
        run(plan)


def test_a_scheme_that_cannot_sign_the_capture_is_refused_before_anything_is_sent(
    tmp_path: Path, serve: Serve
) -> None:
    stages = (Replay(str(write(tmp_path / "c.jsonl", [(0.0, b"{}")]))),)
    plan = plan_of(tmp_path, serve(accept), *stages, recordings=recordings_of(stages))
    with pytest.raises(UsageError, match="twilio cannot sign this body"):
        run(msgspec.structs.replace(plan, scheme="twilio"))
