"""One timed stage inside a receiver."""

import msgspec


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stage of one delivery; times in unix nanoseconds, ids in hex, `kind` as OpenTelemetry's."""

    trace_id: str
    span_id: str
    parent_id: str
    stage: str
    kind: str
    start_unix_ns: int
    end_unix_ns: int
    attributes: dict[str, str | int | float | bool] = {}
