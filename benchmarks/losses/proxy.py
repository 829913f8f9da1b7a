"""A line to the upstream that can be cut, and can go dead."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Line:
    """Passes bytes to `port`; `cut` refuses who connects and hangs up, `dead` answers nothing."""

    port: int
    url: str = ""
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _listening: int = 0
    _dead: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._dead.set()  # set while bytes may pass

    async def join(self) -> None:
        """Listen, at the same place as before where it was cut."""
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self._listening)
        self._listening = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self._listening}"

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()

    def go_dead(self) -> None:
        self._dead.clear()

    def revive(self) -> None:
        self._dead.set()

    async def _pass(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        try:
            far, forth = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            back.transport.abort()
            return
        self._open |= {back, forth}
        await asyncio.gather(self._copy(near, forth), self._copy(far, back))
        self._open -= {back, forth}

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(65536):
                await self._dead.wait()
                writer.write(chunk)
                await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.close()


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[Line]:
    line = Line(port)
    await line.join()
    try:
        yield line
    finally:
        line.revive()
        await line.cut()
