"""Backfills ask for missing sessions only."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from quantmill.core.clock import FixedClock
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.errors import ConflictError, NoDataError, SymbolKindError, UsageError
from quantmill.ingest.backfill import ingest_symbols
from quantmill.ingest.chain import Chain
from quantmill.ingest.planning import missing_sessions
from quantmill.lake import Lake
from quantmill.providers.sim.provider import SimProvider
from quantmill.testing.lakes import make_bars, open_lake
from tests.databases import Place

FIRST, END = (
    date(2023, 6, 28),
    date(2023, 7, 8),
)  # seven sessions; 2023-07-03 closed at 13:00, the 4th is a holiday
SESSIONS = 7


class Watched(SimProvider):
    """The sim, remembering what it was asked for."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type] - the sim's own options
        self.asked: list[tuple[str, date, date]] = []

    def bars(self, symbol: str, span: Span, *, progress: Progress = NO_PROGRESS) -> Iterator[pl.DataFrame]:
        self.asked.append((symbol, span.start.date(), span.end.date()))
        return super().bars(symbol, span, progress=progress)


def test_second_backfill_asks_for_nothing(lake: Lake) -> None:
    provider = Watched()
    first = ingest_symbols(lake, Chain((provider,)), ["spy", "QQQ"], FIRST, END)
    provider.asked.clear()

    second = ingest_symbols(lake, Chain((provider,)), ["SPY", "QQQ"], FIRST, END)

    # Six full sessions and a half day of 210 minutes, two symbols.
    assert first.rows_stored == 2 * (6 * 390 + 210)
    assert (first.symbols, first.sessions_requested, first.is_synthetic) == (
        ["QQQ", "SPY"],
        2 * SESSIONS,
        True,
    )
    assert provider.asked == []
    assert (second.rows_read, second.sessions_requested, second.snapshot) == (0, 0, first.snapshot)


def test_only_missing_sessions_are_asked_for(lake: Lake) -> None:
    provider = Watched()
    ingest_symbols(lake, Chain((provider,)), ["SPY"], date(2023, 6, 30), date(2023, 7, 4))
    provider.asked.clear()

    report = ingest_symbols(lake, Chain((provider,)), ["SPY"], FIRST, END)

    assert provider.asked == [
        ("SPY", date(2023, 6, 28), date(2023, 6, 30)),
        ("SPY", date(2023, 7, 5), date(2023, 7, 8)),
    ]
    assert report.sessions_requested == 5
    assert any("2 sessions were there already" in note for note in report.notes)
    assert missing_sessions(lake, Chain((provider,)), "SPY", FIRST, END) == []


def test_force_asks_again_and_finds_the_same(lake: Lake) -> None:
    ingest_symbols(lake, Chain((SimProvider(),)), ["SPY"], FIRST, END)

    report = ingest_symbols(lake, Chain((SimProvider(),)), ["SPY"], FIRST, END, force=True)

    assert (report.rows_stored, report.conflicts) == (0, 0)
    assert report.rows_existing == report.rows_read == 6 * 390 + 210


def test_interrupted_synthetic_session_is_completed(lake: Lake) -> None:
    span = SimProvider().bars("SPY", _day(lake, FIRST))
    lake.write("bars", next(span).head(100))

    report = ingest_symbols(lake, Chain((SimProvider(),)), ["SPY"], FIRST, date(2023, 6, 29))

    assert (report.rows_stored, report.rows_existing) == (290, 100)


def test_sessions_that_have_not_closed_are_left_out(tmp_path: Path, state_place: Place) -> None:
    # 15:00 UTC is before the close of 2023-07-06.
    lake = open_lake(tmp_path, state=state_place, clock=FixedClock(datetime(2023, 7, 6, 15, 0, tzinfo=UTC)))

    report = ingest_symbols(lake, Chain((SimProvider(),)), ["SPY"], FIRST, END)

    assert report.sessions == 5
    assert any("2 sessions have not closed yet" in note for note in report.notes)
    with pytest.raises(NoDataError, match="has closed yet"):
        ingest_symbols(lake, Chain((SimProvider(),)), ["QQQ"], date(2023, 7, 6), END)
    lake.state.close()


def test_synthetic_bars_over_real_ones_are_refused(lake: Lake) -> None:
    lake.write("bars", make_bars("QQQ", 3))
    provider = Watched()

    with pytest.raises(SymbolKindError, match="QQQ, which holds real ones"):
        ingest_symbols(lake, Chain((provider,)), ["SPY", "QQQ"], FIRST, END)

    assert provider.asked == []
    assert lake.keys("bars") == ["QQQ"]


def test_another_synthetic_market_is_refused(lake: Lake) -> None:
    ingest_symbols(lake, Chain((SimProvider(seed=0),)), ["SPY"], FIRST, END)

    with pytest.raises(ConflictError, match=r"market sim-s0-p0\.12, asked were ones of sim-s1-noise"):
        ingest_symbols(lake, Chain((SimProvider(seed=1, noise_only=True),)), ["SPY"], FIRST, END)


@pytest.mark.parametrize("span", [(date(2023, 7, 4), date(2023, 7, 5)), (date(2023, 7, 1), date(2023, 7, 3))])
def test_span_without_a_session_is_no_data(lake: Lake, span: tuple[date, date]) -> None:
    with pytest.raises(NoDataError, match="no session from"):
        ingest_symbols(lake, Chain((SimProvider(),)), ["SPY"], *span)


def test_impossible_requests(lake: Lake) -> None:
    with pytest.raises(UsageError, match="is not before end"):
        ingest_symbols(lake, Chain((SimProvider(),)), ["SPY"], END, FIRST)
    with pytest.raises(UsageError, match="is not a symbol"):
        ingest_symbols(lake, Chain((SimProvider(),)), ["?!"], FIRST, END)
    with pytest.raises(NoDataError, match="X:BTC-USD is of class crypto"):
        ingest_symbols(lake, Chain((SimProvider(),)), ["BTC-USD"], FIRST, END)


def _day(lake: Lake, day: date) -> Span:
    return Span(
        datetime(day.year, day.month, day.day, tzinfo=UTC),
        datetime(day.year, day.month, day.day + 1, tzinfo=UTC),
    )
