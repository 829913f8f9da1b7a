"""Audits every flawed and every correct receiver of the tests with every check.

python -m benchmarks.flaw_matrix [NAME ...]
"""

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ghlctl.audit.catalogue import CHECKS
from ghlctl.model.finding import AuditSummary, Outcome
from tests.audit.flaws.flaw import Flaw
from tests.audit.flaws.matrix import CORRECT, FLAWS
from tests.audit.street import Street
from tests.audit.trial import all_tried, name_of, tripped

EVERYTHING: frozenset[str] = frozenset()


def main(*names: str) -> int:
    """Each receiver whose verdicts are not those that stand beside its flaw; status 1 if any."""
    everyone = [one for one in (*FLAWS, *CORRECT) if not names or one.name in names]
    began = time.monotonic()
    with Street() as street, tempfile.TemporaryDirectory() as folder:
        found = all_tried(street, Path(folder), ((one, EVERYTHING) for one in everyone))
    wrong = list(_wrong(everyone, found))
    sys.stdout.writelines(f"{line}\n" for line in wrong)
    sys.stdout.write(
        f"{len(everyone)} receivers met {len(CHECKS)} checks in {time.monotonic() - began:.0f} s; "
        f"{sum(map(_verdicts, found.values()))} verdicts, {len(wrong)} receivers judged otherwise\n"
    )
    return min(1, len(wrong))


def _wrong(everyone: Sequence[Flaw], found: Mapping[str, AuditSummary]) -> list[str]:
    lines = []
    for one in everyone:
        said, due = tripped(found[name_of(one)], one), dict(one.trips)
        differ = [
            f"{check} {said.get(check, 'passed')} for {due.get(check, 'passed')}"
            for check in sorted(said.keys() | due.keys())
            if said.get(check) != due.get(check)
        ]
        if differ:
            lines.append(f"{name_of(one)}: {', '.join(differ)}")
    return lines


def _verdicts(summary: AuditSummary) -> int:
    """Checks that were asked."""
    unasked = (Outcome.NOT_APPLICABLE, Outcome.NOT_TESTED, Outcome.SKIP)
    return sum(1 for one in summary.checks if one.outcome not in unasked)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
