"""The operations by which apps get their tokens."""

import time
from typing import Any

from ghlctl.upstream.answers import Answer, forbidden
from ghlctl.upstream.grants import Grants
from ghlctl.upstream.heard import Heard
from ghlctl.upstream.specification import Found

RECONNECT = "/oauth/reconnect"
"""Known from HighLevel's help centre; its specification does not have it."""

_TOKEN = "oauth.get-access-token"  # noqa: S105 - an operation's name
_LOCATION_TOKEN = "oauth.get-location-access-token"  # noqa: S105 - as above
_INSTALLED = "oauth.get-installed-location"


class SignOn:
    """Asks the grants, by the clock of this machine."""

    operations = frozenset({_TOKEN, _LOCATION_TOKEN, _INSTALLED})

    def __init__(self, grants: Grants) -> None:
        self._grants = grants

    @staticmethod
    def serves(found: Found) -> bool:
        """Whether it is for companies' tokens."""
        return found.operation.id in (_LOCATION_TOKEN, _INSTALLED)

    def reconnect(self, body: Any) -> Answer:
        return self._grants.reconnect(body, time.monotonic(), time.time())

    def perform(self, operation: str, heard: Heard) -> Answer:
        now, company = time.monotonic(), heard.caller.company
        if operation == _TOKEN:
            return self._grants.token(heard.content, now)
        asked_for = (heard.content or {}) if operation == _LOCATION_TOKEN else heard.asked
        if company is None or asked_for["companyId"] != company.id:
            return forbidden()
        if operation == _LOCATION_TOKEN:
            return self._grants.location_token(company, asked_for["locationId"], now)
        found = self._grants.installed(now)
        locations = [{"_id": id_, "name": id_, "address": ""} for id_ in found]
        return Answer(200, {"locations": locations, "count": len(locations)})
