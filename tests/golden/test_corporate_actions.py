"""Splits and dividends of real data: our views against the factors of LEAN's files."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from quantmill.core.arrays import Floats
from quantmill.core.bars import ts_of
from quantmill.core.calendar import calendar_for
from quantmill.core.instants import MINUTE_US, day_of_date
from quantmill.ingest.actions import import_actions
from quantmill.ingest.importing import import_files
from quantmill.lake import Lake
from quantmill.testing.lakes import open_lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(tmp_path / "home")


def daily_as_last_minutes(real_data: Path, symbol: str) -> pl.DataFrame:
    """LEAN's raw daily bars of a symbol, each as the last regular minute of its session."""
    source = pl.scan_parquet(real_data / "bars" / "lean_daily.parquet").filter(pl.col("symbol") == symbol)
    daily = source.sort("ts").collect()
    calendar = calendar_for("XNYS")
    days = daily["ts"].dt.convert_time_zone("America/New_York").dt.date().to_list()
    at = np.searchsorted(calendar.days, [day_of_date(day) for day in days])
    return daily.select("symbol", "open", "high", "low", "close", "volume").with_columns(
        ts_of(calendar.close_us[at] - MINUTE_US), provider=pl.lit("files"), feed=pl.lit("lean")
    )


def factors_of_file(path: Path, days: Sequence[date]) -> tuple[Floats, Floats]:
    """Price factor and split factor of each day: those of the first row on or after it."""
    table = pl.read_csv(path, has_header=False, new_columns=["day", "price", "split", "close"])
    rows = [date(day // 10_000, day // 100 % 100, day % 100) for day in table["day"]]
    at = np.searchsorted([day_of_date(row) for row in rows], [day_of_date(day) for day in days])
    return table["price"].to_numpy()[at], table["split"].to_numpy()[at]


def sessions_of(bars: pl.DataFrame) -> list[date]:
    return bars["ts"].dt.convert_time_zone("America/New_York").dt.date().to_list()


# A file's price factors have seven digits, and amounts are rounded to what these tell of them; split factors of
# AAPL have six digits, those of AIG are products of ratios rounded to six. The first three reference prices of BAC
# are those of the bank that NationsBank took over in 1998, its daily closes are those of NationsBank.
@pytest.mark.parametrize(
    ("symbol", "split_precision", "since"),
    [
        ("SPY", 1e-15, date(1998, 1, 2)),
        ("AAPL", 5e-6, date(1998, 1, 2)),
        ("IBM", 1e-15, date(1998, 1, 2)),
        ("BAC", 1e-15, date(1998, 9, 2)),
        ("AIG", 2e-5, date(1998, 1, 2)),
    ],
)
def test_adjusted_closes_are_price_times_factor_of_the_lean_file(
    real_data: Path, lake: Lake, symbol: str, split_precision: float, since: date
) -> None:
    path = real_data / "corporate_actions" / "lean_factor_files" / f"{symbol.lower()}.csv"
    lake.write("bars", daily_as_last_minutes(real_data, symbol))
    report = import_actions(lake, [path])

    start = datetime(since.year, since.month, since.day, tzinfo=UTC)
    raw, back, total = (
        lake.read_bars(symbol, adjust=adjust).filter(pl.col("ts") >= start)
        for adjust in ("none", "back", "total")
    )

    assert report.skipped == 0
    assert raw.height > 5600
    price, split = factors_of_file(path, sessions_of(raw))
    np.testing.assert_allclose(back["close"], raw["close"] * split, rtol=split_precision)
    np.testing.assert_allclose(back["volume"], raw["volume"] / split, rtol=split_precision)
    np.testing.assert_allclose(total["close"], raw["close"] * price * split, rtol=1e-6 + split_precision)


def test_dividends_of_state_street_give_the_price_factors_of_lean(real_data: Path, lake: Lake) -> None:
    folder = real_data / "corporate_actions"
    lake.write("bars", daily_as_last_minutes(real_data, "SPY"))
    import_actions(lake, [folder / "spy_dividends_full.csv"])

    raw, total = (lake.read_bars("SPY", adjust=adjust) for adjust in ("none", "total"))

    recent = pl.col("ts") > datetime(2008, 3, 19, 23, 0, tzinfo=UTC)
    days = sessions_of(raw.filter(recent))
    price, _ = factors_of_file(folder / "lean_factor_files" / "spy.csv", days)
    ours = (total["close"] / raw["close"]).filter(raw.select(recent).to_series()).to_numpy()
    # LEAN's amounts are whole cents or within one of them, of some 100 to 390 dollars: fractions up to 1e-4 each.
    steps, steps_of_lean = np.diff(np.log(ours)), np.diff(np.log(price))
    has_step, has_step_of_lean = steps > 1e-9, steps_of_lean > 1e-9
    assert np.count_nonzero(has_step_of_lean) == 52
    np.testing.assert_array_equal(has_step, has_step_of_lean)
    np.testing.assert_allclose(steps, steps_of_lean, atol=1e-4)
    np.testing.assert_allclose(ours, price, rtol=1e-3)


def test_apples_split_of_2014_leaves_no_jump_in_minute_bars(real_data: Path, lake: Lake) -> None:
    path = real_data / "corporate_actions" / "lean_factor_files" / "aapl.csv"
    minutes = pl.read_parquet(real_data / "bars" / "lean_1m.parquet").filter(pl.col("symbol") == "AAPL")
    minutes.write_parquet(lake.root.parent / "AAPL.parquet")
    import_files(lake, [lake.root.parent / "AAPL.parquet"])
    import_actions(lake, [path])

    views = {adjust: lake.read_bars("AAPL", adjust=adjust) for adjust in ("none", "forward", "back", "total")}  # type: ignore[arg-type]

    raw = views["none"]
    before = (raw["ts"] < datetime(2014, 6, 9, tzinfo=UTC)).to_numpy()
    n_before = int(before.sum())
    # SOURCE: Apple's closes of 2014-06-06 and opening price of 2014-06-09, before and after 7 to 1.
    assert raw["close"][n_before - 1] == pytest.approx(645.57, abs=0.15)
    assert raw["open"][n_before] == pytest.approx(92.70, abs=0.05)
    overnight = {
        name: view["open"][n_before] / view["close"][n_before - 1] - 1 for name, view in views.items()
    }
    assert overnight["none"] == pytest.approx(-0.856, abs=0.002)
    for name in ("forward", "back", "total"):
        assert overnight[name] == pytest.approx(7 * 92.70 / 645.57 - 1, abs=0.001), name
    _, split = factors_of_file(path, sessions_of(raw))
    np.testing.assert_allclose(views["back"]["close"], raw["close"] * split, rtol=5e-6)
    dollars, adjusted = (
        (view["vwap"].fill_null(view["close"]) * view["volume"]).to_numpy()
        for view in (raw, views["forward"])
    )
    np.testing.assert_allclose(adjusted, dollars, rtol=1e-12)
