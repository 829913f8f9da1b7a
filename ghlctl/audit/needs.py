"""What a check cannot do without, and the line of config or the flag that would give it."""

from collections.abc import Iterable
from enum import Enum


class Need(Enum):
    """Each value: what is missing, and how it is given."""

    KEY = ("a test key", 'key: "env:NAME" under receiver in ghlctl.yaml, or --key env:NAME')
    PUBLIC_KEY = (
        "the receiver's public key",
        'public_key: "file:PATH" under audit in ghlctl.yaml, or --public-key file:PATH',
    )
    SECOND_KEY = (
        "a second test key",
        'second_key: "file:PATH" under audit in ghlctl.yaml, or --second-key file:PATH',
    )
    UPSTREAM = (
        "an upstream with a ledger",
        "upstream: URL under receiver in ghlctl.yaml, or --upstream URL",
    )
    FAULTS = (
        "an upstream that fails on command",
        "upstream: the URL of a ghlctl upstream, under receiver in ghlctl.yaml, or --upstream URL",
    )
    ORACLE = (
        "a way to see what the receiver did",
        "upstream: URL under receiver in ghlctl.yaml, or --upstream URL (or --probe-cmd CMD)",
    )
    LOG = ("the receiver's log", "logs: [FILE] under audit in ghlctl.yaml, or --log FILE")
    STORE = (
        "a command that searches what the receiver keeps",
        "store_cmd: CMD under audit in ghlctl.yaml, or --store-cmd CMD",
    )
    RESTART = (
        "a command that restarts the receiver",
        "restart: CMD under audit, hooks in ghlctl.yaml, or --hook-restart CMD",
    )
    RESTART_WITHOUT_KEY = (
        "a command that restarts the receiver without its key",
        "restart_without_key: CMD under audit, hooks, or --hook-restart-without-key CMD",
    )
    ROTATE = (
        "a command that makes the receiver trust the second key too",
        "rotate: CMD under audit, hooks in ghlctl.yaml, or --hook-rotate CMD",
    )
    REVOKE = (
        "a command that makes the receiver trust the first key no longer",
        "revoke: CMD under audit, hooks in ghlctl.yaml, or --hook-revoke CMD",
    )
    LISTENER = (
        "a receiver that runs on this machine, whose calls can be heard",
        "a loopback address as url: under receiver in ghlctl.yaml, or --url URL",
    )
    OLDEST = (
        "a command that tells how old the oldest record is",
        "oldest_cmd: CMD under audit in ghlctl.yaml, or --oldest-cmd CMD",
    )
    RETENTION = (
        "the declared retention",
        "retention_days: DAYS under audit in ghlctl.yaml, or --retention-days DAYS",
    )
    SOURCE = ("the receiver's source", "source: DIR under audit in ghlctl.yaml, or --source DIR")
    INTRUSIVE = (
        "leave to disturb the receiver",
        "intrusive: true under audit in ghlctl.yaml, or --intrusive",
    )
    TIMING = (
        "leave to send tens of thousands of requests",
        "timing: true under audit in ghlctl.yaml, or --timing",
    )

    @property
    def what(self) -> str:
        return str(self.value[0])

    @property
    def line(self) -> str:
        return str(self.value[1])


def missing(needs: Iterable[Need]) -> str:
    """One sentence for all that is missing."""
    ordered = sorted(needs, key=list(Need).index)
    return "needs " + "; ".join(f"{need.what}: add {need.line}" for need in ordered)
