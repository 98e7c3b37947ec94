"""The built-in providers keep the promises of `BarProvider`."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from quantmill.config.settings import Settings
from quantmill.core.calendar import calendar_for
from quantmill.core.clock import FixedClock
from quantmill.core.instants import from_us
from quantmill.providers.access import Access
from quantmill.providers.alpaca.bars import AlpacaProvider
from quantmill.providers.files.provider import FilesProvider
from quantmill.providers.iex.bars import IexProvider
from quantmill.providers.iex.cloud import IexCloudProvider
from quantmill.providers.massive.bars import MassiveProvider
from quantmill.providers.protocol import BarProvider
from quantmill.providers.sim.provider import SimProvider
from quantmill.providers.yahoo.bars import YahooProvider
from quantmill.testing.provider_contract import ProviderContract
from tests.standins.alpaca import AlpacaStandIn
from tests.standins.iex_cloud import IexCloudStandIn
from tests.standins.massive import MassiveStandIn
from tests.standins.tiingo import TiingoStandIn
from tests.standins.yahoo import YahooStandIn


class TestSim(ProviderContract):
    # 2023-07-03 is a half day.
    symbol, unknown_symbol = "SPY", "X:BTC-USD"
    first, end = date(2023, 6, 30), date(2023, 7, 6)

    @pytest.fixture
    def provider(self) -> BarProvider:
        return SimProvider()


class TestSimIndex(ProviderContract):
    symbol, unknown_symbol = "I:VIX", "I:SPX"
    first, end = date(2024, 3, 7), date(2024, 3, 13)

    @pytest.fixture
    def provider(self) -> BarProvider:
        return SimProvider(seed=3, noise_only=True)


class TestAlpaca(ProviderContract):
    symbol, unknown_symbol = "SPY", "NOSUCH"
    # 2023-07-03 is a half day.
    first, end = date(2023, 6, 30), date(2023, 7, 6)

    @pytest.fixture
    def provider(self) -> Iterator[BarProvider]:
        bars = SimProvider().bars("SPY", calendar_for("XNYS").day_span(self.first, self.end))
        with AlpacaStandIn(pl.concat(list(bars)), page_rows=300) as server:
            yield AlpacaProvider(Access(Settings.model_validate(server.settings)))


class TestMassive(ProviderContract):
    symbol, unknown_symbol = "SPY", "NOSUCH"
    first, end = date(2023, 6, 30), date(2023, 7, 6)

    @pytest.fixture
    def provider(self) -> Iterator[BarProvider]:
        bars = SimProvider().bars("SPY", calendar_for("XNYS").day_span(self.first, self.end))
        with MassiveStandIn(pl.concat(list(bars)), page_rows=300) as server:
            yield MassiveProvider(Access(Settings.model_validate(server.settings)))


class TestMassiveIndex(ProviderContract):
    symbol, unknown_symbol = "I:VIX", "I:NOSUCH"
    first, end = date(2023, 6, 30), date(2023, 7, 6)

    @pytest.fixture
    def provider(self) -> Iterator[BarProvider]:
        bars = SimProvider().bars("I:VIX", calendar_for("XNYS").day_span(self.first, self.end))
        with MassiveStandIn(pl.concat(list(bars)), page_rows=300) as server:
            yield MassiveProvider(Access(Settings.model_validate(server.settings)))


class TestIex(ProviderContract):
    symbol, unknown_symbol = "SPY", "NOSUCH"
    first, end = date(2023, 6, 26), date(2023, 7, 14)

    @pytest.fixture
    def provider(self) -> Iterator[BarProvider]:
        bars = SimProvider().bars("SPY", calendar_for("XNYS").day_span(self.first, self.end))
        with TiingoStandIn(pl.concat(list(bars))) as server:
            yield IexProvider(Access(Settings.model_validate(server.settings)))


class TestIexCloud(ProviderContract):
    symbol, unknown_symbol = "SPY", "NOSUCH"
    # 2023-07-03 is a half day.
    first, end = date(2023, 6, 30), date(2023, 7, 6)

    @pytest.fixture
    def provider(self) -> Iterator[BarProvider]:
        bars = SimProvider().bars("SPY", calendar_for("XNYS").day_span(self.first, self.end))
        with IexCloudStandIn(pl.concat(list(bars)), n_nulls=2) as server:
            yield IexCloudProvider(Access(Settings.model_validate(server.settings)))


class TestYahoo(ProviderContract):
    symbol, unknown_symbol = "SPY", "NOSUCH"
    first, end = date(2023, 6, 26), date(2023, 7, 8)

    @pytest.fixture
    def provider(self) -> Iterator[BarProvider]:
        bars = SimProvider().bars("SPY", calendar_for("XNYS").day_span(self.first, self.end))
        with YahooStandIn(pl.concat(list(bars)), n_nulls=2) as server:
            clock = FixedClock(datetime(2023, 7, 10, tzinfo=UTC))
            yield YahooProvider(Access(Settings.model_validate(server.settings), clock=clock))


class TestRecordedFiles(ProviderContract):
    symbol, unknown_symbol = "MSFT", "AAPL"
    first, end = date(2024, 11, 27), date(2024, 12, 3)

    @pytest.fixture
    def provider(self, tmp_path: Path) -> BarProvider:
        calendar = calendar_for("XNYS")
        for session in calendar.sessions(self.first, self.end):
            lines = ["timestamp,open,high,low,close,volume"]
            for at, us in enumerate(calendar.regular_minutes(session)):
                close = 420 + at % 7 / 10
                lines.append(
                    f"{from_us(int(us)):%Y-%m-%dT%H:%M:%SZ},{close},{close + 0.1},{close - 0.1},{close},{at}"
                )
            (tmp_path / f"MSFT_{session}.csv").write_text("\n".join(lines), encoding="utf-8")
        return FilesProvider([tmp_path])
