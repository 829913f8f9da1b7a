"""What becomes of deliveries when things break: `python -m benchmarks.nothing_lost [SECONDS RATE]`.

Every row is a fault done to a supervised receiver under load, with its own upstream and a line
between them. Nothing that was acknowledged may be without its effect in the end; the last line
says how sure that is. With `--kills N` one row alone: kills at every failpoint in turn for as long
as about N of them take at 40/s. Much faster, receivers die sooner than they work off what waited
for them, and every sender waits until it gives up.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from benchmarks.losses import faults
from benchmarks.losses.account import Account, account_of
from benchmarks.losses.deliveries import Load, send_all
from benchmarks.losses.faults import Fault
from benchmarks.losses.scene import QUICK, scene
from ghlctl.reference.failpoints import Failpoint
from ghlctl.upstream.settings import UpstreamSettings

DRAIN_WITHIN_S = 300.0
SECONDS_A_KILL = 7.5  # at 40/s: a start, and some 300 deliveries worked off before the next kill
MOST_PASSINGS = 600  # a start works off some hundreds that waited, and should live beyond them
HEAD = (
    *("sent", "acked", "refused", "unanswered", "lost", "twice", "inverted"),
    *("drained s", "longest gap s", "p99 ms", "kills"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """`flags` are of `ghlctl serve`."""

    name: str
    fault: Fault
    flags: tuple[str, ...] = ()
    upstream: UpstreamSettings = QUICK
    receivers: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    row: Row
    account: Account
    kills: int = field(default=0)


async def run(row: Row, load: Load, population: Path) -> Outcome:
    """The load and the fault side by side, then time to drain."""
    stage_of = scene(
        *row.flags, population=population, upstream=row.upstream, receivers=row.receivers
    )
    async with stage_of as stage:
        sent, _ = await asyncio.gather(
            send_all(stage.urls, stage.key, load), row.fault(stage, load.lasts_s)
        )
        account = await account_of(sent, stage.upstream, within_s=DRAIN_WITHIN_S)
        return Outcome(row, account, stage.deaths())


def rows() -> list[Row]:
    """All that need nothing but this package."""
    return [
        Row("no fault", faults.nothing),
        Row("HighLevel's limits, 30 + 35 ms", faults.nothing, upstream=UpstreamSettings()),
        *(Row(f"kill -9 {point}", faults.killed_at(point)) for point in Failpoint),
        Row("kill -9 at any moment", faults.killed_at_random()),
        Row("disk full", faults.disk_full),
        Row("database locked", faults.database_locked),
        Row("upstream away", faults.upstream_away),
        Row("upstream answers nothing", faults.upstream_dead),
        Row("upstream slow", faults.nothing, upstream=_upstream(service_ms=1500.0)),
        Row("35 % of calls 503", faults.nothing, upstream=_upstream(fault_rate=0.35)),
        Row(
            "429 storm",
            faults.nothing,
            upstream=_upstream(fault_rate=0.6, fault_status=429),
        ),
        Row("clock +10 and -10 min", faults.clock_stepped),
    ]


@contextmanager
def with_servers() -> Iterator[list[Row]]:
    """Those that need a real Redis and PostgreSQL."""
    from tests.reference.realdb import postgres_server, redis_server  # noqa: PLC0415 - as said

    with redis_server() as redis, postgres_server() as postgres:
        database = ("--database", postgres)
        yield [
            Row(
                "Redis away",
                faults.redis_away(redis.stop, redis.start),
                ("--cache", redis.url),
            ),
            Row("two receivers race", faults.nothing, database, receivers=2),
            Row(
                "kill -9 with PostgreSQL",
                faults.killed_at(*Failpoint),
                database,
            ),
        ]


def _upstream(**changes: float) -> UpstreamSettings:
    return msgspec.structs.replace(QUICK, **changes)


def _line(outcome: Outcome) -> str:
    account = outcome.account
    cells = (
        account.sent,
        account.acknowledged,
        account.refused,
        account.unanswered,
        account.lost,
        account.twice,
        account.inverted,
        f"{account.drained_s:.1f}",
        f"{account.longest_gap_s:.1f}",
        "–" if account.p99_ms is None else f"{account.p99_ms:.0f}",
        outcome.kills,
    )
    return f"| {outcome.row.name} | " + " | ".join(map(str, cells)) + " |\n"


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, default=30.0)
    parser.add_argument("rate", nargs="?", type=float, default=60.0)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--only", default="", help="rows whose name holds this text")
    asked = parser.parse_args()
    sys.stdout.write(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n\n")
    sys.stdout.write(f"| fault | {' | '.join(HEAD)} |\n|---|{'---:|' * len(HEAD)}\n")
    outcomes = []
    with tempfile.TemporaryDirectory() as population, with_servers() as more:
        wanted = [row for row in [*rows(), *more] if asked.only in row.name]
        seconds = asked.seconds
        if asked.kills:
            wanted = [Row(f"{asked.kills} kills", faults.killed_at(*Failpoint, most=MOST_PASSINGS))]
            seconds = asked.kills * SECONDS_A_KILL
        for row in wanted:
            load = Load(asked.rate, seconds)
            outcomes.append(asyncio.run(run(row, load, Path(population))))
            sys.stdout.write(_line(outcomes[-1]))
            sys.stdout.flush()
    acknowledged = sum(outcome.account.acknowledged for outcome in outcomes)
    lost = sum(outcome.account.lost for outcome in outcomes)
    sys.stdout.write(f"\n{lost} of {acknowledged} acknowledged were lost")
    if not lost:
        sys.stdout.write(f"; with 95 % confidence fewer than {3 / acknowledged:.3%}")
    sys.stdout.write(f"\nload average {os.getloadavg()[0]:.1f}\n")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(_main())
