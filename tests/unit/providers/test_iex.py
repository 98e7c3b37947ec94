"""Tiingo in the slot of IEX: its key, the end of IEX Cloud, and answers that are cut without a word."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from quantmill.config.settings import Settings
from quantmill.core.calendar import calendar_for
from quantmill.core.span import Span
from quantmill.errors import ConfigError, SchemaDriftError
from quantmill.providers.access import Access
from quantmill.providers.iex import bars as iex
from quantmill.providers.iex.bars import IexProvider
from quantmill.providers.sim.provider import SimProvider
from tests.standins.server import Answer, Request, json_answer
from tests.standins.tiingo import TiingoStandIn


def access(**tiingo: str) -> Access:
    return Access(Settings.model_validate({"tiingo": tiingo}))


def test_without_a_key_the_variable_is_named() -> None:
    with pytest.raises(ConfigError, match="no credentials") as caught:
        IexProvider(access())

    assert "TIINGO_API_KEY" in caught.value.hint


def test_a_token_of_iex_cloud_is_answered_with_its_end() -> None:
    with pytest.raises(ConfigError, match="shut down on 2024-08-31") as caught:
        IexProvider(access(iex_token="sk_0123456789"))

    assert "TIINGO_API_KEY" in caught.value.hint
    assert "sk_0123456789" not in str(caught.value)


def test_an_answer_at_the_cap_is_asked_for_in_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iex, "_MAX_ROWS", 1000)
    span = calendar_for("XNYS").day_span(date(2023, 6, 26), date(2023, 7, 8))
    market = pl.concat(list(SimProvider().bars("SPY", span)))

    with TiingoStandIn(market, max_rows=1000) as server:
        found = pl.concat(
            list(IexProvider(Access(Settings.model_validate(server.settings))).bars("SPY", span))
        )

        assert len(server.requests) > 3
    assert found["ts"].to_list() == market["ts"].to_list()
    assert found["close"].to_list() == market["close"].to_list()


def test_tickers_have_their_form() -> None:
    span = calendar_for("XNYS").day_span(date(2023, 6, 26), date(2023, 6, 27))
    market = pl.concat(list(SimProvider().bars("SPY", span))).with_columns(symbol=pl.lit("BRK.B"))

    with TiingoStandIn(market) as server:
        found = pl.concat(
            list(IexProvider(Access(Settings.model_validate(server.settings))).bars("BRK.B", span))
        )

        assert server.requests[0].path == "/iex/brk-b/prices"
    assert found["symbol"].unique().to_list() == ["BRK.B"]


def test_a_key_of_tiingo_counts_beside_a_token_of_iex_cloud() -> None:
    assert IexProvider(access(iex_token="sk_0123456789", api_key="tiingo-s3cr3t")).name == "iex"


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_evening_bars_are_found_whosever_days_are_meant(zone: str) -> None:
    # 18:30 to 19:30 in New York on a Wednesday; midnight of UTC lies in the middle.
    start = datetime(2024, 3, 6, 23, 30, tzinfo=UTC)
    minutes = pl.datetime_range(start, start + timedelta(minutes=59), "1m", time_unit="us", eager=True)
    prices = {name: pl.lit(10.0) for name in ("open", "high", "low", "close")}
    market = pl.DataFrame({"ts": minutes}).with_columns(symbol=pl.lit("SPY"), volume=pl.lit(5.0), **prices)

    with TiingoStandIn(market, zone=zone) as server:
        provider = IexProvider(Access(Settings.model_validate(server.settings)))
        parts = [
            page["ts"].to_list()
            for at in (0, 30)
            for page in provider.bars(
                "SPY", Span(start + timedelta(minutes=at), start + timedelta(minutes=at + 30))
            )
        ]

    assert [len(part) for part in parts] == [30, 30]
    assert parts[0] + parts[1] == minutes.to_list()


@pytest.mark.parametrize(
    "body",
    [
        None,
        {"detail": "something else"},
        [{"date": "2024-03-06T14:30:00", "open": 1, "high": 1, "low": 1, "close": 1, "volume": 1}],
        [{"date": "06.03.2024 14:30", "open": 1, "high": 1, "low": 1, "close": 1, "volume": 1}],
    ],
)
def test_an_answer_of_another_form_is_drift(body: object) -> None:
    class Drifted(TiingoStandIn):
        def answer(self, request: Request) -> Answer:
            return json_answer(body)

    span = calendar_for("XNYS").day_span(date(2024, 3, 6), date(2024, 3, 7))
    with Drifted(pl.DataFrame({"symbol": [], "ts": []})) as server:
        provider = IexProvider(Access(Settings.model_validate(server.settings)))
        with pytest.raises(SchemaDriftError, match="unexpected form"):
            list(provider.bars("SPY", span))

        assert len(server.requests) == 1
