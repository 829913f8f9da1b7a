"""An upstream fails on command, for what carries a text and for nothing else."""

from collections.abc import Callable

import pytest

from ghlctl.upstream.orders import FaultOrder, FaultOrders
from tests.upstream.conftest import Api


def test_an_order_counts_down_over_all_its_texts() -> None:
    orders = FaultOrders()
    assert orders.add(FaultOrder(("one", "Two"), 503, times=2))
    assert orders.take("/three") is None
    assert orders.take("/tWo") == FaultOrder(("one", "Two"), 503, times=2)
    assert orders.take("/%6Fne") is not None
    assert orders.take("/one") is None
    assert len(orders) == 0


@pytest.mark.parametrize(
    "order",
    [
        FaultOrder(()),
        FaultOrder(("",)),
        FaultOrder(("x",), status=200),
        FaultOrder(("x",), times=0),
        FaultOrder(("x",), delay_ms=-1),
        FaultOrder(("x",), delay_ms=float("inf")),
    ],
)
def test_an_order_without_sense_is_not_taken(order: FaultOrder) -> None:
    assert not FaultOrders().add(order)


def test_the_api_fails_as_ordered_and_records_that_nothing_happened(
    api: Callable[..., Api],
) -> None:
    upstream = api()
    told = upstream("POST", "/_ghlctl/faults", {"any_of": ["abc"], "status": 500})
    assert (told.status_code, told.json()) == (200, {"open": 1})
    paths = ("/elsewhere/xyz", "/elsewhere/abc", "/elsewhere/abc")
    assert [upstream("PUT", path, {}).status_code for path in paths] == [200, 500, 200]
    assert upstream("GET", "/_ghlctl/faults").json() == {"open": 0}
    assert upstream("POST", "/_ghlctl/faults", {"any": 1}).status_code == 400
    assert [one.applied for one in upstream.page().entries] == [True, False, True]
