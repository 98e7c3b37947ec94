"""The VIX since 1990, day by day and by minutes, and real articles.

SOURCE: the CBOE's history of the VIX (PDDL-1.0), articles of Zacks and Benzinga as Polygon gave them.
"""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from quantmill.core.interval import Interval
from quantmill.ingest.daily import import_daily
from quantmill.ingest.importing import import_files
from quantmill.ingest.news_import import import_news
from quantmill.lake import Lake
from quantmill.testing.lakes import open_lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(tmp_path / "home")


def test_every_day_of_the_vix_since_1990_is_stored(real_data: Path, lake: Lake) -> None:
    path = real_data / "daily" / "vix_daily.parquet"
    first, second = (import_daily(lake, [path]) for _ in range(2))

    vix = lake.read_daily("I:VIX")
    values = pl.col("open", "high", "low", "close")
    source = pl.read_parquet(path)
    assert (first.rows_stored, first.rows_quarantined) == (9235, 0)
    assert (second.rows_stored, second.rows_existing, second.snapshot) == (0, 9235, first.snapshot)
    assert vix["session"].to_list() == source["date"].to_list()
    assert vix.select("high", "low", "close").equals(source.select("high", "low", "close"))
    assert vix.select(values).row(0) == (17.24, 17.24, 17.24, 17.24)
    assert vix.select(values).row(-1) == (17.67, 20.31, 17.32, 18.7)
    assert vix["available_at"][0] == datetime(1990, 1, 2, 21, 15, tzinfo=UTC)
    assert vix["available_at"][-1] == datetime(2026, 7, 23, 20, 15, tzinfo=UTC)
    # The source's open lies outside high and low on 47 days: 41.6 with a high of 13.61 on 2006-02-08, for one.
    n_off = source.filter(~pl.col("open").is_between("low", "high")).height
    assert vix["open"].null_count() == first.opens_left_out == n_off == 47
    assert vix.filter(pl.col("session") == date(2006, 2, 8))["open"].to_list() == [None]


def test_each_day_of_the_vix_is_known_on_its_own_date(real_data: Path, lake: Lake) -> None:
    import_daily(lake, [real_data / "daily" / "vix_daily.parquet"])

    vix = lake.read_daily("I:VIX")
    hours = vix["available_at"].dt.convert_time_zone("America/New_York").dt.strftime("%H:%M")
    # In the early nineties half days ended at 14:00.
    assert set(hours) == {"16:15", "14:15", "13:15"}
    assert vix.filter(pl.Series(hours == "14:15"))["session"].dt.year().max() < 1993
    assert (vix["available_at"].dt.convert_time_zone("America/New_York").dt.date() == vix["session"]).all()
    # XNYS closed at 13:00 on 2024-07-03, 2024-11-29 and 2024-12-24 alone in that year.
    short = vix.filter(pl.Series(hours == "13:15"), pl.col("session").dt.year() == 2024)
    assert short["session"].to_list() == [date(2024, 7, 3), date(2024, 11, 29), date(2024, 12, 24)]


def test_lean_s_daily_bars_are_stored_by_the_exchange_s_date(real_data: Path, lake: Lake) -> None:
    tally = import_daily(lake, [real_data / "bars" / "lean_daily.parquet"])

    spy = lake.read_daily("SPY")
    assert (tally.rows_stored, tally.rows_quarantined, len(tally.symbols)) == (70_025, 0, 21)
    assert spy.height == 5849
    assert spy.select("session", "close", "volume").row(-1) == (date(2021, 3, 31), 396.33, 90_673_494.0)


@pytest.mark.parametrize(("name", "n_bars"), [("em2015_1m", 6541), ("eqker_1m", 1923)])
def test_minutes_of_the_vix_are_bars_without_volume(
    real_data: Path, lake: Lake, name: str, n_bars: int
) -> None:
    source = pl.read_parquet(real_data / "bars" / f"{name}.parquet")
    path = lake.root.parent / "vix.parquet"
    source.filter(pl.col("symbol").is_in(["$VIX", "VIX"])).write_parquet(path)

    report = import_files(lake, [path])

    bars = lake.read_bars("I:VIX", hours="extended")
    assert (report.rows_read, report.symbols, report.rows_quarantined) == (
        n_bars,
        ["I:VIX"],
        n_bars - bars.height,
    )
    assert bars.height == report.rows_stored
    assert bars["volume"].null_count() == bars.height
    assert lake.resampled_bars("I:VIX", Interval.parse("1d"))["volume"].null_count() > 0


def test_real_articles_are_stored_with_their_sentiment(real_data: Path, lake: Lake) -> None:
    first, second = (import_news(lake, [real_data / "news"]).tally for _ in range(2))

    assert (first.read, first.stored, first.sentiments_stored, first.backfilled) == (3, 3, 14, 14)
    assert (second.stored, second.existing, second.sentiments_existing) == (0, 3, 14)
    hpq = (
        lake.read_news(["HPQ"]).select("published_at", "sentiment", "score", "sentiment_is_backfilled").rows()
    )
    assert hpq == [
        (datetime(2026, 9, 15, 10, 20, 2, tzinfo=UTC), "neutral", 0, True),
        (datetime(2026, 9, 16, 8, 12, tzinfo=UTC), "positive", 1, True),
    ]
    known = lake.read_news(["HPQ"], known_at=datetime(2026, 9, 16, 12, 0, tzinfo=UTC))
    assert known["sentiment"].to_list() == [None, None]
    assert lake.read_news(["AAPL"])["title"].to_list() == ["Apple Unusual Options Activity"]
