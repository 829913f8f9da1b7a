"""How true the engine's times are: `python -m benchmarks.accuracy [ROUNDS]`.

A receiver frozen for 1 s in every 5 s at 200/s against the truth computed from the schedule;
lateness at 1,000/s and 5,000/s; and what the engine adds to a receiver of 2 ms at 100/s, beside
a bare client in the same minute. The last lines are the medians of the rounds.
"""

import os
import sys

import numpy as np

from benchmarks.bare import took_ms
from benchmarks.bench import measure, receiver, say
from ghlctl.model.sample import Floats
from ghlctl.scenario.scenario import Constant

QUANTILES = (0.5, 0.9, 0.99, 0.999)
PERIOD_S, FROZEN_S, SERVICE_MS = 5.0, 1.0, 2.0

Figures = dict[str, float]
"""What one round found, by the words of its line."""


def stall() -> Figures:
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
    said = np.quantile(samples.response_time_ms, QUANTILES) / np.quantile(truth, QUANTILES) - 1
    return {
        f"stall, p{q * 100:g} off the truth, %": float(off * 100)
        for q, off in zip(QUANTILES, said, strict=True)
    }


def lateness(rate: float) -> Figures:
    with receiver() as target:
        outcome, samples = measure(target.url, Constant(rate, 5.0))
    waited_s = outcome.generator.run_queue_wait_s
    say(f"lateness at {rate:,.0f}/s: {_row(samples.lateness_ms)}; run-queue wait {waited_s:.2f} s")
    return {f"lateness p99 at {rate:,.0f}/s, ms": float(np.quantile(samples.lateness_ms, 0.99))}


def overhead() -> Figures:
    with receiver(SERVICE_MS) as target:
        bare_ms = float(np.median(took_ms(target.url, 100, 500)))
        _, samples = measure(target.url, Constant(100, 5.0))
    own_ms = target.served_ms[0]
    found = {
        "response_time": float(np.median(samples.response_time_ms)) - own_ms,
        "service_time": float(np.median(samples.service_time_ms)) - own_ms,
        "a bare client": bare_ms - own_ms,
    }
    say("overhead at 100/s: " + ", ".join(f"{who} +{ms:.2f} ms" for who, ms in found.items()))
    return {f"overhead p50, {who}, ms": ms for who, ms in found.items()}


def _row(values: Floats) -> str:
    found = np.quantile(values, QUANTILES)
    names = [
        f"p{quantile * 100:g} {value:.2f}" for quantile, value in zip(QUANTILES, found, strict=True)
    ]
    return " ".join(names) + " ms"


def main(rounds: int) -> None:
    found: list[Figures] = []
    for _ in range(rounds):
        say(f"load averages {os.getloadavg()}, {os.cpu_count()} cores")
        found.append(stall() | lateness(1000.0) | lateness(5000.0) | overhead())
    for name in found[0]:
        say(f"{name:36} {np.median([figures[name] for figures in found]):7.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
