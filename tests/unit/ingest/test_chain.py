"""A session comes from the first provider that has it; every step down has its reason."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from quantmill.core.calendar import calendar_for
from quantmill.core.clock import FixedClock
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.errors import (
    AuthError,
    NoDataError,
    NotEntitledError,
    ProviderError,
    UnavailableError,
)
from quantmill.ingest.backfill import ingest_symbols
from quantmill.ingest.chain import Chain
from quantmill.ingest.session_answers import answers_of, confirmed_sessions
from quantmill.lake import Lake
from quantmill.lake.readable import ReadableLake
from quantmill.providers.protocol import PAGE_SCHEMA, Capability
from quantmill.testing.lakes import make_bars

XNYS = calendar_for("XNYS")
# Monday to Friday, all whole sessions.
DAYS = [date(2024, 3, day) for day in (11, 12, 13, 14, 15)]
FIRST, END = DAYS[0], date(2024, 3, 16)


class Told:
    """A provider that has the sessions it is told to have, `n_bars` each, and may fail."""

    is_synthetic = False
    feed = "told"

    def __init__(
        self,
        name: str,
        days: Sequence[date] = DAYS,
        *,
        n_bars: int = 390,
        close: float = 100.0,
        error: ProviderError | None = None,
        capability: Capability | None = None,
    ) -> None:
        self.name, self.days, self.n_bars, self.close, self.error = name, days, n_bars, close, error
        self.capability = capability or Capability(frozenset({"equity"}))
        self.asked: list[tuple[str, date, date]] = []

    def bars(self, symbol: str, span: Span, *, progress: Progress = NO_PROGRESS) -> Iterator[pl.DataFrame]:
        self.asked.append((symbol, span.start.date(), span.end.date()))
        if self.error is not None:
            raise self.error
        pages = [
            make_bars(symbol, self.n_bars, start=start, close=self.close, provider=self.name)
            for day in self.days
            if span.start <= (start := XNYS.session_span(day).start) < span.end
        ]
        if not pages:
            raise NoDataError(f"{self.name} has nothing of {symbol}")
        optional = {"vwap": pl.Float64, "trade_count": pl.Int64}
        for told in pages:
            page = told.with_columns(feed=pl.lit("told"))
            missing = [pl.lit(None, kind).alias(name) for name, kind in optional.items() if name not in page]
            yield page.with_columns(missing).select(*PAGE_SCHEMA)


def sources(lake: ReadableLake, symbol: str = "SPY") -> dict[date, str]:
    bars = lake.scan("bars", keys=[symbol]).collect()
    days = bars.group_by(pl.col("ts").dt.date().alias("day")).agg(pl.col("provider").unique().sort())
    return {day: "+".join(names) for day, names in days.sort("day").iter_rows()}


def test_a_session_comes_from_the_first_that_has_it(lake: Lake) -> None:
    first, second = Told("first", DAYS[:2]), Told("second", DAYS[1:4])

    report = ingest_symbols(lake, Chain((first, second)), ["SPY"], FIRST, END)

    assert sources(lake) == dict(zip(DAYS[:4], ["first", "first", "second", "second"], strict=True))
    assert report.rows_stored == 4 * 390
    assert [(one.provider, one.sessions) for one in report.fallbacks] == [("first", 3), ("second", 1)]
    assert report.provider == "first, second"


def test_what_all_say_is_empty_is_not_asked_again_until_forced(lake: Lake) -> None:
    first, second = Told("first", DAYS[:2]), Told("second", DAYS[1:4])
    ingest_symbols(lake, Chain((first, second)), ["SPY"], FIRST, END)
    first.asked.clear()
    second.asked.clear()

    again = ingest_symbols(lake, Chain((first, second)), ["SPY"], FIRST, END)

    assert first.asked == second.asked == []
    assert again.sessions_requested == 0
    found = confirmed_sessions(lake.state, ["SPY"])
    assert found.filter(pl.col("session") == DAYS[4]).rows() == [("SPY", DAYS[4], "empty", "second")]

    ingest_symbols(lake, Chain((first, second)), ["SPY"], FIRST, END, force=True)
    assert first.asked


def test_a_new_provider_is_asked_for_what_others_do_not_have(lake: Lake) -> None:
    first, late = Told("first", DAYS[:2]), Told("late")
    ingest_symbols(lake, Chain((first,)), ["SPY"], FIRST, END)
    first.asked.clear()

    report = ingest_symbols(lake, Chain((first, late)), ["SPY"], FIRST, END)

    assert first.asked == []
    assert report.rows_stored == 3 * 390
    assert [ask[1] for ask in late.asked] == [DAYS[2]]


@pytest.mark.parametrize("error", [UnavailableError("down"), NotEntitledError("plan"), ProviderError("odd")])
def test_a_failing_provider_is_passed_over_with_its_reason(lake: Lake, error: ProviderError) -> None:
    report = ingest_symbols(lake, Chain((Told("first", error=error), Told("second"))), ["SPY"], FIRST, END)

    assert set(sources(lake).values()) == {"second"}
    assert [(one.provider, one.reason) for one in report.fallbacks] == [("first", str(error))]
    assert any(str(error) in note for note in report.notes)
    # What a provider failed to answer is no answer.
    assert {answer.provider for answer in answers_of(lake.state, "SPY", FIRST, END)} == {"second"}


def test_a_refused_key_ends_it_at_once(lake: Lake) -> None:
    first, second = Told("first", error=AuthError("refused")), Told("second")
    many = [f"A{letter}" for letter in "BCDEFGHIJKLMNOPQRSTUVW"]

    with pytest.raises(AuthError, match="refused"):
        ingest_symbols(lake, Chain((first, second)), many, FIRST, END)

    assert (len(first.asked), second.asked) == (1, [])
    assert lake.snapshot() == 0


def test_when_nobody_answers_the_reasons_of_all_are_told(lake: Lake) -> None:
    chain = Chain(
        (
            Told("first", []),
            Told("old", capability=Capability(frozenset({"equity"}), latest=date(2020, 1, 1))),
            Told("other", capability=Capability(frozenset({"crypto"}))),
        ),
        skipped={"keyless": "keyless has no credentials"},
    )

    with pytest.raises(NoDataError) as caught:
        ingest_symbols(lake, chain, ["SPY"], FIRST, END)

    text = str(caught.value)
    for part in (
        "first: first has nothing of SPY",
        "old: old ends with 2020-01-01",
        "other: other serves crypto; SPY is of class equity",
        "keyless: keyless has no credentials",
    ):
        assert part in text


def test_parts_that_nobody_answers_fail_the_backfill_and_the_rest_stays(lake: Lake) -> None:
    class Half(Told):
        def bars(
            self, symbol: str, span: Span, *, progress: Progress = NO_PROGRESS
        ) -> Iterator[pl.DataFrame]:
            if symbol == "QQQ":
                raise UnavailableError("half is down")
            return super().bars(symbol, span, progress=progress)

    with pytest.raises(UnavailableError, match=r"780 bars of others are stored\. half: half is down"):
        ingest_symbols(lake, Chain((Half("half", DAYS[:2]),)), ["SPY", "QQQ"], FIRST, date(2024, 3, 13))

    assert list(sources(lake)) == DAYS[:2]


def test_capability_cuts_the_sessions_asked_for(lake: Lake) -> None:
    young = Told("young", capability=Capability(frozenset({"equity"}), earliest=DAYS[3]))
    old = Told("old")

    ingest_symbols(lake, Chain((young, old)), ["SPY"], FIRST, END)

    assert list(sources(lake).values()) == ["old", "old", "old", "young", "young"]


def test_short_sessions_are_asked_for_a_second_time_and_remembered(lake: Lake) -> None:
    provider = Told("thin", DAYS[:1], n_bars=100)
    provider.days = DAYS
    whole = Told("whole")

    class Mixed(Told):
        def bars(
            self, symbol: str, span: Span, *, progress: Progress = NO_PROGRESS
        ) -> Iterator[pl.DataFrame]:
            self.asked.append((symbol, span.start.date(), span.end.date()))
            for page in whole.bars(symbol, span):
                day = page["ts"][0].date()
                yield page.head(100) if day == DAYS[2] else page

    mixed = Mixed("whole")
    ingest_symbols(lake, Chain((mixed,)), ["SPY"], FIRST, END)

    assert [ask[1] for ask in mixed.asked] == [DAYS[0], DAYS[2]]
    found = confirmed_sessions(lake.state, ["SPY"])
    assert found.rows() == [("SPY", DAYS[2], "short", "whole")]
    # Every session short is how a symbol trades: nothing is asked twice.
    ingest_symbols(lake, Chain((provider,)), ["QQQ"], FIRST, END)
    assert len(provider.asked) == 1


def test_a_session_under_way_is_asked_for_once_more_and_its_change_is_a_revision(lake: Lake) -> None:
    clock = lake.clock
    assert isinstance(clock, FixedClock)
    # 10:30 in New York: 60 bars are over.
    clock.instant = datetime(2024, 3, 12, 14, 30, tzinfo=UTC)
    first, second = Told("first", DAYS[:2]), Told("second", close=50.0)
    ingest_symbols(lake, Chain((first, second)), ["SPY"], FIRST, date(2024, 3, 14))
    assert lake.scan("bars", keys=["SPY"]).collect().height == 390 + 60

    # The next morning the first provider has other prices, and is the only one that is asked.
    clock.instant += timedelta(days=1)
    first.close = 101.0
    first.asked.clear()
    report = ingest_symbols(lake, Chain((first, second)), ["SPY"], FIRST, date(2024, 3, 13))

    assert [ask[1] for ask in first.asked] == [DAYS[1]]
    assert second.asked == []
    assert (report.rows_stored, report.rows_replaced) == (330, 60)
    first.asked.clear()
    ingest_symbols(lake, Chain((first, second)), ["SPY"], FIRST, date(2024, 3, 13))
    assert first.asked == []
