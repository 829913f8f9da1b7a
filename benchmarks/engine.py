"""This project's engine as a command: `python -m benchmarks.engine URL CONNECTIONS SECONDS`."""

import sys

from benchmarks.bench import measure
from ghlctl.scenario.scenario import Closed


def main(url: str, connections: str, seconds: str) -> None:
    measure(url, Closed(int(connections), for_s=float(seconds)))


if __name__ == "__main__":
    main(*sys.argv[1:])
