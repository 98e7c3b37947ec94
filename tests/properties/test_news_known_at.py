"""What was known at an instant stays what was known then, whatever comes later."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from quantmill.core.clock import FixedClock
from quantmill.ingest.news import NewsBatch, store_news
from quantmill.lake import Lake
from quantmill.lake.news import NEWS_ROWS
from quantmill.providers.alpaca.news import alpaca_articles
from quantmill.providers.massive.news import massive_articles
from quantmill.testing.lakes import open_lake

START = datetime(2026, 2, 27, 23, 0, tzinfo=UTC)
HORIZON_HOURS = 60


@dataclass(frozen=True)
class Arrival:
    """An article that is received so many hours after START; it came out that many hours before, if not at once."""

    hour: int
    age_hours: int
    id: str
    title: str
    symbols: tuple[str, ...]
    sentiment: str | None
    is_alpaca: bool


arrivals = st.builds(
    Arrival,
    hour=st.integers(30, HORIZON_HOURS),
    age_hours=st.sampled_from([0, 0, 0, 1, 24]),
    id=st.sampled_from(["1", "2"]),
    title=st.sampled_from(["one", "two", "three"]),
    symbols=st.sampled_from([("AAPL",), ("AAPL", "MSFT"), ()]),
    sentiment=st.sampled_from([None, "positive", "neutral", "negative"]),
    is_alpaca=st.booleans(),
)


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def batch_of(arrival: Arrival) -> NewsBatch:
    # Each id came out at an hour of its own; what changes later is an update.
    published, updated = at(int(arrival.id)), at(arrival.hour - arrival.age_hours)
    item: dict[str, Any] = {"id": arrival.id}
    if arrival.is_alpaca:
        item |= {
            "headline": arrival.title,
            "created_at": published.isoformat(),
            "updated_at": updated.isoformat(),
        }
        item["symbols"] = arrival.symbols
        return NewsBatch("alpaca", "test", alpaca_articles([json.dumps(item).encode()]))
    item |= {"title": arrival.title, "published_utc": published.isoformat(), "tickers": arrival.symbols}
    if arrival.sentiment is not None:
        item["insights"] = [{"ticker": "AAPL", "sentiment": arrival.sentiment}]
    return NewsBatch("massive", "test", massive_articles([json.dumps(item).encode()]))


@contextmanager
def opened(folder: Path, clock: FixedClock) -> Iterator[Lake]:
    lake = open_lake(folder, clock=clock)
    yield lake
    lake.state.close()


ARTICLE = ["provider", "id"]
SAID = [*ARTICLE, "symbol", "sentiment", "sentiment_available_at", "sentiment_is_backfilled"]


@settings(max_examples=12)
@given(st.lists(arrivals, min_size=1, max_size=5, unique_by=lambda arrival: arrival.hour))
def test_later_arrivals_change_no_earlier_knowledge_but_for_articles_received_late(
    unordered: Sequence[Arrival],
) -> None:
    ordered = sorted(unordered, key=lambda arrival: arrival.hour)
    clock = FixedClock(START)
    with TemporaryDirectory() as folder, opened(Path(folder), clock) as lake:
        answers: list[tuple[datetime, datetime, pl.DataFrame]] = []
        for arrival in ordered:
            clock.instant = at(arrival.hour)
            store_news(lake, [batch_of(arrival)])
            answers += [
                (at(arrival.hour), then, lake.read_news(known_at=then))
                for then in (at(arrival.hour), at(arrival.hour - 2))
            ]

        for asked, then, before in answers:
            after = lake.read_news(known_at=then)

            assert after.schema == pl.Schema(NEWS_ROWS)
            assert after.filter(pl.col("available_at") > then).is_empty()
            assert after.filter(pl.col("sentiment_available_at") > then).is_empty()
            assert after.select(*ARTICLE, "symbol").is_duplicated().sum() == 0
            late = after.filter(pl.col("received_at") > asked)
            assert before.join(late, on=ARTICLE, how="anti").equals(after.join(late, on=ARTICLE, how="anti"))
            # Of articles received late too, nothing else is said than was said.
            said = before.drop_nulls("sentiment").select(SAID)
            assert said.join(after.select(SAID), on=SAID, how="anti").is_empty()
            assert after.drop_nulls("sentiment").height == said.height
