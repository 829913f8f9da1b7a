"""Who calls: the location a request speaks for, as far as it says so.

Real tokens belong to one location and say so nowhere a reader could see. Tokens that this upstream
gave are known by their text. Beside them it takes, unless it is told to take no others, the text
`loc-<locationId>`, and any other token: the location is then the `locationId` of the body or the
query, as HighLevel's create and search operations have it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ghlctl.upstream.grants import ISSUED, Grants, Level, Owner

TOKEN_PREFIX = "loc-"  # noqa: S105 - a convention of this fake, no secret


@dataclass(frozen=True, slots=True)
class Caller:
    """`budget` is what the limits are counted for; it may hold a token and is never shown.

    `company` is the owner of a company's token, which opens no location's resources.
    """

    authorized: bool
    location: str
    budget: str
    consistent: bool = True
    company: Owner | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """`only_issued`: tokens that were not given here are foreign."""

    grants: Grants
    only_issued: bool

    def caller(
        self, authorization: str, query: Mapping[str, str], body: object, now: float
    ) -> Caller:
        kind, _, token = authorization.partition(" ")
        token = token.strip()
        named = body.get("locationId") if isinstance(body, dict) else None
        said = named if isinstance(named, str) and named else _asked_for(query)
        if kind.lower() != "bearer" or not token:
            return Caller(authorized=False, location=said, budget="")
        if self.only_issued or token.startswith(ISSUED):
            return _granted(self.grants.owner(token, now), said)
        if not token.startswith(TOKEN_PREFIX) or token == TOKEN_PREFIX:
            return Caller(authorized=True, location=said, budget=said or token)
        return _of_location(token.removeprefix(TOKEN_PREFIX), said)


def _granted(owner: Owner | None, said: str) -> Caller:
    if owner is None:
        return Caller(authorized=False, location=said, budget="")
    if owner.level is Level.COMPANY:
        return Caller(authorized=True, location=said, budget=owner.id, company=owner)
    return _of_location(owner.id, said)


def _of_location(owner: str, said: str) -> Caller:
    return Caller(authorized=True, location=owner, budget=owner, consistent=said in ("", owner))


def _asked_for(query: Mapping[str, str]) -> str:
    return (query.get("locationId") or query.get("location_id") or "") if query else ""
