"""What receivers did upstream, as the ledger saw it."""

import msgspec


class LedgerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One request that reached the upstream, whatever its path; `at_unix_ns` when it was answered.

    `applied` tells an effect from a refused, failed or reading request. `idempotency_key` is the
    header of that name, "" where absent; `body` is the request's text, cut at 64 KiB.
    """

    seq: int
    at_unix_ns: int
    method: str
    path: str
    status: int
    applied: bool
    location_id: str = ""
    idempotency_key: str = ""
    body: str = ""


class Effect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the receiver did upstream because of a delivery."""

    delivery_id: str
    operation: str
    resource_id: str
    at_unix_ns: int
