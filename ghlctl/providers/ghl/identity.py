"""Ids and times in the shapes that GoHighLevel puts on the wire."""

from datetime import UTC, datetime
from random import Random
from string import ascii_letters, digits
from uuid import UUID

APP_ID = "66a0419a0dffa47fb5f8b22f"
VERSION_ID = "66a0419a0dffa47fb5f8b230"
COMPANY_ID = "ghlctlExampleAgency1"
"""The one agency that all locations belong to."""

_ALPHABET = digits + ascii_letters
_ID_LENGTH = 20
_UUID_BITS = 128


def record_id(random: Random) -> str:
    """Twenty letters and digits, as contacts, opportunities, users and locations have."""
    return "".join(random.choices(_ALPHABET, k=_ID_LENGTH))


def uuid4(random: Random) -> str:
    return str(UUID(int=random.getrandbits(_UUID_BITS), version=4))


def iso(at: float) -> str:
    """Unix seconds as ISO 8601 in UTC with milliseconds and Z."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def hex_id(random: Random) -> str:
    """Twenty-four hexadecimal digits, as invoices, orders, products and plans have."""
    return f"{random.getrandbits(96):024x}"
