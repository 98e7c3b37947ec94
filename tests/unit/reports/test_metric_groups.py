"""Every metric is shown once."""

from quantmill.reports.metric_groups import metric_groups
from quantmill.simulation.metrics import METRIC_NAMES


def test_every_metric_is_in_one_group() -> None:
    grouped = [metric.name for metrics in metric_groups().values() for metric in metrics]

    assert sorted(grouped) == sorted(METRIC_NAMES)
