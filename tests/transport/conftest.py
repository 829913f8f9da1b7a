"""A street of servers for the transport's tests."""

from collections.abc import Iterator

import pytest

from tests.audit.street import Street


@pytest.fixture(scope="module")
def street() -> Iterator[Street]:
    with Street() as street:
        yield street
