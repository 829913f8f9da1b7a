"""Locust's own totals: what is added in bulk is what its log would have counted one by one."""

import json
import subprocess
import sys

_BOTH = """
import json
from collections import Counter
import numpy as np
from ghlctl.load.control import add_in_bulk
from ghlctl.load.recorder import Tally
from locust.stats import RequestStats

times = [0, 1, 3, 99, 100, 101, 149, 151, 999, 1004, 45678, 3]
failures = {"timeout": 2, "status": 1}
one, bulk = RequestStats(), RequestStats()
for place, time in enumerate(times):
    one.log_request("POST", "ContactCreate", time, 0)
for kind, count in failures.items():
    for _ in range(count):
        one.log_error("POST", "ContactCreate", kind)
entry = bulk.get("ContactCreate", "POST")
for part in (slice(0, 5), slice(5, None)):
    chosen = Counter(failures) if part.start else Counter()
    tally = Tally("ContactCreate", np.array(times[part], dtype=np.int64), chosen)
    add_in_bulk(entry, tally, 1.8e9)
    add_in_bulk(bulk.total, tally, 1.8e9)

def said(stats):
    found = []
    for each in (stats.get("ContactCreate", "POST"), stats.total):
        percentiles = [each.get_response_time_percentile(q) for q in (0.5, 0.9, 0.99, 1.0)]
        found.append([
            each.num_requests, each.num_failures, each.total_response_time, each.min_response_time,
            each.max_response_time, sorted(each.response_times.items()), percentiles,
            sum(each.num_reqs_per_sec.values()), sum(each.num_fail_per_sec.values()),
        ])
    return found

print(json.dumps([said(one), said(bulk)]))
"""


def test_locust_counts_the_same_in_bulk_as_one_by_one() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _BOTH], check=True, capture_output=True, text=True, timeout=60
    )
    one_by_one, in_bulk = json.loads(done.stdout)
    assert in_bulk == one_by_one
