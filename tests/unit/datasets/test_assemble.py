import numpy as np
import pytest

from quantmill.datasets.assemble import FeatureRows, assemble_dataset
from quantmill.datasets.recipe import DatasetRecipe
from quantmill.errors import DataError, UsageError
from tests.synthetic_sessions import bars_of_closes, planted_dataset

RECIPE = DatasetRecipe(symbol="TEST")


def test_rows_are_the_bars_that_have_features_and_losses_are_counted() -> None:
    bars = bars_of_closes([[1.0, 2.0, 4.0], [5.0, 6.0]])
    x = np.array([[np.nan], [0.5], [np.inf], [7.0]])
    ts_us = np.append(bars.ts_us[[0, 1, 3]], bars.ts_us[-1] + 60_000_000)

    dataset = assemble_dataset(RECIPE, bars, FeatureRows(ts_us, x, ("f",), ("standard",)))

    assert dataset.ts_us.tolist() == bars.ts_us[[0, 1, 3]].tolist()
    assert dataset.bar.tolist() == [0, 1, 3]
    np.testing.assert_array_equal(dataset.x, [[np.nan], [0.5], [np.nan]])
    assert dataset.y == pytest.approx([np.log(2.0), np.log(2.0), np.log(1.2)])
    assert dataset.base_price.tolist() == [1.0, 2.0, 5.0]
    assert dataset.dropped == {"no_feature_row": 2, "feature_row_without_bar": 1}
    assert dataset.unlabeled == {"horizon_outside_session": 2, "price_not_positive": 0}
    assert (dataset.missing, dataset.infinite) == ({"f": 2}, {"f": 1})
    assert len(dataset.notes) == 3


def test_no_row_with_features_and_label_is_an_error() -> None:
    bars = bars_of_closes([[1.0], [2.0]])

    with pytest.raises(DataError, match="no bar has both features and a label"):
        assemble_dataset(RECIPE, bars, FeatureRows(bars.ts_us, np.ones((2, 1)), ("f",), ("standard",)))


def test_digest_tells_data_apart_and_nothing_else() -> None:
    one, same, other = planted_dataset(0), planted_dataset(0), planted_dataset(1)

    assert one.digest == same.digest
    assert one.digest != other.digest


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"interval": "5m"}, "datasets of 5m bars"),
        ({"interval": "7m"}, "unknown interval"),
        ({"target": "vwap"}, "unknown target"),
        ({"horizon_bars": 0}, "a horizon of 0 bars"),
        ({"features": ()}, "no features named"),
    ],
)
def test_a_recipe_that_cannot_be_meant_is_refused(choice: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        DatasetRecipe(symbol="TEST", **choice)  # pyright: ignore[reportArgumentType] - the point
