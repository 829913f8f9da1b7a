"""A canary is found wherever its marks stand, however many others there are."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ghlctl.audit.canary import Canary, Marks, fresh_canary

CANARIES = [fresh_canary(Random(number)) for number in range(40)] + [Canary("a", "b", "c")]
PARTS = st.one_of(
    st.sampled_from([mark for canary in CANARIES for mark in canary.texts]),
    st.sampled_from([canary.contact_id[1:] for canary in CANARIES[:5]]),
    st.text(max_size=12),
)


@given(st.lists(PARTS, max_size=6))
def test_all_are_found_at_once_as_each_alone_would_be(parts: list[str]) -> None:
    marks = Marks()
    for canary in CANARIES:
        marks.add(canary)
    text = "".join(parts).casefold()
    found = marks.within(text)
    assert len(found) == len(set(found))
    assert set(found) == {canary for canary in CANARIES if canary.within(text)}
