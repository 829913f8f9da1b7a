"""How true the engine's times are: `python -m benchmarks.accuracy`.

A receiver frozen for 1 s in every 5 s at 200/s against the truth computed from the schedule;
lateness at 1,000/s; and what the engine adds to a receiver of 2 ms at 100/s.
"""

import os

import numpy as np

from benchmarks.bench import measure, receiver, say
from ghlctl.model.sample import Floats
from ghlctl.scenario.scenario import Constant

QUANTILES = (0.5, 0.9, 0.99, 0.999)
PERIOD_S, FROZEN_S, SERVICE_MS = 5.0, 1.0, 2.0


def stall() -> None:
    with receiver(SERVICE_MS, PERIOD_S, FROZEN_S) as target:
        _, samples = measure(target.url, Constant(200, 10.0))
    service_ms = target.served_ms[0]
    within = (samples.intended_ns / 1e9) % PERIOD_S
    frozen = within >= PERIOD_S - FROZEN_S
    truth = service_ms + np.where(frozen, (PERIOD_S - within) * 1e3, 0.0)
    sent = int(samples.sent.sum())
    say(f"stall: {sent} of {len(samples)} sent; receiver's own {service_ms:.2f} ms")
    say(f"  truth from the schedule  {_row(truth)}")
    say(f"  response_time            {_row(samples.response_time_ms)}")
    say(f"  service_time             {_row(samples.service_time_ms)}")


def lateness(rate: float) -> None:
    with receiver() as target:
        outcome, samples = measure(target.url, Constant(rate, 5.0))
    waited_s = outcome.generator.run_queue_wait_s
    say(f"lateness at {rate:,.0f}/s: {_row(samples.lateness_ms)}; run-queue wait {waited_s:.2f} s")


def overhead() -> None:
    with receiver(SERVICE_MS) as target:
        _, samples = measure(target.url, Constant(100, 5.0))
    own_ms = target.served_ms[0]
    added = [_median(of) - own_ms for of in (samples.response_time_ms, samples.service_time_ms)]
    say(f"overhead at 100/s: response_time +{added[0]:.2f} ms, service_time +{added[1]:.2f} ms")


def _median(values: Floats) -> float:
    return float(np.median(values))


def _row(values: Floats) -> str:
    found = np.quantile(values, QUANTILES)
    names = [
        f"p{quantile * 100:g} {value:.2f}" for quantile, value in zip(QUANTILES, found, strict=True)
    ]
    return " ".join(names) + " ms"


def main() -> None:
    say(f"load averages {os.getloadavg()}, {os.cpu_count()} cores")
    stall()
    for rate in (1000.0, 5000.0):
        lateness(rate)
    overhead()


if __name__ == "__main__":
    main()
