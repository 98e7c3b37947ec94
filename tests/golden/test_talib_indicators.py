"""Indicators equal those of TA-Lib, in float64 before rounding."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from quantmill.core.bars import BarArrays
from quantmill.core.calendar import calendar_for
from quantmill.features.compute import compute_feature
from quantmill.features.registry import FEATURES

GOLDEN = json.loads(Path(__file__).with_name("talib_indicators.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(GOLDEN["values"]))
def test_indicator_equals_talib(name: str) -> None:
    calendar = calendar_for("XNYS")
    ts_us = calendar.regular_minutes(date(2023, 11, 1))[: len(GOLDEN["close"])]
    columns = [np.array(GOLDEN[column]) for column in ("open", "high", "low", "close", "volume")]
    bars = BarArrays(ts_us, *columns, calendar.label(ts_us))

    values = compute_feature(FEATURES[name], bars)[GOLDEN["bars"]]

    expected = np.array([np.nan if value is None else value for value in GOLDEN["values"][name]])
    np.testing.assert_allclose(values, expected, rtol=1e-12, atol=1e-9 * np.nanstd(expected), equal_nan=True)
