"""What HighLevel itself would do with a receiver that answers like this, said in the report."""

from collections.abc import Callable
from typing import Any

import pytest

from ghlctl.model.summary import LoadSummary

Build = Callable[..., Any]
CODE = "ghl-would-pause"


def measured(
    samples_of: Build, summary_of: Build, sent: int, refused: int, provider: str = "ghl"
) -> LoadSummary:
    errors = ["status"] * refused + [""] * (sent - refused)
    status = [503] * refused + [200] * (sent - refused)
    samples = samples_of([i * 2.0 for i in range(sent)], error=errors, status=status)
    summary = summary_of(samples, run={"scenario": {"provider": provider}})
    assert isinstance(summary, LoadSummary)
    return summary


def statements(summary: LoadSummary) -> list[str]:
    return [caution.text for caution in summary.cautions if caution.code == CODE]


@pytest.mark.parametrize(
    ("sent", "refused", "said"),
    [
        (10_001, 1_001, "HighLevel would pause this URL: 89.9% of 10,001 deliveries"),
        (10_000, 1_001, "HighLevel would pause this URL, once there were more than 10,000: 89.9%"),
        (200, 150, "HighLevel would pause this URL, once there were more than 10,000: 25.0%"),
    ],
)
def test_a_receiver_that_refuses_more_than_a_tenth_is_told_of_the_breaker(
    samples_of: Build, summary_of: Build, sent: int, refused: int, said: str
) -> None:
    (text,) = statements(measured(samples_of, summary_of, sent, refused))
    assert text.startswith(said)


@pytest.mark.parametrize(("sent", "refused"), [(10_010, 1_001), (500, 50), (500, 0)])
def test_nine_tenths_are_enough(
    samples_of: Build, summary_of: Build, sent: int, refused: int
) -> None:
    assert statements(measured(samples_of, summary_of, sent, refused)) == []


@pytest.mark.parametrize("provider", ["ghl-workflow", "stripe"])
def test_no_other_provider_is_said_to_have_this_breaker(
    samples_of: Build, summary_of: Build, provider: str
) -> None:
    assert statements(measured(samples_of, summary_of, 200, 150, provider)) == []
