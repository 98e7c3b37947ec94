"""Figures as a person reads them."""

import pytest

from quantmill.reports.figures import dollars, figure, percent, signed_percent
from quantmill.simulation.metrics import METRICS


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.12345, "fraction", "12.35 %"),
        (-0.12345, "fraction per √year", "−12.35 % per √year"),
        (-0.00001, "fraction", "0.00 %"),
        (1234.5, "USD", "$1,234.50"),
        (-7.9, "USD per trade", "−$7.90 per trade"),
        (12345, "count", "12,345"),
        (-0.1, "bps per fill", "−0.10 bps per fill"),
        (1.23456, "per √year", "1.235"),
        (1716.94, "times", "1,716.9"),
        (None, "USD", "–"),
    ],
)
def test_a_value_is_written_with_its_unit(value: float | None, unit: str, text: str) -> None:
    assert figure(value, unit) == text


def test_every_unit_of_a_metric_can_be_written() -> None:
    assert all(figure(0.5, metric.unit) for metric in METRICS)


def test_parts() -> None:
    assert (percent(0.5, places=0), signed_percent(0.0123), signed_percent(-0.0123)) == (
        "50 %",
        "+1.2",
        "−1.2",
    )
    assert (dollars(-0.001), dollars(None)) == ("$0.00", "–")
