"""Genuine deliveries at a steady rate, and what was answered to each."""

import asyncio
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp

from ghlctl.signing.ghl import Ghl

ANSWER_WITHIN_S = 30.0
CONTACTS_PER_LOCATION = 4


@dataclass(slots=True)
class Sent:
    """`status` 0: no answer came. Times are monotonic seconds; `contact` is a number."""

    id: str
    contact: int
    sent_s: float
    status: int = 0
    answered_s: float = 0.0

    @property
    def acknowledged(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP's range of success


@dataclass(frozen=True, slots=True)
class Load:
    """`contacts` take turns, so that the deliveries of one lie `contacts / rate_per_s` apart."""

    rate_per_s: float
    lasts_s: float
    contacts: int = 400

    @property
    def count(self) -> int:
        return round(self.rate_per_s * self.lasts_s)


async def send_all(urls: Sequence[str], private_key: bytes, load: Load) -> list[Sent]:
    """Each delivery to every one of `urls` at once; acknowledged where any of them says so."""
    key = Ghl().read_signing_key(private_key)
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def one(number: int) -> Sent:
            await asyncio.sleep(max(0.0, began + number / load.rate_per_s - time.monotonic()))
            contact = number % load.contacts
            sent = Sent(str(uuid.uuid4()), contact, time.monotonic())
            body = _body(sent)
            headers = dict(Ghl().sign(body, key, at=time.time(), delivery_id=sent.id))
            headers["Content-Type"] = "application/json"
            statuses = await asyncio.gather(*(_status(session, u, body, headers) for u in urls))
            sent.status = min((s for s in statuses if s), key=lambda s: s // 100, default=0)
            sent.answered_s = time.monotonic()
            return sent

        began = time.monotonic()
        return await asyncio.gather(*(one(number) for number in range(load.count)))


async def _status(
    session: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str]
) -> int:
    try:
        async with session.post(url, data=body, headers=headers) as response:
            await response.read()
            return response.status
    except (aiohttp.ClientError, TimeoutError, OSError):
        return 0


def _body(sent: Sent) -> bytes:
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps(
        {
            "type": "ContactUpdate",
            "locationId": f"location{sent.contact // CONTACTS_PER_LOCATION:012d}",
            "id": f"contact{sent.contact:013d}",
            "email": f"contact{sent.contact}@example.com",
            "timestamp": at,
            "webhookId": sent.id,
        }
    ).encode()
