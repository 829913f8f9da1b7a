"""The producer as the wire loop's process sees it: started, given orders, read through a pipe."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Mapping

from ghlctl.errors import NotMeasuredError
from ghlctl.load import messages
from ghlctl.load.cost import ProcessCost, read_cost
from ghlctl.load.messages import Begin, Credit, End, FromProducer, Ready, Refused, ToProducer
from ghlctl.load.plan import LoadPlan, encode_plan

_PIPE_BYTES = 1024 * 1024
_F_SETPIPE_SZ = 1031


class Producer:
    """`fd` is readable when it has made something."""

    def __init__(self, plan: LoadPlan, environ: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "ghlctl.load.producer"]
        self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=dict(environ)
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise TypeError("the producer was started without pipes")
        self._orders, self._pipe = self._process.stdin, self._process.stdout
        self.fd = self._pipe.fileno()
        self._orders.write(encode_plan(plan) + b"\n")

    def ready(self) -> Ready:
        """Wait until it can begin; raise what it refused the plan with, on this side."""
        line = self._first_line()
        if not line:
            raise NotMeasuredError(
                "the process that signs deliveries ended before it began", "see its last words"
            )
        answer: FromProducer = messages.from_producer(line)
        if isinstance(answer, Refused):
            raise messages.as_error(answer)
        _deepen(self.fd)
        os.set_blocking(self.fd, False)
        return answer

    def _first_line(self) -> bytes:
        received = b""
        while not received.endswith(b"\n"):
            byte = os.read(self.fd, 1)
            if not byte:
                return b""
            received += byte
        return received

    def begin(self, segment: int, base_unix_ns: int) -> None:
        self._order(Begin(segment, base_unix_ns))

    def credit(self, segment: int, count: int) -> None:
        self._order(Credit(segment, count))

    def end(self, segment: int) -> None:
        self._order(End(segment))

    def _order(self, order: ToProducer) -> None:
        try:
            self._orders.write(messages.encode(order) + b"\n")
        except BrokenPipeError:
            return  # the end of its pipe says so too

    def cost(self) -> ProcessCost | None:
        return read_cost(self._process.pid)

    def close(self) -> None:
        """End the producer and wait for it, so that its CPU is counted among our children's."""
        self._orders.close()
        self._pipe.close()
        try:
            self._process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _deepen(fd: int) -> None:
    """A deeper pipe lets the producer run ahead; the default will do where it is refused."""
    if sys.platform != "linux":
        return
    try:
        fcntl.fcntl(fd, _F_SETPIPE_SZ, _PIPE_BYTES)
    except PermissionError:
        return
