from hypothesis import given
from hypothesis import strategies as st

from ghlctl.upstream.ledger import BODY_BYTES, Ledger


def recorded(ledger: Ledger, body: bytes = b"") -> None:
    ledger.record(
        at_unix_ns=1,
        method="PUT",
        path="/",
        status=200,
        applied=True,
        location_id="",
        idempotency_key="",
        body=body,
    )


@given(entries=st.integers(0, 40), bound=st.integers(1, 50), limit=st.integers(1, 9))
def test_reading_page_after_page_gives_every_kept_entry_once(
    entries: int, bound: int, limit: int
) -> None:
    ledger = Ledger(bound, 10**6)
    for _ in range(entries):
        recorded(ledger)
    read: list[int] = []
    after = 0
    while (page := ledger.page(after, limit)).entries:
        assert page.truncated == (after + 1 < max(1, entries - bound + 1))
        read += [entry.seq for entry in page.entries]
        after = page.next
    assert read == list(range(max(1, entries - bound + 1), entries + 1))


def test_an_empty_page_says_where_to_go_on() -> None:
    ledger = Ledger(10, 10**6)
    recorded(ledger)
    assert ledger.page(1).next == 1
    assert ledger.page(99).next == 99


def test_large_bodies_are_cut_and_old_ones_dropped_for_space() -> None:
    ledger = Ledger(10, 2 * BODY_BYTES)
    for _ in range(3):
        recorded(ledger, b"x" * (BODY_BYTES + 1))
    page = ledger.page(0)
    assert [len(entry.body) for entry in page.entries] == [BODY_BYTES, BODY_BYTES]
    assert page.truncated


def test_a_body_that_is_no_text_is_kept_readable() -> None:
    ledger = Ledger(10, 10**6)
    recorded(ledger, b"\xff\x00ok")
    assert ledger.page(0).entries[0].body.endswith("ok")
