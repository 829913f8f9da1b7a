"""What the fake HighLevel API costs: requests per second of its own processor time.

It shares the machine with what it serves, so this is what every call takes away from a receiver.
Run it as `python -m benchmarks.upstream_cost`; it starts an upstream without simulated distance,
asks it as the embedded receiver does, and prints one line per kind of call, and one of its start.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CALLS = 6000
CONNECTIONS = 16
PER_LOCATION = 90  # below the 100 that a location may call in 10 s
FIELDS = [
    {"key": "lead_score", "field_value": 71.5},
    {"key": "matched_listings", "field_value": "L-1, L-2, L-3"},
    {"key": "behaviour_segment", "field_value": "active"},
    {"key": "next_contact_hour", "field_value": 17},
]
KINDS: dict[str, tuple[str, str, object]] = {
    "read a contact": ("GET", "/contacts/{id}", None),
    "write a contact": ("PUT", "/contacts/{id}", {"customFields": FIELDS, "tags": ["hot"]}),
    "add a tag": ("POST", "/contacts/{id}/tags", {"tags": ["hot"]}),
    "an unknown path": ("POST", "/my/own/hook", {"delivery": "{id}"}),
}


def asked(kind: str, number: int) -> bytes:
    """One request, as bytes; every PER_LOCATION of them belong to another location."""
    method, path, content = KINDS[kind]
    body = b"" if content is None else json.dumps(content).encode()
    head = (
        f"{method} {path.replace('{id}', f'contact{number % 500:013d}')} HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer loc-{kind[0]}{kind[-1]}{number // PER_LOCATION:06d}\r\n"
        f"Version: 2021-07-28\r\nIdempotency-Key: {number:032d}:update\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def ask(port: int, kind: str, numbers: range) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in numbers:
        writer.write(asked(kind, number))
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith((b"http/1.1 200", b"http/1.1 201")):
            raise SystemExit(f"{kind}: {head.splitlines()[0].decode()}")
        await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
    writer.close()


async def ask_all(port: int, kind: str) -> None:
    share = CALLS // CONNECTIONS
    parts = [range(place * share, (place + 1) * share) for place in range(CONNECTIONS)]
    await asyncio.gather(*(ask(port, kind, part) for part in parts))


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def upstream(*more: str) -> Iterator[tuple[int, int, float]]:
    words = ["upstream", "--port", "0", "--rtt", "0", "--latency", "0", "--format", "json", *more]
    began = time.monotonic()
    command = [sys.executable, "-m", "ghlctl", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own module
        try:
            if process.stdout is None:
                raise TypeError("the upstream was started without a pipe")
            said = json.loads(process.stdout.readline())
            yield process.pid, int(said["url"].rpartition(":")[2]), time.monotonic() - began
        finally:
            process.terminate()


def main() -> None:
    with upstream(*sys.argv[1:]) as (pid, port, began_s):
        start = f"{'start':16} {cpu_s(pid):8.2f} s of processor time {began_s:8.2f} s"
        sys.stdout.write(f"{start}\n")
        for kind in KINDS:
            before, clock = cpu_s(pid), time.monotonic()
            asyncio.run(ask_all(port, kind))
            spent, took = cpu_s(pid) - before, time.monotonic() - clock
            line = f"{kind:16} {CALLS / spent:8.0f} per processor second {CALLS / took:8.0f} per s"
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
