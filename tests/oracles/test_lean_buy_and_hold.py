"""SOURCE: QuantConnect LEAN, its published BasicTemplateAlgorithm: SPY bought in the first minute of 2013-10-07 and held.

LEAN ends 2013-10-11 with $101,691.92 of $100,000: it buys in the minute of 09:30 at that minute's closing ask, with
back-adjusted prices, keeps a quarter of a per cent of the cash, and pays half a cent per share.
"""

import io
import json
import tarfile
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from quantmill.core.bars import BarArrays
from quantmill.core.calendar import calendar_for
from quantmill.core.instants import date_of_day
from quantmill.simulation.fills import Costs, execution_of
from quantmill.simulation.kernel import ENTRY_PRICE, FEES, SHARES
from quantmill.simulation.market import Market
from quantmill.simulation.trial import TrialSetup, run_trial
from tests.markets import stream_of

FIRST, LAST = date(2013, 10, 7), date(2013, 10, 11)
CASH_KEPT_FRAC = 0.0025
DECI_CENTS = 10_000.0


@pytest.fixture
def factor(real_data: Path) -> float:
    """Back-adjustment of prices of these sessions, as the factor file has it."""
    text = (real_data / "corporate_actions" / "lean_factor_files" / "spy.csv").read_text()
    rows = [line.split(",") for line in text.splitlines()]
    return next(float(row[1]) for row in rows if row[0] >= f"{LAST:%Y%m%d}")


@pytest.fixture
def market(real_data: Path, factor: float) -> Market:
    """Regular trade bars of the five sessions, back-adjusted."""
    bars = (
        pl.scan_parquet(real_data / "bars" / "lean_1m.parquet")
        .filter(
            pl.col("symbol") == "SPY",
            pl.col("ts").dt.convert_time_zone("America/New_York").dt.date().is_between(FIRST, LAST),
        )
        .with_columns(pl.col("open", "high", "low", "close") * factor, vwap=pl.lit(None, pl.Float64))
        .collect()
    )
    arrays = BarArrays.of(bars, calendar_for("XNYS"))
    return Market.of("SPY", arrays[arrays.labels.is_regular])


def closing_ask(real_data: Path) -> float:
    """The ask at the close of the first regular minute, from LEAN's quotes: dollars."""
    with tarfile.open(real_data / "originals" / "lean-data-subset.tar.xz") as archive:
        member = archive.extractfile(f"equity/usa/minute/spy/{FIRST:%Y%m%d}_quote.zip")
        assert member is not None
        zipped = zipfile.ZipFile(io.BytesIO(member.read()))
    # Milliseconds since midnight; open, high, low, close and size of the bid, the same of the ask.
    rows = [line.split(",") for line in zipped.read(zipped.namelist()[0]).decode().splitlines()]
    opening = next(row for row in rows if int(row[0]) == (9 * 60 + 30) * 60_000)
    return float(opening[9]) / DECI_CENTS


def test_buy_and_hold_ends_with_leans_equity_to_the_cent(
    real_data: Path, market: Market, factor: float
) -> None:
    oracle = json.loads((real_data / "oracles" / "verified.json").read_text())["LEAN BasicTemplateAlgorithm"]
    costs = Costs("close", 0.0, 0.0, fee_usd=0.0, fee_per_share_usd=0.005, fee_min_usd=1.0)
    plain = execution_of(market, costs)
    price = plain.fill_price.copy()
    price[0] = closing_ask(real_data) * factor
    most_shares = np.floor((1.0 - CASH_KEPT_FRAC) * 100_000.0 / price)
    execution = replace(plain, fill_price=price, most_shares=most_shares)
    stream = stream_of(market, [1.0, *[float("nan")] * (market.n_bars - 1)])

    result = run_trial(stream, TrialSetup(0.0, costs, 100_000.0), execution=execution)

    assert [date_of_day(int(day)) for day in market.session[[0, -1]]] == [FIRST, LAST]
    assert market.minute[0] == 0
    bought = result.trade_values[0]
    assert (bought[SHARES], round(bought[FEES], 2)) == (688, oracle["fee"])
    assert bought[ENTRY_PRICE] == pytest.approx(167.45 * 0.8646266)
    assert round(result.metrics["final_equity_usd"], 2) == oracle["expected_end"] == 101_691.92
