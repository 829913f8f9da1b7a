"""Receivers whose one flaw is in how much they let a stranger ask for."""

from dataclasses import replace

from starlette.requests import Request

from tests.audit.flaws.flaw import FAIL, Flaw
from tests.audit.receivers import Steps


def reads_any_size(steps: Steps) -> Steps:
    """Takes the whole body into memory, whatever its size."""

    async def read(request: Request) -> bytes:
        return await request.body()

    return replace(steps, read=read)


FLAWS = (
    Flaw("any-size", "ghl", reads_any_size, {"RES-01": FAIL}),
    Flaw("any-size", "hmac-timestamp", reads_any_size, {"RES-01": FAIL}),
)
