"""Deliveries shown as they would be sent."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ghlctl.cli.output import Format, as_json

if TYPE_CHECKING:
    from ghlctl.cli.deliveries import Addressed
    from ghlctl.model.delivery import Delivery


def shown(made: "Iterable[Addressed]", scheme: str, form: Format) -> str:
    """What would be sent, as HTTP has it or as JSON."""
    if form is Format.JSON:
        rows: list[object] = [
            {
                "delivery": one.delivery.id,
                "event": one.delivery.event_type,
                "url": one.url,
                "headers": [list(pair) for pair in _headers(one.delivery, scheme)],
                "body": one.delivery.body.decode("utf-8", "backslashreplace"),
            }
            for one in made
        ]
        return as_json({"schema_version": 1, "deliveries": rows})
    return "\n\n".join(_as_http(one.delivery, scheme) for one in made)


def _as_http(delivery: "Delivery", scheme: str) -> str:
    lines = [f"{name}: {value}" for name, value in _headers(delivery, scheme)]
    length = f"Content-Length: {len(delivery.body)}"
    body = delivery.body.decode("utf-8", "backslashreplace")
    return "\n".join([*lines, length, "", body])


def _headers(delivery: "Delivery", scheme: str) -> Iterator[tuple[str, str]]:
    """A header that is the secret itself keeps only its name."""
    from ghlctl.providers.deliver import CONTENT
    from ghlctl.signing.header_secret import HeaderSecret

    known = {name for name, _ in CONTENT} if scheme == HeaderSecret().name else None
    for name, value in delivery.headers:
        yield name, value if known is None or name in known else "[secret]"
