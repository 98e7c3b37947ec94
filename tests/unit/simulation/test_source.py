"""Predictions laid on bars: which sessions are traded, and what is left out."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from quantmill.core.bars import BarArrays, ts_of
from quantmill.errors import DataError, NoDataError, NotFoundError, SimulationError
from quantmill.simulation.external import read_external
from quantmill.simulation.market import Market
from quantmill.simulation.signal import SignalSource
from quantmill.simulation.source import Refit, Sessions, lay_out
from tests.synthetic_sessions import bars_of_closes, random_bars

BARS = random_bars(0, n_sessions=30, bars_per_session=40)
DAYS = np.unique(BARS.session)
REFITS = (
    Refit(int(DAYS[22]), int(DAYS[24]), {False: [1, 2, 3, 4], True: [5, 6, 7, 8]}),
    Refit(int(DAYS[25]), int(DAYS[27]), {False: [10, 20, 30, 40], True: [50, 60, 70, 80]}),
)


def predictions_on(bars: BarArrays, value: float = 1e-4) -> pl.DataFrame:
    return pl.DataFrame({"ts": ts_of(bars.ts_us), "prediction": np.full(bars.n_bars, value)})


def laid_out(**given) -> SignalSource:
    return lay_out("SPY", BARS, predictions_on(BARS), REFITS, **given)


def test_only_test_sessions_are_simulated_and_the_holdout_is_not() -> None:
    source = laid_out()

    assert source.market.session[0] == DAYS[22]
    assert source.market.session[-1] == DAYS[27]
    assert source.market.n_sessions == 6
    # Two refits of three sessions of 40 bars each.
    assert source.segment_end.tolist() == [120, 240]
    assert source.auto_thresholds[True].tolist() == [[5, 6, 7, 8], [50, 60, 70, 80]]
    # 22 sessions before and 2 after hold predictions that nobody may trade; those after are not even on a bar.
    assert source.counts["predictions_outside_test_sessions"] == 22 * 40
    assert source.counts["predictions_without_bar"] == 2 * 40


def test_narrower_sessions_keep_every_value() -> None:
    whole = laid_out()
    start, end = date(2023, 12, 7), date(2023, 12, 11)

    part = laid_out(sessions=Sessions(start, end))

    kept = np.isin(whole.market.ts_us, part.market.ts_us)
    assert part.market.n_sessions == 2
    np.testing.assert_array_equal(whole.volatility_ratio[kept], part.volatility_ratio)
    np.testing.assert_array_equal(whole.z_score[kept], part.z_score)
    assert part.input_digest != whole.input_digest


def test_sessions_without_signals_are_an_error() -> None:
    with pytest.raises(NoDataError, match="no bar of SPY") as caught:
        laid_out(sessions=Sessions(start=date(2030, 1, 2)))

    assert "signals exist from 2023-12-05 to 2023-12-12" in caught.value.hint


def test_realized_returns_stay_in_their_session() -> None:
    source = laid_out(horizon_bars=3)

    log_close = np.log(source.market.close)
    assert source.realized[0] == pytest.approx(log_close[3] - log_close[0])
    assert np.isnan(source.realized[37:40]).all()


def test_prices_that_cannot_be_traded_are_refused() -> None:
    with pytest.raises(SimulationError, match=r"price of -5\.0"):
        Market.of("I:TICK", bars_of_closes([[100.0, -5.0]]))


def test_the_same_content_has_the_same_digest() -> None:
    assert laid_out().input_digest == laid_out().input_digest
    other = lay_out("SPY", BARS, predictions_on(BARS, 2e-4), REFITS)
    assert other.input_digest != laid_out().input_digest


def written(folder: Path, frame: pl.DataFrame) -> Path:
    path = folder / "predictions.parquet"
    frame.write_parquet(path)
    return path


def test_file_is_read_in_time_order_and_in_utc(tmp_path: Path) -> None:
    frame = predictions_on(BARS[:3]).with_columns(pl.col("ts").dt.convert_time_zone("America/New_York"))

    read = read_external(written(tmp_path, frame.reverse()), "SPY")

    assert read.equals(predictions_on(BARS[:3]))


def test_file_with_symbols_gives_those_asked_for(tmp_path: Path) -> None:
    frame = predictions_on(BARS[:2]).with_columns(symbol=pl.Series(["SPY", "QQQ"]))
    path = written(tmp_path, frame)

    assert read_external(path, "QQQ")["ts"].to_list() == frame["ts"][1:].to_list()
    with pytest.raises(DataError, match="no prediction for AAPL; it has QQQ, SPY"):
        read_external(path, "AAPL")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (pl.DataFrame.clear, "holds no prediction"),
        (lambda frame: frame.drop("prediction"), "lacks prediction; it has ts"),
        (
            lambda frame: frame.with_columns(pl.col("ts").dt.replace_time_zone(None)),
            "instant with a time zone",
        ),
        (lambda frame: frame.with_columns(pl.col("prediction").cast(pl.String)), "prediction is String"),
        (lambda frame: pl.concat([frame, frame[:1]]), "1 bars have more than one prediction"),
        (lambda frame: frame.with_columns(ts=pl.lit(None, pl.Datetime("us", "UTC"))), "3 rows have no ts"),
    ],
)
def test_unusable_files_are_refused(tmp_path: Path, change, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_external(written(tmp_path, change(predictions_on(BARS[:3]))), "SPY")


def test_missing_and_broken_files_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 this is cut short")

    with pytest.raises(NotFoundError, match="no file"):
        read_external(tmp_path / "absent.parquet", "SPY")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_external(broken, "SPY")
