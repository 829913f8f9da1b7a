"""Where the receiver's access tokens come from: its location's name, or OAuth."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar
from urllib.parse import urlencode

import msgspec
from yarl import URL

from ghlctl.reference.connections import Answered, Connections, Request, Unanswered

LOCATIONS = 10_000
EARLY_S = 60.0
# The upstream is a fake, which asks for a secret and keeps none.
CLIENT_ID, CLIENT_SECRET = "ghlctl-receiver", "known-to-everybody"
_OK = 200
_REFUSED = (400, 401)
Said = TypeVar("Said")


class Tokens(Protocol):
    async def bearer(self, location_id: str) -> str | Answered | Unanswered:
        """An access token, else what kept it from being had."""
        ...

    async def renew(self, location_id: str, refused: str) -> bool:
        """Whether there may be a better one now than the one that was refused."""
        ...


class NamedTokens:
    """The fake's tokens name their location, and live for ever."""

    async def bearer(self, location_id: str) -> str | Answered | Unanswered:
        return f"loc-{location_id}"

    async def renew(self, location_id: str, refused: str) -> bool:  # noqa: ARG002 - the same for all
        return False


class _Granted(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str
    expires_in: float


class _Code(msgspec.Struct, frozen=True):
    authorizationCode: str  # noqa: N815 - the wire's own name


@dataclass(slots=True)
class _Held:
    """One location's tokens. Who asks while they are changed waits for the change."""

    granted: _Granted | None = None
    ends: float = 0.0
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)


class OAuthTokens:
    """One grant per location: a code first, then refresh tokens, of which each is good for once.

    Nothing is kept over a restart; HighLevel gives an installed app a new code when it asks.
    """

    def __init__(self, url: str, connections: Connections) -> None:
        self._url = url
        self._connections = connections
        self._held: OrderedDict[str, _Held] = OrderedDict()

    async def bearer(self, location_id: str) -> str | Answered | Unanswered:
        held = self._of(location_id)
        async with held.changing:
            if held.granted is None or time.monotonic() >= held.ends:
                failure = await self._change(location_id, held)
                if failure is not None:
                    return failure
            return held.granted.access_token if held.granted else Unanswered("no token")

    async def renew(self, location_id: str, refused: str) -> bool:
        held = self._of(location_id)
        async with held.changing:
            if held.granted is not None and held.granted.access_token == refused:
                held.ends = 0.0
        return True

    def _of(self, location_id: str) -> _Held:
        held = self._held.setdefault(location_id, _Held())
        self._held.move_to_end(location_id)
        if len(self._held) > LOCATIONS:
            self._held.popitem(last=False)
        return held

    async def _change(self, location_id: str, held: _Held) -> Answered | Unanswered | None:
        """Refresh, or begin anew where there is nothing to refresh; None once it is done."""
        answer: Answered | Unanswered | None = None
        if held.granted is not None:
            refresh = held.granted.refresh_token
            answer = await self._token(grant_type="refresh_token", refresh_token=refresh)
        if answer is None or (isinstance(answer, Answered) and answer.status in _REFUSED):
            answer = await self._begin(location_id)
        granted = _read(answer, _Granted)
        if granted is None:
            # An answer that says nothing is no success of the call that waits for this token.
            return answer if _failed(answer) else Unanswered("no token in the answer")
        early = min(EARLY_S, granted.expires_in / 10)
        held.granted, held.ends = granted, time.monotonic() + granted.expires_in - early
        return None

    async def _begin(self, location_id: str) -> Answered | Unanswered:
        wanted = {"clientKey": CLIENT_ID, "clientSecret": CLIENT_SECRET, "locationId": location_id}
        body = msgspec.json.encode(wanted)
        answer = await self._ask("/oauth/reconnect", "application/json", body)
        code = _read(answer, _Code)
        if code is None:
            return answer if _failed(answer) else Unanswered("no code in the answer")
        return await self._token(grant_type="authorization_code", code=code.authorizationCode)

    async def _token(self, **grant: str) -> Answered | Unanswered:
        app = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "user_type": "Location"}
        form = urlencode(app | grant).encode()
        return await self._ask("/oauth/token", "application/x-www-form-urlencoded", form)

    async def _ask(self, path: str, kind: str, body: bytes) -> Answered | Unanswered:
        headers: Mapping[str, str] = {"Content-Type": kind}
        return await self._connections.send(Request("POST", URL(self._url + path), headers, body))


def _failed(answer: Answered | Unanswered) -> bool:
    return isinstance(answer, Unanswered) or answer.status != _OK


def _read(answer: Answered | Unanswered, kind: type[Said]) -> Said | None:
    """What the answer says; None for a refusal, and for what says something else."""
    if isinstance(answer, Unanswered) or answer.status != _OK:
        return None
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
