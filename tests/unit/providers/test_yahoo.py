"""Yahoo's charts: pieces, symbols, holes, minutes that are not over, errors, recorded answers."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from quantmill.config.settings import Settings
from quantmill.core.clock import FixedClock
from quantmill.core.progress import NullProgress
from quantmill.core.span import Span
from quantmill.errors import NoDataError, ProviderError
from quantmill.providers.access import Access
from quantmill.providers.yahoo.bars import YahooProvider, to_yahoo
from quantmill.testing.lakes import FIRST_MINUTE, make_bars
from tests.standins.server import Answer, Request, StandIn, json_answer
from tests.standins.yahoo import YahooStandIn

# 13:30 UTC of Tuesday 2024-03-12, the open.
OPEN = FIRST_MINUTE
HOUR = Span(OPEN, OPEN + timedelta(hours=1))


class Telling(NullProgress):
    """Keeps what is said."""

    def __init__(self) -> None:
        object.__setattr__(self, "said", [])

    def say(self, message: str) -> None:
        self.said: list[str]
        self.said.append(message)


class Recorded(StandIn):
    """Gives one body to every request."""

    def __init__(self, body: object, status: int = 200) -> None:
        super().__init__()
        self.body, self.status = body, status

    def answer(self, request: Request) -> Answer:
        return json_answer(self.body, self.status)


def chart(
    seconds: Sequence[int], prices: Sequence[float | None], volumes: Sequence[float | None]
) -> dict[str, Any]:
    quote = {name: list(prices) for name in ("open", "high", "low", "close")} | {"volume": list(volumes)}
    result = {"meta": {}, "timestamp": list(seconds), "indicators": {"quote": [quote]}}
    return {"chart": {"result": [result], "error": None}}


def provider(url: str, now: datetime) -> YahooProvider:
    settings = Settings.model_validate({"yahoo": {"base_url": url}, "http": {"attempts": 1}})
    return YahooProvider(Access(settings, clock=FixedClock(now)))


def read(
    body: object, *, symbol: str = "SPY", now: datetime | None = None, span: Span = HOUR
) -> pl.DataFrame:
    with Recorded(body) as server:
        return pl.concat(list(provider(server.url, now or OPEN + timedelta(days=1)).bars(symbol, span)))


def test_no_request_is_longer_than_seven_days_and_none_is_older_than_thirty() -> None:
    now = datetime(2024, 3, 16, tzinfo=UTC)
    span = Span(now - timedelta(days=90), now)
    with YahooStandIn(make_bars("SPY", n_bars=5)) as server:
        list(provider(server.url, now).bars("SPY", span))
        queries = [request.query for request in server.requests]

    ranges = [(int(query["period1"]), int(query["period2"])) for query in queries]
    assert max(end - start for start, end in ranges) <= 7 * 86_400
    assert [end for _, end in ranges[:-1]] == [start for start, _ in ranges[1:]]
    # Younger than 30 days also when the request takes a while.
    assert 60 < ranges[0][0] - (now.timestamp() - 30 * 86_400) < 3600
    assert ranges[-1][1] == now.timestamp()
    assert {(query["interval"], query["includePrePost"]) for query in queries} == {("1m", "true")}
    assert not any("crumb" in query for query in queries)


def test_what_is_too_old_is_not_asked_for() -> None:
    with YahooStandIn(make_bars("SPY", n_bars=5)) as server, pytest.raises(NoDataError, match="SPY"):
        list(provider(server.url, OPEN + timedelta(days=90)).bars("SPY", HOUR))

    assert server.requests == []


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [("SPY", "SPY"), ("BRK.B", "BRK-B"), ("I:VIX", "^VIX"), ("X:BTC-USD", "BTC-USD")],
)
def test_symbols_as_yahoo_writes_them(symbol: str, expected: str) -> None:
    assert to_yahoo(symbol) == expected


def test_the_volume_of_an_index_is_unknown() -> None:
    start = round(OPEN.timestamp())

    bars = read(chart([start, start + 60], [13.5, 13.6], [0, 0]), symbol="I:VIX")

    assert bars["symbol"].to_list() == ["I:VIX", "I:VIX"]
    assert bars["volume"].to_list() == [None, None]


def test_rows_without_a_price_are_left_out_and_counted() -> None:
    start = round(OPEN.timestamp())
    body = chart([start, start + 60, start + 120, start + 180], [1.5, None, 1.7, None], [10, None, 0, None])
    telling = Telling()

    with Recorded(body) as server:
        pages = list(provider(server.url, OPEN + timedelta(days=1)).bars("SPY", HOUR, progress=telling))

    bars = pl.concat(pages)
    assert bars["close"].to_list() == [1.5, 1.7]
    # A volume of zero is what Yahoo says outside regular hours.
    assert bars["volume"].to_list() == [10.0, 0.0]
    assert ["2 rows" in line for line in telling.said] == [True]


@pytest.mark.parametrize(
    ("now_s", "n_bars"),
    # The second minute, from 60 s on, is over at 120 s.
    [(119, 1), (120, 2), (150, 2)],
)
def test_a_minute_that_is_not_over_is_left_out(now_s: int, n_bars: int) -> None:
    start = round(OPEN.timestamp())

    bars = read(chart([start, start + 60], [1.5, 1.6], [10, 20]), now=OPEN + timedelta(seconds=now_s))

    assert bars.height == n_bars


def test_the_live_row_between_minutes_is_left_out() -> None:
    start = round(OPEN.timestamp())

    bars = read(chart([start, start + 47], [1.5, 1.6], [10, 0]))

    assert bars["close"].to_list() == [1.5]


@pytest.mark.parametrize("status", [200, 404, 422])
@pytest.mark.parametrize(
    ("code", "description", "kind"),
    [
        ("Not Found", "No data found, symbol may be delisted", NoDataError),
        ("Unprocessable Entity", "1m data not available for the requested range", ProviderError),
    ],
)
def test_errors_in_a_chart_are_told_whatever_the_status(
    status: int, code: str, description: str, kind: type[ProviderError]
) -> None:
    body = {"chart": {"result": None, "error": {"code": code, "description": description}}}

    with Recorded(body, status) as server, pytest.raises(ProviderError, match=description) as caught:
        list(provider(server.url, OPEN + timedelta(days=1)).bars("SPY", HOUR))

    assert type(caught.value) is kind


def test_columns_of_unequal_length_are_refused() -> None:
    start = round(OPEN.timestamp())

    with pytest.raises(ProviderError, match="unequal"):
        read(chart([start, start + 60], [1.5], [10]))


class TestRecorded:
    """Answers that Yahoo gave, read as they are; values read off the files."""

    def test_a_weekend_has_no_column_at_all(self, real_data: Path) -> None:
        name = "chart-AAPL-2025-02-01-to-2025-02-02-includePrePost-false-interval-1m.json"
        start = datetime(2025, 2, 1, tzinfo=UTC)

        with Recorded(body_of(real_data, name)) as server:
            asked = provider(server.url, start + timedelta(days=3))
            pages = list(asked.bars("AAPL", Span(start, start + timedelta(days=1))))

        assert pages == []

    def test_rows_of_apple(self, real_data: Path) -> None:
        # By day; the rows have the form that minutes have.
        start = datetime(2020, 8, 31, tzinfo=UTC)

        bars = read(
            body_of(real_data, "chart-AAPL-2020-08-31-to-2020-11-07.json"),
            symbol="AAPL",
            now=datetime(2020, 9, 3, tzinfo=UTC),
            span=Span(start, start + timedelta(days=2)),
        )

        assert bars["ts"].to_list() == [
            datetime(2020, 8, 31, 13, 30, tzinfo=UTC),
            datetime(2020, 9, 1, 13, 30, tzinfo=UTC),
        ]
        assert bars.select("open", "high", "low", "close", "volume").row(0) == (
            127.58000183105469,
            131.0,
            126.0,
            129.0399932861328,
            225_702_700.0,
        )

    def test_rows_of_bitcoin(self, real_data: Path) -> None:
        start = datetime(2020, 1, 1, tzinfo=UTC)

        bars = read(
            body_of(real_data, "chart-BTC-USD-2020-01-01-to-2020-01-03.json"),
            symbol="X:BTC-USD",
            now=datetime(2020, 1, 4, tzinfo=UTC),
            span=Span(start, start + timedelta(days=2)),
        )

        assert bars["symbol"].unique().to_list() == ["X:BTC-USD"]
        assert bars["close"].to_list() == [7200.17431640625, 6985.47021484375]
        assert bars["volume"].to_list() == [18_565_664_997.0, 20_802_083_465.0]


class TestRealBars:
    """Bars that Yahoo gave in March 2026, over a socket and back."""

    @pytest.mark.parametrize(("stored", "symbol"), [("SPY", "SPY"), ("BTC-USD", "X:BTC-USD")])
    def test_they_come_as_they_are(self, real_data: Path, stored: str, symbol: str) -> None:
        kept = pl.read_parquet(real_data / "bars" / "yahoo2026_1m.parquet").filter(
            pl.col("symbol") == stored, pl.col("ts").cast(pl.Int64) % 60_000_000 == 0
        )
        kept = kept.unique("ts", keep="last").sort("ts").with_columns(symbol=pl.lit(symbol))
        first, last = kept["ts"][0], kept["ts"][-1]

        with YahooStandIn(kept, n_nulls=3) as server:
            asked = provider(server.url, last + timedelta(days=1))
            found = pl.concat(list(asked.bars(symbol, Span(first, last + timedelta(minutes=1)))))

        values = ["ts", "open", "high", "low", "close", "volume"]
        assert found.select(values).equals(kept.select(values))


def body_of(real_data: Path, name: str) -> object:
    text = (real_data / "payloads" / "yahoo" / name).read_text(encoding="utf-8")
    return json.loads(text)["response"]["bodyJson"]
