"""Runs that begin and end together."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ghlctl.errors import NotMeasuredError
from ghlctl.load.link import Link, Meeting
from tests.load.test_abort import PROGRESS

FAR_NS = 1 << 62


def test_all_begin_at_the_moment_of_the_last_to_be_ready() -> None:
    meeting = Meeting(3)
    links = [Link(meeting, later_ns=place) for place in range(3)]
    with ThreadPoolExecutor(3) as pool:
        agreed = [link.agree for link in links]
        begins = [
            pool.submit(agree, FAR_NS - place)
            for place, agree in enumerate(agreed)
            if agree is not None
        ]
        assert [each.result(60) for each in begins] == [FAR_NS, FAR_NS + 1, FAR_NS + 2]


def test_who_waits_for_one_that_will_not_come_is_told_why() -> None:
    meeting = Meeting(2)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(meeting.agree, FAR_NS)
        meeting.end("B could not be measured")
        meeting.end("and something else")
        with pytest.raises(NotMeasuredError, match="not begun: B could not be measured"):
            waiting.result(60)


def test_a_run_stops_for_its_own_sake_or_when_another_has_ended() -> None:
    meeting = Meeting(2)
    stop = Link(meeting).stops(lambda progress: "own" if progress.done > 10**9 else None)
    assert stop is not None
    assert stop(PROGRESS) is None
    meeting.end("the load on A ended early")
    assert stop(PROGRESS) == "the load on A ended early"
    assert Link().stops(None) is None
    assert Link().agree is None
