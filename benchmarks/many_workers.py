"""Workers that only talk, on one thread: `python -m benchmarks.many_workers PORT COUNT`.

Each is a connection of its own that says hello, then reports and beats its heart every second, as
a worker of ghlctl does; what is in its reports is made once, from invented times.
"""

import sys
import time
from typing import Any

import msgpack
import numpy as np
import zmq

from ghlctl import __version__
from ghlctl.load import exchange
from ghlctl.load.exchange import WORD, Fit, Hello, Report, Welcome
from ghlctl.load.histogram import Histogram
from ghlctl.load.merging import NOTHING
from ghlctl.load.unpatched import locust_version

EVENTS = ("ContactCreate", "ContactUpdate", "OpportunityCreate", "AppointmentCreate")
SECONDS = 10
SAMPLES = 1000  # of each worker and second


def report_of(samples: int, seed: int = 0) -> Report:
    """A worker's word after so many requests, spread as response times are: log-normal."""
    chance = np.random.default_rng(seed)
    lateness, response = Histogram(), Histogram()
    lateness.add(np.exp(chance.normal(11, 1, samples)).astype(np.int64))
    response.add(np.exp(chance.normal(16, 0.8, samples)).astype(np.int64))
    return Report(NOTHING, lateness.pack(), response.pack())


def locusts_part(samples: int) -> dict[str, object]:
    """What Locust itself sends every second: an entry for each event type, and the total."""
    chance = np.random.default_rng(1)
    entries = [
        _entry(name, "POST", np.exp(chance.normal(2.2, 0.8, samples // len(EVENTS))))
        for name in EVENTS
    ]
    total = _entry("Aggregated", "", np.exp(chance.normal(2.2, 0.8, samples)))
    counts = {"user_classes_count": {"Sender": 1}, "user_count": 1}
    return {"stats": entries, "stats_total": total, "errors": {}, **counts}


def _entry(name: str, method: str, times: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> object:
    values, counts = np.unique(times.astype(int), return_counts=True)
    now = time.time()
    return {
        "name": name,
        "method": method,
        "last_request_timestamp": now,
        "start_time": now,
        "num_requests": len(times),
        "num_none_requests": 0,
        "num_failures": 0,
        "total_response_time": int(times.sum()),
        "max_response_time": int(times.max()),
        "min_response_time": int(times.min()),
        "total_content_length": 0,
        "response_times": dict(zip(values.tolist(), counts.tolist(), strict=True)),
        "num_reqs_per_sec": {int(now): len(times)},
        "num_fail_per_sec": {},
    }


class Crowd:
    """`count` connections to one master."""

    def __init__(self, port: int, count: int) -> None:
        context = zmq.Context()
        context.set(zmq.MAX_SOCKETS, 2 * count)
        self._names = [f"simulated_{number:06d}" for number in range(count)]
        self._sockets = [context.socket(zmq.DEALER) for _ in range(count)]
        self._of = dict(zip(self._sockets, self._names, strict=True))
        self._poller = zmq.Poller()
        self.welcomed = 0
        for each, name in self._of.items():
            each.setsockopt(zmq.IDENTITY, name.encode())
            each.connect(f"tcp://127.0.0.1:{port}")
            self._poller.register(each, zmq.POLLIN)

    @property
    def count(self) -> int:
        return len(self._sockets)

    def say_all(self, kind: str, content: object) -> None:
        for each in self._sockets:
            self._say(each, kind, content)

    def answer(self, seconds: float) -> None:
        """Hear the master for so long, and answer as a worker would."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            for each, _ in self._poller.poll(left * 1e3):
                kind, content, _ = msgpack.loads(each.recv(), strict_map_key=False)
                self._obey(each, kind, content)

    def _obey(self, each: "zmq.Socket[bytes]", kind: str, content: Any) -> None:
        if kind == "spawn":
            spawned = {"user_classes_count": {"Sender": 1}, "user_count": 1}
            self._say(each, "spawning_complete", spawned)
        elif kind == WORD and isinstance(exchange.from_master(content), Welcome):
            self.welcomed += 1
            self._say(each, WORD, exchange.encode(Fit(0)))

    def _say(self, each: "zmq.Socket[bytes]", kind: str, content: object) -> None:
        each.send(msgpack.dumps((kind, content, self._of[each])))


def main() -> None:
    port, count = int(sys.argv[1]), int(sys.argv[2])
    crowd = Crowd(port, count)
    crowd.say_all("client_ready", locust_version)
    crowd.answer(2.0)
    hello = Hello(__version__, locust_version, "simulated", 1, "simulated")
    crowd.say_all(WORD, exchange.encode(hello))
    while crowd.welcomed < crowd.count:
        crowd.answer(0.1)
    sys.stdin.readline()  # the master has heard so of everybody
    beat = {"state": "running", "current_cpu_usage": 0.0, "current_memory_usage": 0}
    data = {**locusts_part(SAMPLES), WORD: exchange.encode(report_of(SAMPLES * SECONDS))}
    crowd.answer(3.0)
    for _ in range(SECONDS):
        began = time.monotonic()
        crowd.say_all("heartbeat", beat)
        crowd.say_all("stats", data)
        crowd.answer(max(0.0, began + 1.0 - time.monotonic()))
    crowd.answer(60.0)  # until the master has heard all, and ends this


if __name__ == "__main__":
    main()
