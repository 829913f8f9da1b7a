"""Receivers that have one route per event name rather than one for all."""

ROUTE_EVENTS = {
    "contact.created": "ContactCreate",
    "contact.updated": "ContactUpdate",
    "opportunity.created": "OpportunityCreate",
    "appointment.scheduled": "AppointmentCreate",
}
"""Last part of the route → wire type of the deliveries that belong there."""
