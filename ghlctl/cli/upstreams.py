"""The fake HighLevel API for the time of one command."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ghlctl.cli.output import say
from ghlctl.cli.processes import Started, started
from ghlctl.errors import UsageError


@contextmanager
def upstream_process(port: int, network: Sequence[str] = ()) -> Iterator[Started]:
    """Start it on `port`, 0 for a free one; `network`: its own flags, like --rtt 0."""
    with started(["upstream", "--port", str(port), *network]) as process:
        yield process


def require_no_upstream_port(port: int | None) -> None:
    """Raise UsageError where the embedded receiver is measured, which brings its own."""
    if port is not None:
        raise UsageError(
            "the embedded receiver has an upstream of its own", "leave out --serve-upstream"
        )


@contextmanager
def served_upstream(port: int | None, named: str | None) -> Iterator[str | None]:
    """An upstream on `port` until the block ends; None, and none, where no port is given.

    Raise UsageError where another one was `named` by flag.
    """
    if port is None:
        yield None
        return
    if named is not None:
        raise UsageError("--upstream and --serve-upstream name two upstreams", "give one of them")
    with upstream_process(port) as process:
        url = str(process.said["url"])
        say(f"upstream {url} for the time of this command")
        yield url
