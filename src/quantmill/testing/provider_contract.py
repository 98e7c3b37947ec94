"""What every provider must do: one test per promise of `BarProvider`, for any provider's own test module."""

from datetime import date, timedelta
from itertools import pairwise

import polars as pl
import pytest

from quantmill.core.bars import PRICE_COLUMNS
from quantmill.core.calendar import SessionCalendar, calendar_for
from quantmill.core.span import Span
from quantmill.core.symbols import describe_symbol
from quantmill.errors import NoDataError
from quantmill.ingest.validation import ValidationRules, validate_bars
from quantmill.providers.protocol import PAGE_SCHEMA, BarProvider

__all__ = ["ProviderContract"]

# Judged with a clock far ahead: recorded and synthetic bars may be of any year.
_FAR_AHEAD_US = 2_082_758_400_000_000


class ProviderContract:
    """Inherit from it in a test module, set the attributes and give the fixture `provider`.

    `symbol` has bars in the sessions from `first` up to, not including, `end`, which span two
    sessions or more; `unknown_symbol` is one that the provider does not have.
    """

    symbol: str
    unknown_symbol: str
    first: date
    end: date

    @pytest.fixture
    def provider(self) -> BarProvider:
        """The provider under test."""
        raise NotImplementedError

    def test_says_who_it_is(self, provider: BarProvider) -> None:
        """Name and feed are stored with each bar, so they are never empty."""
        assert isinstance(provider, BarProvider)
        assert provider.name
        assert provider.feed
        assert provider.capability.asset_classes

    def test_pages_have_the_schema(self, provider: BarProvider) -> None:
        """Columns, their order and their types are those of `PAGE_SCHEMA`."""
        for page in provider.bars(self.symbol, self._span()):
            assert dict(page.schema) == PAGE_SCHEMA
            assert page["provider"].unique().to_list() == [provider.name]
            assert page["feed"].unique().to_list() == [provider.feed]
            assert page["symbol"].unique().to_list() == [self.symbol]

    def test_bars_are_sorted_and_unique(self, provider: BarProvider) -> None:
        """Time rises strictly, across pages too."""
        ts = self._read(provider, self._span())["ts"].to_list()

        assert all(earlier < later for earlier, later in pairwise(ts))

    def test_asking_twice_gives_the_same(self, provider: BarProvider) -> None:
        """Equal requests have equal answers."""
        assert self._read(provider, self._span()).equals(self._read(provider, self._span()))

    def test_span_is_half_open(self, provider: BarProvider) -> None:
        """The bar that starts at `start` is in, the one that starts at `end` is out."""
        ts = self._read(provider, self._span())["ts"]
        start, end = ts[3], ts[10]

        part = self._read(provider, Span(start, end))["ts"]

        assert part.to_list() == ts[3:10].to_list()

    def test_split_spans_give_the_whole(self, provider: BarProvider) -> None:
        """Asked session by session, or cut in the middle of one, the bars are the same."""
        whole = self._read(provider, self._span())
        calendar = self._calendar()
        cuts = [self._span().start]
        for session in calendar.sessions(self.first, self.end):
            hours = calendar.session_span(session)
            cuts += [hours.start, hours.start + (hours.end - hours.start) / 2]
        cuts.append(self._span().end)

        parts = [self._read(provider, Span(start, end)) for start, end in pairwise(cuts)]

        assert pl.concat(parts).equals(whole)

    def test_all_bars_are_valid(self, provider: BarProvider) -> None:
        """No bar would go to quarantine."""
        bars = self._read(provider, self._span())

        checked = validate_bars(
            bars,
            describe_symbol(self.symbol),
            self._calendar(),
            now_us=_FAR_AHEAD_US,
            rules=ValidationRules(),
        )

        assert checked.bad.select("ts", "reason", *PRICE_COLUMNS).rows() == []
        assert checked.good.height == bars.height > 0

    def test_closed_market_gives_nothing(self, provider: BarProvider) -> None:
        """A span without a session is no error."""
        last = self._calendar().day_span(self.first, self.first + timedelta(days=1))
        quiet = Span(last.start, last.start + timedelta(minutes=1))

        assert self._read(provider, quiet).height == 0

    def test_unknown_symbol_is_refused(self, provider: BarProvider) -> None:
        """A symbol that it does not have is an error, not an empty answer."""
        with pytest.raises(NoDataError, match=self.unknown_symbol):
            list(provider.bars(self.unknown_symbol, self._span()))

    def _calendar(self) -> SessionCalendar:
        return calendar_for(describe_symbol(self.symbol).calendar)

    def _span(self) -> Span:
        return self._calendar().day_span(self.first, self.end)

    def _read(self, provider: BarProvider, span: Span) -> pl.DataFrame:
        pages = list(provider.bars(self.symbol, span))
        return pl.concat(pages) if pages else pl.DataFrame(schema=PAGE_SCHEMA)
