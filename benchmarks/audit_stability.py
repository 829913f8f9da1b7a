"""Audits one embedded receiver again and again: do the verdicts stay the same, and how long is it?

python benchmarks/audit_stability.py [TIMES] [PROFILE]
"""

import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from ghlctl.cli.auditing import audit_into, new_audit_run
from ghlctl.cli.embedded import embedded
from ghlctl.store.runs import RunStore

AT_ONCE = ("--rtt", "0", "--latency", "0")


def main(times: int = 20, profile: str = "optimized") -> None:
    """Verdicts that differ are listed; each line tells one audit's score, requests and seconds."""
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    with (
        tempfile.TemporaryDirectory() as place,
        embedded(profile, network=AT_ONCE, state=f"{place}/state") as receiver,
    ):
        store = RunStore(Path(place) / "reports")
        for _ in range(times):
            began = time.monotonic()
            folder = store.create(new_audit_run(receiver, None))
            summary = audit_into(folder, receiver)
            took_s = time.monotonic() - began
            lines = (folder.path / "transcripts.jsonl").read_bytes().count(b"\n")
            sys.stdout.write(f"score {summary.score}  {lines} requests  {took_s:.1f} s\n")
            for one in summary.checks:
                verdicts[one.id][one.outcome.value] += 1
    unstable = {name: dict(found) for name, found in verdicts.items() if len(found) > 1}
    sys.stdout.write(f"unstable over {times} audits: {unstable or 'none'}\n")


if __name__ == "__main__":
    main(*(int(sys.argv[1]) if len(sys.argv) > 1 else 20, *sys.argv[2:3]))
