"""Articles and sentiment in the lake: versions, times, quarantine."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from quantmill.core.clock import FixedClock
from quantmill.core.news import NEWS_SCHEMA
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.ingest.news import NewsBatch, NewsTally, store_news
from quantmill.ingest.news_fetch import fetch_news
from quantmill.lake import Lake
from quantmill.providers.alpaca.news import alpaca_articles
from quantmill.providers.massive.news import massive_articles
from quantmill.testing.lakes import open_lake
from tests.databases import Place

OUT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path, state_place: Place) -> Iterator[Lake]:
    opened = open_lake(tmp_path / "home", state=state_place, clock=FixedClock(at(0)))
    yield opened
    opened.state.close()


def at(minutes: float) -> datetime:
    """An instant so many minutes after the article came out."""
    return OUT + timedelta(minutes=minutes)


def massive(id_: str = "a", **fields: object) -> dict[str, Any]:
    return {
        "id": id_,
        "published_utc": "2026-03-02T15:00:00Z",
        "title": "Title",
        "tickers": ["AAPL"],
        **fields,
    }


def insight(sentiment: str, symbol: str = "AAPL") -> list[dict[str, str]]:
    return [{"ticker": symbol, "sentiment": sentiment, "sentiment_reasoning": "because"}]


def alpaca(title: str, updated_at: str) -> dict[str, Any]:
    times = {"created_at": "2026-03-02T15:00:00Z", "updated_at": updated_at}
    return {"id": 7, "headline": title, "symbols": ["AAPL"], **times}


def store(lake: Lake, *items: dict[str, Any], minutes: float) -> NewsTally:
    """Store articles that are received so many minutes after the first one came out."""
    assert isinstance(lake.clock, FixedClock)
    lake.clock.instant = at(minutes)
    provider, read = ("alpaca", alpaca_articles) if "headline" in items[0] else ("massive", massive_articles)
    return store_news(lake, [NewsBatch(provider, "test", read(json.dumps(item).encode() for item in items))])


def seen(lake: Lake, minutes: float, *columns: str) -> list[tuple[Any, ...]]:
    return lake.read_news(["AAPL"], known_at=at(minutes)).select(columns).rows()


def test_the_same_article_again_stores_nothing(lake: Lake) -> None:
    first = store(lake, massive(insights=insight("positive")), massive("b"), minutes=5)
    second = store(lake, massive(insights=insight("positive")), massive("b"), massive("b"), minutes=500)

    assert (first.read, first.stored, first.sentiments_stored) == (2, 2, 1)
    assert (second.read, second.stored, second.existing, second.duplicate) == (3, 0, 2, 1)
    assert second.sentiments_existing == 1
    assert second.snapshot == first.snapshot


def test_an_article_is_known_from_its_publication_and_sentiment_from_its_receipt(lake: Lake) -> None:
    tally = store(lake, massive(insights=insight("positive")), minutes=5)

    assert tally.backfilled == 0
    assert seen(lake, -1, "id") == []
    assert seen(lake, 0, "id", "sentiment") == [("a", None)]
    assert seen(lake, 4.9, "id", "sentiment") == [("a", None)]
    assert seen(lake, 5, "sentiment", "score", "reasoning") == [("positive", 1, "because")]
    assert seen(lake, 5, "sentiment_is_backfilled", "is_backfilled") == [(False, False)]


def test_sentiment_that_comes_after_the_article_keeps_the_article_s_time_and_is_marked(lake: Lake) -> None:
    store(lake, massive(), minutes=1)
    tally = store(lake, massive(insights=insight("negative")), minutes=60)

    assert (tally.stored, tally.existing, tally.sentiments_stored, tally.backfilled) == (0, 1, 1, 1)
    assert seen(lake, 59, "available_at", "sentiment") == [(at(0), None)]
    assert seen(lake, 60, "available_at", "score", "sentiment_available_at", "sentiment_is_backfilled") == [
        (at(0), -1, at(60), True)
    ]


@pytest.mark.parametrize(("minutes", "is_marked"), [(15, False), (15.001, True)])
def test_what_comes_more_than_15_minutes_later_is_marked(lake: Lake, minutes: float, is_marked: bool) -> None:
    store(lake, massive(insights=insight("neutral")), minutes=minutes)

    assert seen(lake, 100, "is_backfilled", "sentiment_is_backfilled") == [(is_marked, is_marked)]


def test_an_update_is_another_version_from_its_own_time_on(lake: Lake) -> None:
    store(lake, alpaca("First", "2026-03-02T15:00:00Z"), minutes=1)
    tally = store(lake, alpaca("Second", "2026-03-02T15:30:00Z"), minutes=31)

    assert (tally.stored, tally.revised) == (0, 1)
    assert seen(lake, 29, "id", "title") == [("7", "First")]
    assert seen(lake, 30, "id", "title") == [("7", "Second")]
    assert lake.sql("SELECT id, title FROM news").rows() == [("7", "Second")]


def test_a_changed_text_without_a_later_time_is_known_from_its_receipt(lake: Lake) -> None:
    store(lake, massive(), minutes=1)
    store(lake, massive(title="Other"), minutes=90)

    assert [seen(lake, minutes, "title") for minutes in (89, 90)] == [[("Title",)], [("Other",)]]


def test_an_older_version_that_is_read_later_fills_its_own_time_alone(lake: Lake) -> None:
    store(lake, alpaca("Second", "2026-03-02T15:30:00Z"), minutes=31)
    store(lake, alpaca("First", "2026-03-02T15:00:00Z"), minutes=500)

    assert [seen(lake, minutes, "title") for minutes in (10, 30)] == [[("First",)], [("Second",)]]


def test_an_old_file_brings_no_old_text_or_sentiment_back(lake: Lake) -> None:
    old, new = massive(insights=insight("positive")), massive(title="Other", insights=insight("negative"))
    for item, minutes in ((old, 1), (new, 50)):
        store(lake, item, minutes=minutes)

    again = store(lake, old, minutes=99)

    assert (again.existing, again.revised, again.sentiments_existing, again.sentiments_revised) == (
        1,
        0,
        1,
        0,
    )
    assert seen(lake, 99, "title", "sentiment") == [("Other", "negative")]


def test_a_moved_time_of_publication_does_not_double_an_article(lake: Lake) -> None:
    store(lake, massive(), minutes=1)
    store(lake, massive(published_utc="2026-04-02T15:00:00Z", title="Other"), minutes=60 * 24 * 60)

    assert seen(lake, 10**6, "published_at", "title") == [(at(0), "Other")]


def test_ids_of_two_providers_are_two_articles(lake: Lake) -> None:
    store(lake, massive("7"), minutes=1)
    store(lake, alpaca("First", "2026-03-02T15:00:00Z"), minutes=1)

    assert seen(lake, 2, "provider", "id") == [("alpaca", "7"), ("massive", "7")]


def test_bad_articles_go_to_quarantine_with_reason_and_raw(lake: Lake) -> None:
    tally = store(
        lake,
        massive(),
        massive() | {"id": None},
        massive("c", published_utc="soon"),
        massive("d", published_utc="2026-03-02T15:00:00"),
        massive("e", published_utc="2026-03-03T15:00:00Z"),
        massive("f", published_utc="1989-01-01T00:00:00Z"),
        massive("g", tickers=17),
        massive("h", insights=insight("mixed")),
        minutes=1,
    )

    assert (tally.read, tally.stored, tally.quarantined, tally.sentiments_quarantined) == (8, 2, 6, 1)
    assert dict(tally.reasons) == {
        "missing_id": 2,
        "no_publication_time": 2,
        "yet_to_come": 1,
        "too_old": 1,
        "unknown_sentiment": 1,
    }
    kept = lake.scan("quarantine").collect()
    assert kept.height == 7
    raw = [json.loads(text) for text in kept.filter(pl.col("reason") == "no_publication_time")["raw"]]
    assert sorted(row["published_utc"] for row in raw) == ["2026-03-02T15:00:00", "soon"]
    assert kept.filter(pl.col("reason") == "unknown_sentiment")["symbol"].to_list() == ["AAPL"]


def test_symbols_are_canonical_and_other_names_are_counted(lake: Lake) -> None:
    tally = store(
        lake, massive(tickers=["BRK-B", "C:EURUSD", "aapl", "AAPL"]), massive("b", tickers=[]), minutes=1
    )

    rows = lake.read_news(known_at=at(2)).select("id", "symbol").rows()
    assert tally.unknown_symbols == 1
    assert rows == [("a", "AAPL"), ("a", "BRK.B"), ("b", None)]


def test_sentiment_of_a_symbol_that_the_article_does_not_list_is_found(lake: Lake) -> None:
    store(lake, massive(tickers=["AAPL"], insights=insight("positive", "MSFT")), minutes=1)

    rows = lake.read_news(["MSFT"], known_at=at(2)).select("id", "symbol", "score").rows()
    assert rows == [("a", "MSFT", 1)]


def test_news_are_read_by_the_time_of_publication(lake: Lake) -> None:
    store(lake, massive(), massive("b", published_utc="2026-02-27T15:00:00Z"), minutes=1)

    span = Span(at(0), at(1))
    assert lake.read_news(span=span)["id"].to_list() == ["a"]
    assert lake.read_news(span=Span(at(1), at(2))).is_empty()


def test_a_home_without_news_answers_with_no_rows(lake: Lake) -> None:
    assert lake.read_news().is_empty()
    assert lake.sql("SELECT * FROM news JOIN news_sentiment USING (id)").is_empty()


def test_a_lost_catalogue_gets_news_back(tmp_path: Path) -> None:
    clock = FixedClock(at(0))
    lake = open_lake(tmp_path, clock=clock)
    store(lake, massive(insights=insight("positive")), minutes=1)
    store(lake, massive(title="Other"), minutes=2)
    before = lake.read_news(known_at=at(3))
    lake.state.close()

    again = open_lake(tmp_path, state=tmp_path / "new.db", clock=clock)
    again.rebuild_catalog()

    assert again.read_news(known_at=at(3)).equals(before)
    assert again.verify().ok
    again.state.close()


def test_a_fetch_goes_month_by_month_and_again_stores_nothing(lake: Lake) -> None:
    asked: list[Span] = []

    class Source:
        name = "massive"

        def news(
            self, symbols: Sequence[str], span: Span, *, progress: Progress = NO_PROGRESS
        ) -> Iterator[pl.DataFrame]:
            asked.append(span)
            if span.start.month == 3:
                yield massive_articles(json.dumps(massive(f"of {symbol}")).encode() for symbol in symbols)

    assert isinstance(lake.clock, FixedClock)
    lake.clock.instant = at(5)
    span = Span(datetime(2025, 12, 10, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC))
    first, second = (fetch_news(lake, Source(), ["AAPL", "MSFT"], span) for _ in range(2))

    starts = [(2025, 12, 10), (2026, 1, 1), (2026, 2, 1), (2026, 3, 1), (2026, 3, 5)]
    times = [datetime(*start, tzinfo=UTC) for start in starts]
    assert asked[:4] == [Span(*pair) for pair in pairwise(times)]
    assert (first.read, first.stored) == (2, 2)
    assert (second.read, second.existing, second.snapshot) == (2, 2, first.snapshot)


def test_an_empty_page_is_no_commit(lake: Lake) -> None:
    tally = store_news(lake, [NewsBatch("massive", "test", pl.DataFrame(schema=NEWS_SCHEMA))])

    assert (tally.read, tally.snapshot) == (0, 0)


def test_writers_at_once_store_each_article_once(lake: Lake) -> None:
    items = [massive(str(number), insights=insight("positive")) for number in range(6)]
    assert isinstance(lake.clock, FixedClock)
    lake.clock.instant = at(1)

    def write(first: int) -> NewsTally:
        part = [json.dumps(item).encode() for item in items[first : first + 3]]
        return store_news(lake, [NewsBatch("massive", "test", massive_articles(part))])

    with ThreadPoolExecutor(4) as pool:
        tallies = list(pool.map(write, [0, 1, 2, 3, 0, 3]))

    assert sum(tally.stored for tally in tallies) == 6
    assert sum(tally.existing for tally in tallies) == 12
    assert lake.scan("news").collect().height == lake.scan("news_sentiment").collect().height == 6
