"""The upstream as an application in this process, without any simulated distance."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from ghlctl.upstream.app import make_app
from ghlctl.upstream.ledger import Ledger, Page
from ghlctl.upstream.settings import UpstreamSettings

NEAR = UpstreamSettings(rtt_ms=0, setup_rtts=0, service_ms=0)
Ask = Callable[..., httpx.Response]


class Api:
    """Asks one upstream, as location L unless told otherwise."""

    def __init__(self, **changes: Any) -> None:
        settings = msgspec.structs.replace(NEAR, **changes)
        self.ledger = Ledger(settings.ledger_entries, settings.ledger_bytes)
        self._app = make_app(settings, self.ledger)

    def __call__(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        token: str = "loc-L",  # noqa: S107 - a convention of the fake, no secret
        headers: dict[str, str] | None = None,
        **rest: Any,
    ) -> httpx.Response:
        said = {"Authorization": f"Bearer {token}", "Version": "2021-07-28"} | (headers or {})
        given = {name: value for name, value in said.items() if value}
        return asyncio.run(self._ask(method, path, given, json, rest))

    async def _ask(
        self, method: str, path: str, headers: dict[str, str], json: Any, rest: dict[str, Any]
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://upstream") as client:
            return await client.request(method, path, headers=headers, json=json, **rest)

    def page(self, **query: int) -> Page:
        reply = self("GET", "/_ghlctl/ledger", params=query)
        return msgspec.json.decode(reply.content, type=Page)


@pytest.fixture
def api() -> Callable[..., Api]:
    return Api
