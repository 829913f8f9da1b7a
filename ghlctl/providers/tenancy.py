"""Whose event it is, as bodies of this project's providers say it."""

from collections.abc import Mapping
from typing import Any


def location_of(payload: Mapping[str, Any]) -> str:
    """The tenant's id: locationId, an altId of type location, or location.id; else ""."""
    place = payload.get("location")
    found = (
        payload.get("locationId"),
        payload.get("altId") if payload.get("altType") == "location" else None,
        place.get("id") if isinstance(place, Mapping) else None,
    )
    return next((each for each in found if isinstance(each, str) and each), "")
