"""Changes as they really happen: one change fires several events, in the order of its causes.

Creation comes before change and deletion last; yet OpportunityUpdate has been seen after a
deletion, and nobody promises an order between deliveries. `out_of_order` swaps neighbours.
"""

from collections.abc import Iterator, Sequence
from random import Random

from ghlctl.errors import UsageError
from ghlctl.model.suggestion import suggestion

SEQUENCES: dict[str, tuple[str, ...]] = {
    "new-lead": ("ContactCreate", "ContactTagUpdate", "TaskCreate", "OutboundMessage"),
    "booking": ("InboundMessage", "ContactUpdate", "AppointmentCreate", "TaskCreate"),
    "opportunity-opened": ("OpportunityCreate", "OpportunityUpdate"),
    "stage-moved": ("OpportunityStageUpdate", "OpportunityUpdate"),
    "deal-won": (
        "OpportunityStatusUpdate",
        "OpportunityUpdate",
        "OpportunityMonetaryValueUpdate",
        "OpportunityUpdate",
        "InvoiceCreate",
        "InvoiceSent",
        "InvoicePaid",
    ),
    "opportunity-life": (
        "OpportunityCreate",
        "OpportunityUpdate",
        "OpportunityStageUpdate",
        "OpportunityUpdate",
        "OpportunityStatusUpdate",
        "OpportunityUpdate",
        "OpportunityDelete",
        "OpportunityUpdate",
    ),
    "contact-life": ("ContactCreate", "ContactUpdate", "ContactTagUpdate", "ContactDelete"),
    "app-life": ("AppInstall", "PlanChange", "AppUpdate", "AppUninstall"),
}
"""Event types by the name of what happened; the last of opportunity-life is the platform's own
straggler (issue 27 of its API documents)."""


def sequence_named(name: str) -> tuple[str, ...]:
    """Raise UsageError for a name that is in no line above."""
    if name not in SEQUENCES:
        hint = suggestion(name, SEQUENCES, "sequences")
        raise UsageError(f"unknown sequence {name!r}", hint)
    return SEQUENCES[name]


def order_of_arrival(length: int, random: Random, *, out_of_order: float = 0.0) -> tuple[int, ...]:
    """Positions of a sequence in the order in which they arrive.

    `out_of_order`: the share of neighbours that change places, 0 to 1; 1 swaps every pair.
    """
    order = list(range(length))
    for place in _pairs(order):
        if random.random() < out_of_order:
            order[place], order[place + 1] = order[place + 1], order[place]
    return tuple(order)


def _pairs(order: Sequence[int]) -> Iterator[int]:
    return iter(range(0, len(order) - 1, 2))
