"""Tiingo in the slot of IEX: its key, the end of IEX Cloud, and answers that are cut without a word."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from quantmill.config.settings import Settings
from quantmill.core.calendar import calendar_for
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


class OneAnswer(TiingoStandIn):
    """Gives one bar, whose time has the form that a test wants."""

    def __init__(self, time: str) -> None:
        super().__init__(pl.DataFrame(schema={"symbol": pl.String, "ts": pl.Datetime("us", "UTC")}))
        self.time = time

    def answer(self, request: Request) -> Answer:
        bar = dict.fromkeys(("open", "high", "low", "close"), 1.5) | {"date": self.time, "volume": 3}
        return json_answer([bar])


def first_bar(time: str) -> datetime:
    span = calendar_for("XNYS").day_span(date(2019, 1, 2), date(2019, 1, 3))
    with OneAnswer(time) as server:
        (page,) = IexProvider(Access(Settings.model_validate(server.settings))).bars("SPY", span)
    return page["ts"][0]


@pytest.mark.parametrize("time", ["2019-01-02T14:30:00.000Z", "2019-01-02T09:30:00-05:00"])
def test_times_have_an_offset(time: str) -> None:
    assert first_bar(time) == datetime(2019, 1, 2, 14, 30, tzinfo=UTC)


def test_a_time_of_another_form_is_drift() -> None:
    with pytest.raises(SchemaDriftError, match="02/01/2019"):
        first_bar("02/01/2019 14:30")
