"""The simulated distance between a receiver and the API: round trips, service time, faults."""

import asyncio
import math
import random
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ghlctl.upstream.faults import Fault, chosen
from ghlctl.upstream.settings import UpstreamSettings

ABORT = "ghlctl.abort"
"""The ASGI extension by which an application drops the connection of its request."""


class Network:
    """Draws from the seed in the order of requests: a rate holds whatever the interleaving."""

    def __init__(self, settings: UpstreamSettings) -> None:
        self._settings = settings
        self._times = random.Random(f"{settings.seed}:service")
        self._trips = random.Random(f"{settings.seed}:trips")
        self._draws = random.Random(f"{settings.seed}:faults")
        always = Fault(settings.fault_rate, settings.fault_kind, settings.fault_status)
        self._faults = (always, *settings.faults)
        self._began: float | None = None

    def one_way_s(self) -> float:
        """Half of one round trip."""
        return _around(self._trips, self._settings.rtt_ms, self._settings.rtt_sigma) / 2

    def service_s(self) -> float:
        return _around(self._times, self._settings.service_ms, self._settings.service_sigma)

    def fault(self, now: float) -> Fault | None:
        """What this request meets, mostly nothing; the first one starts the faults' schedule."""
        if self._began is None:
            self._began = now
        return chosen(self._faults, now - self._began, self._draws.random())


def _around(random: random.Random, median_ms: float, sigma: float) -> float:
    """Seconds, lognormal around the median."""
    if not median_ms or not sigma:
        return median_ms / 1000
    return median_ms / 1000 * math.exp(random.gauss(0.0, sigma))


def distant(settings: UpstreamSettings) -> type[HttpToolsProtocol]:
    """A protocol on whose connections the first request is heard `setup_rtts` round trips late."""

    class DistantProtocol(HttpToolsProtocol):
        setup_s: ClassVar[float] = settings.setup_rtts * settings.rtt_ms / 1000
        early: list[bytes] | None = None

        def connection_made(  # type: ignore[override] # as uvicorn's own: it is always a Transport
            self, transport: asyncio.Transport
        ) -> None:
            super().connection_made(transport)
            if self.setup_s > 0:
                self.early = []
                self.loop.call_later(self.setup_s, self.arrive)

        def data_received(self, data: bytes) -> None:
            if self.early is None:
                super().data_received(data)
                return
            self.early.append(data)
            self.transport.pause_reading()  # uvloop ignores a pause inside connection_made

        def arrive(self) -> None:
            data, self.early = b"".join(self.early or []), None
            if self.transport.is_closing():
                return
            self.transport.resume_reading()
            if data:
                super().data_received(data)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self.scope["extensions"] = {ABORT: {"abort": self.transport.abort}}

    return DistantProtocol
