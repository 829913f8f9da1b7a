"""Who calls: the location a request speaks for, as far as it says so.

Real tokens belong to one location and say so nowhere a reader could see. Here the token's text is
`loc-<locationId>`; any other token is taken too, and the location is then the `locationId` of the
body or the query, as HighLevel's create and search operations have it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

TOKEN_PREFIX = "loc-"  # noqa: S105 - a convention of this fake, no secret


@dataclass(frozen=True, slots=True)
class Caller:
    """`budget` is what the limits are counted for; it may hold a token and is never shown."""

    authorized: bool
    location: str
    budget: str
    consistent: bool = True


def identify(
    headers: Mapping[str, str],
    query: Mapping[str, str],
    body: object,
) -> Caller:
    kind, _, token = headers.get("authorization", "").partition(" ")
    token = token.strip()
    named = body.get("locationId") if isinstance(body, dict) else None
    said = named if isinstance(named, str) and named else query.get("locationId", "")
    if kind.lower() != "bearer" or not token:
        return Caller(authorized=False, location=said, budget="")
    if not token.startswith(TOKEN_PREFIX) or token == TOKEN_PREFIX:
        return Caller(authorized=True, location=said, budget=said or token)
    owner = token.removeprefix(TOKEN_PREFIX)
    return Caller(authorized=True, location=owner, budget=owner, consistent=said in ("", owner))
