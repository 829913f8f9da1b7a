"""Ids of the custom fields that generated contacts carry.

The platform sends `customFields: [{"id": …, "value": …}]` and leaves the names to a second API;
a receiver finds a contact's wishes by these ids. They are the same in every location.
"""

BUDGET = "Bu4gE7rT0nWx2QkYdL9a"  # number, whole dollars
BEDROOMS = "Be6dR0m5VcHs1ZpKuJ3f"  # number, 1 to 6
PROPERTY_TYPE = "Pr8pT1yPeMb7XgCwNt2q"  # text, one of PROPERTY_TYPES
CITY = "Ci9tY3wAnTd5LsQzRv6h"  # text, a city of places.PLACES

PROPERTY_TYPES = ("house", "condo", "townhouse", "apartment", "duplex", "land")
