"""Faults: as they are written, and as they are drawn."""

import pytest

from ghlctl.errors import UsageError
from ghlctl.upstream.faults import Fault, FaultKind, chosen, fault_from
from ghlctl.upstream.network import Network
from ghlctl.upstream.settings import UpstreamSettings


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("503=6%", Fault(0.06)),
        ("429=1", Fault(1.0, status=429)),
        ("reset=0.5%", Fault(0.005, FaultKind.RESET)),
        ("hang=1%@60s-", Fault(0.01, FaultKind.HANG, from_s=60)),
        ("slow=35%@10s-70.5s", Fault(0.35, FaultKind.SLOW, from_s=10, until_s=70.5)),
        ("500=100%@0-5", Fault(1.0, status=500, until_s=5)),
    ],
)
def test_a_fault_is_written_in_one_word(written: str, meant: Fault) -> None:
    assert fault_from(written) == meant


@pytest.mark.parametrize(
    "written",
    ["", "503", "503=", "slow=-1%", "200=5%", "503=101%", "503=1%@9s-9s", "503=1%@5", "melt=1%"],
)
def test_what_is_no_fault_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(UsageError) as raised:
        fault_from(written)
    assert raised.value.hint


def test_shares_lie_side_by_side() -> None:
    faults = [Fault(0.5, status=500), Fault(0.25, FaultKind.RESET)]
    drawn = [chosen(faults, 0.0, share) for share in (0.0, 0.49, 0.5, 0.74, 0.75, 0.99)]
    assert drawn == [faults[0], faults[0], faults[1], faults[1], None, None]


def test_a_schedule_counts_from_the_first_request() -> None:
    outage = Fault(1.0, status=500, from_s=10, until_s=20)
    network = Network(UpstreamSettings(faults=(outage,)))
    met = [network.fault(1000.0 + at) is not None for at in (0, 9.9, 10, 19.9, 20, 1e6)]
    assert met == [False, False, True, True, False, False]


def test_a_seed_draws_the_same_faults_and_times_again_and_another_seed_others() -> None:
    def drawn(seed: int) -> list[object]:
        settings = UpstreamSettings(
            seed=seed, rtt_sigma=0.3, faults=(Fault(0.2), Fault(0.2, FaultKind.SLOW))
        )
        network = Network(settings)
        return [
            (network.one_way_s(), network.service_s(), network.fault(float(at)))
            for at in range(200)
        ]

    assert drawn(1) == drawn(1) != drawn(2)


def test_times_lie_around_their_medians() -> None:
    network = Network(UpstreamSettings(rtt_ms=40, rtt_sigma=0.5, service_ms=10, service_sigma=0.5))
    trips = sorted(network.one_way_s() for _ in range(2001))
    services = sorted(network.service_s() for _ in range(2001))
    assert trips[1000] == pytest.approx(0.020, rel=0.1)
    assert services[1000] == pytest.approx(0.010, rel=0.1)
    assert trips[0] < 0.010
    assert trips[-1] > 0.040


def test_without_a_spread_every_trip_takes_as_long() -> None:
    network = Network(UpstreamSettings(rtt_ms=40))
    assert {network.one_way_s() for _ in range(9)} == {0.02}
