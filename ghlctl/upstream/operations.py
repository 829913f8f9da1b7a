"""Every operation of the specification, by its id, with the function that performs it."""

from ghlctl.upstream.asked import Act
from ghlctl.upstream.belongings import BELONGINGS
from ghlctl.upstream.calendars import CALENDARS
from ghlctl.upstream.contacts import CONTACTS
from ghlctl.upstream.opportunities import OPPORTUNITIES

OPERATIONS: dict[str, Act] = CONTACTS | BELONGINGS | OPPORTUNITIES | CALENDARS

READING_BY_POST = frozenset(
    {"contacts.search-contacts-advanced", "opportunities.search-opportunities-advanced"}
)
"""They change nothing, so that no ledger counts them as effects."""
