"""A feature's output changes only together with its revision."""

import numpy as np
import pytest

from quantmill.core.bars import BarArrays
from quantmill.features.declaration import Feature
from quantmill.features.market import Market
from quantmill.features.registry import FEATURES
from quantmill.features.sample import sample_bars, sample_market
from tests.golden.feature_samples import entry_of, key_of, read_entries

ADVICE = "raise `revision` in the declaration, then run python -m tests.golden.feature_samples"


@pytest.fixture(scope="module")
def bars() -> BarArrays:
    return sample_bars()


@pytest.fixture(scope="module")
def market() -> Market:
    return sample_market()


@pytest.mark.parametrize("feature", FEATURES.values(), ids=lambda feature: feature.name)
def test_output_is_that_of_its_revision(feature: Feature, bars: BarArrays, market: Market) -> None:
    entries = read_entries()
    assert key_of(feature) in entries, (
        f"{key_of(feature)} has no golden sample: run python -m tests.golden.feature_samples"
    )
    golden, found = entries[key_of(feature)], entry_of(feature, bars, market)

    for name in ("parameters", "dtype", "n_null"):
        assert found[name] == golden[name], f"{name} of {key_of(feature)} changed: {ADVICE}"
    # Logarithms and sines of other machines may differ in the last bit.
    np.testing.assert_allclose(
        np.array([found["total"], *found["values"]], dtype=np.float64),
        np.array([golden["total"], *golden["values"]], dtype=np.float64),
        rtol=3e-6,
        atol=1e-12,
        err_msg=f"the output of {key_of(feature)} changed: {ADVICE}",
    )


def test_changed_output_is_noticed(bars: BarArrays, market: Market) -> None:
    entries = read_entries()
    sma = FEATURES["sma_20"]
    changed = Feature(sma.name, lambda bars: sma(bars) * 1.0001, sma.category, sma.lookback_bars, "changed")

    assert entry_of(changed, bars, market)["values"] != entries[key_of(sma)]["values"]
