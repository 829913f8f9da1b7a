"""OAuth as HighLevel has it: codes become tokens, tokens end, refresh tokens are good for once.

Nobody can consent here, so a code comes from `POST /oauth/reconnect`, by which HighLevel gives an
installed app a code without its user. Any app counts as installed everywhere.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from ghlctl.upstream.answers import Answer, Json, bad_request, unprocessable

CODE_LIFE_S = 600.0
SWEEP_ABOVE = 100_000
SCOPE = (
    "contacts.readonly contacts.write opportunities.readonly opportunities.write calendars.write"
)
ISSUED = "ghlctl-"
"""How every token of this upstream begins: one that it does not know was never good, or is lost."""


class Level(StrEnum):
    """Whose resources a token opens; `userType` on the wire."""

    LOCATION = "Location"
    COMPANY = "Company"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a token speaks for: a location or a company, and the app that asked for it."""

    level: Level
    id: str
    client: str


@dataclass(slots=True)
class Grants:
    """All times are seconds of one clock; nothing here outlives the process."""

    life_s: float
    _access: dict[str, tuple[Owner, float]] = field(default_factory=dict)
    _codes: dict[str, tuple[Owner, float]] = field(default_factory=dict)
    _refresh: dict[str, Owner] = field(default_factory=dict)

    def owner(self, token: str, now: float) -> Owner | None:
        """Whom an access token speaks for; None once it has ended, and for a foreign one."""
        owner, ends = self._access.get(token, (None, 0.0))
        return owner if now < ends else None

    def reconnect(self, body: object, now: float, wall: float) -> Answer:
        """A code for a location or a company; `wall` is the time of day, as it is told."""
        if not isinstance(body, dict):
            return bad_request("the body must be a JSON object")
        wanting = [name for name in ("clientKey", "clientSecret") if not _text(body, name)]
        place = _text(body, "locationId") or _text(body, "companyId")
        wanting += [] if place else ["locationId"]
        if wanting:
            return unprocessable(*(f"{name} should not be empty" for name in wanting))
        level = Level.LOCATION if _text(body, "locationId") else Level.COMPANY
        code = _made("code")
        _sweep(self._codes, now)
        self._codes[code] = Owner(level, place, _text(body, "clientKey")), now + CODE_LIFE_S
        ends = datetime.fromtimestamp(wall + CODE_LIFE_S, UTC).isoformat(timespec="milliseconds")
        return Answer(200, {"authorizationCode": code, "expiresAt": ends.replace("+00:00", "Z")})

    def token(self, form: Mapping[str, str], now: float) -> Answer:
        """POST /oauth/token, of fields that fit the specification."""
        match form["grant_type"]:
            case "authorization_code":
                owner, ends = self._codes.pop(form.get("code", ""), (None, 0.0))
                owner = owner if now < ends else None
                refusal = "Invalid grant: authorization code is invalid"
            case "refresh_token":
                owner = self._refresh.pop(form.get("refresh_token", ""), None)
                refusal = "Invalid grant: refresh token is invalid"
            case _:
                return bad_request("Unsupported grant type: `grant_type` is invalid")
        if owner is None or owner.client != form["client_id"]:
            return bad_request(refusal)
        return self._granted(owner, now)

    def location_token(self, company: Owner, location: str, now: float) -> Answer:
        """A company's token for one location, without a refresh token, as documented."""
        owner = Owner(Level.LOCATION, location, company.client)
        return Answer(200, self._issued(owner, now))

    def installed(self, now: float) -> list[str]:
        """The locations that have a token now."""
        owners = [owner for owner, ends in self._access.values() if now < ends]
        return sorted({one.id for one in owners if one.level is Level.LOCATION})

    def _granted(self, owner: Owner, now: float) -> Answer:
        refresh = _made("refresh")
        self._refresh[refresh] = owner
        body = self._issued(owner, now)
        return Answer(200, body | {"refresh_token": refresh, "userType": str(owner.level)})

    def _issued(self, owner: Owner, now: float) -> Json:
        access = _made("access")
        _sweep(self._access, now)
        self._access[access] = owner, now + self.life_s
        place = "locationId" if owner.level is Level.LOCATION else "companyId"
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": int(self.life_s),
            "scope": SCOPE,
            "userId": "ghlctl",
            place: owner.id,
        }


def _made(kind: str) -> str:
    return f"{ISSUED}{kind}-{secrets.token_urlsafe(24)}"


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _sweep(held: dict[str, tuple[Owner, float]], now: float) -> None:
    if len(held) > SWEEP_ABOVE:
        for ended in [key for key, (_, ends) in held.items() if now >= ends]:
            del held[ended]
