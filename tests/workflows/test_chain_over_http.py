"""The chain over real sockets: what one provider lacks comes from Yahoo, and the step down is told."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from quantmill.core.calendar import calendar_for
from quantmill.core.clock import FixedClock
from quantmill.errors import NoDataError
from quantmill.providers.sim.provider import SimProvider
from quantmill.verbs.mill import Mill
from tests.standins.alpaca import AlpacaStandIn
from tests.standins.yahoo import YahooStandIn

# Three regular sessions, Tuesday to Thursday; 390 minutes each.
FIRST, LACKING, END = date(2023, 6, 20), date(2023, 6, 21), date(2023, 6, 23)
CLOCK = FixedClock(datetime(2023, 6, 26, tzinfo=UTC))
KEYS = ("ALPACA_KEY_ID", "ALPACA_SECRET_KEY", "ALPACA_API_KEY_ID", "ALPACA_API_SECRET_KEY")
KEYS += ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY", "TIINGO_API_KEY", "IEX_TOKEN")
KEYS += ("POLYGON_API_KEY", "MASSIVE_API_KEY")
VALUES = ["ts", "open", "high", "low", "close"]


def market(symbol: str) -> pl.DataFrame:
    return pl.concat(list(SimProvider().bars(symbol, calendar_for("XNYS").day_span(FIRST, END))))


def on(day: date) -> pl.Expr:
    return pl.col("ts").dt.convert_time_zone("America/New_York").dt.date() == day


@pytest.fixture(autouse=True)
def keyless(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)


def use_yahoo(server: YahooStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTMILL_YAHOO__BASE_URL", server.url)
    monkeypatch.setenv("QUANTMILL_YAHOO__REQUESTS_PER_MINUTE", "100000")


def test_a_session_that_alpaca_lacks_is_stored_from_yahoo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = market("SPY")
    with AlpacaStandIn(bars.filter(~on(LACKING))) as alpaca, YahooStandIn(bars, n_nulls=2) as yahoo:
        use_yahoo(yahoo, monkeypatch)
        monkeypatch.setenv("ALPACA_KEY_ID", alpaca.key[0])
        monkeypatch.setenv("ALPACA_API_SECRET_KEY", alpaca.key[1])
        monkeypatch.setenv("ALPACA_BASE_URL", alpaca.url)
        with Mill.open(tmp_path / "home", clock=CLOCK) as mill:
            report = mill.ingest("SPY", start=str(FIRST), end=str(END), provider="alpaca,yahoo")
            stored = mill.lake.scan("bars").sort("ts").collect()

    regular = stored.join(bars.select("ts"), on="ts")
    assert regular.select(VALUES).equals(bars.select(VALUES))
    assert regular.filter(on(LACKING))["provider"].unique().to_list() == ["yahoo"]
    assert regular.filter(on(LACKING)).height == 390
    assert regular.filter(~on(LACKING))["provider"].unique().to_list() == ["alpaca"]
    assert [(step.provider, step.symbol, step.sessions, step.first) for step in report.fallbacks] == [
        ("alpaca", "SPY", 1, LACKING)
    ]
    # Sessions that Alpaca had are asked of nobody else.
    opens = {datetime.fromtimestamp(int(one.query["period1"]), UTC).date() for one in yahoo.requests}
    assert opens == {LACKING}


def test_vix_comes_from_yahoo_when_nobody_else_has_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = market("I:VIX")
    with YahooStandIn(bars.with_columns(volume=pl.lit(0.0))) as yahoo:
        use_yahoo(yahoo, monkeypatch)
        with Mill.open(tmp_path / "home", clock=CLOCK) as mill:
            report = mill.ingest("VIX", start=str(FIRST), end=str(END), provider="chain")
            stored = mill.lake.scan("bars").sort("ts").collect()

    assert stored.select(VALUES).equals(bars.select(VALUES))
    assert stored["symbol"].unique().to_list() == ["I:VIX"]
    assert stored["provider"].unique().to_list() == ["yahoo"]
    assert stored["volume"].null_count() == stored.height
    assert not report.is_synthetic
    assert {one.path for one in yahoo.requests} <= {"/v8/finance/chart/^VIX", "/v8/finance/chart/%5EVIX"}


def test_a_symbol_that_yahoo_does_not_know_is_no_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with YahooStandIn(market("SPY")) as yahoo:
        use_yahoo(yahoo, monkeypatch)
        with (
            Mill.open(tmp_path / "home", clock=CLOCK) as mill,
            pytest.raises(NoDataError, match="NOSUCH"),
        ):
            mill.ingest("NOSUCH", start=str(FIRST), end=str(END), provider="chain")
