"""What was acknowledged has its effect, whatever breaks; benchmarks.nothing_lost is longer."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.losses import faults
from benchmarks.losses.account import Applied, account_of, inverted, longest_gap, twice
from benchmarks.losses.deliveries import Load, Sent
from benchmarks.nothing_lost import Outcome, Row, run
from ghlctl.reference.failpoints import VARIABLE, Failpoint

REACHING = """
from ghlctl.reference.failpoints import Failpoint, reach
for number in range(1, 6):
    reach(Failpoint.AFTER_COMMIT)
    reach(Failpoint.AFTER_MARK)
    print(number, flush=True)
"""


def done_to(row: Row, load: Load, folder: Path) -> Outcome:
    outcome = asyncio.run(asyncio.wait_for(run(row, load, folder), 240))
    account = outcome.account
    assert account.lost == 0
    assert account.inverted == 0
    assert account.acknowledged + account.refused + account.unanswered == account.sent == load.count
    return outcome


def test_deaths_at_failpoints_lose_nothing_and_refuse_nobody(folder: Path) -> None:
    row = Row("deaths", faults.killed_at(*Failpoint, most=12))
    outcome = done_to(row, Load(40, 6), folder)
    assert outcome.kills >= 1  # how many more depends on how fast this machine starts them
    assert outcome.account.refused == 0
    assert outcome.account.acknowledged > 0


def test_a_lock_a_full_disk_and_an_upstream_that_is_away_lose_nothing(folder: Path) -> None:
    harm = faults.one_after_another(
        faults.database_locked, faults.upstream_away, faults.disk_full, faults.upstream_dead
    )
    outcome = done_to(Row("harm", harm), Load(40, 6), folder)
    assert outcome.kills == 0
    assert outcome.account.refused > 0  # with 429, while the disk was full
    assert outcome.account.unanswered == 0


def test_an_acknowledged_delivery_without_effect_is_counted_as_lost(start: object) -> None:
    upstream = start.upstream()  # type: ignore[attr-defined] # the fixture of this folder
    sent = [Sent("a", 1, 0.0, 200, 1.0), Sent("b", 1, 0.0, 429, 1.0), Sent("c", 1, 0.0)]
    account = asyncio.run(account_of(sent, upstream.url, within_s=0.3))
    assert (account.lost, account.refused, account.unanswered) == (1, 1, 1)


def test_an_effect_that_overtakes_an_older_one_of_its_contact_is_counted() -> None:
    sent = [Sent("a", 1, 0.0, 200, 0.1), Sent("b", 1, 1.0, 200, 1.1), Sent("c", 2, 0.5, 200, 0.6)]
    in_order = [Applied(id_, "update", place) for place, id_ in enumerate("acb")]
    overtaken = [Applied(id_, "update", place) for place, id_ in enumerate("bca")]
    assert (inverted(sent, in_order), inverted(sent, overtaken)) == (0, 1)


def test_only_the_same_operation_again_is_twice() -> None:
    applied = [Applied("a", "tags", 1), Applied("a", "score", 2), Applied("b", "tags", 3)]
    assert twice(applied) == 0
    assert twice([*applied, Applied("a", "tags", 4), Applied("a", "tags", 5)]) == 1


def test_the_longest_gap_is_between_acknowledgements_only() -> None:
    sent = [Sent("a", 1, 0, 200, 1.0), Sent("b", 1, 0, 429, 3.0), Sent("c", 1, 0, 200, 6.0)]
    assert longest_gap(sent) == 5.0
    assert longest_gap([]) == 0.0


@pytest.mark.parametrize(("text", "reached"), [("after_commit:3", 2), ("after_mark", 0), ("", 5)])
def test_a_process_dies_where_it_was_told_to(tmp_path: Path, text: str, reached: int) -> None:
    place = tmp_path / "failpoint"
    place.write_text(text)
    environment = os.environ | {VARIABLE: str(place)}
    command = [sys.executable, "-c", REACHING]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert len(done.stdout.splitlines()) == reached
    assert done.returncode == (0 if reached == 5 else -signal.SIGKILL)


@pytest.mark.parametrize("environment", [{}, {VARIABLE: ""}, {VARIABLE: "/no/such/file"}])
def test_without_a_file_no_place_is_deadly(environment: dict[str, str]) -> None:
    command = [sys.executable, "-c", REACHING]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout.count(b"\n")) == (0, 5)
