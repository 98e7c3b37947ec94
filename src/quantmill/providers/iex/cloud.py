"""Minute bars of a server that speaks the protocol of IEX Cloud, which itself was shut down on 2024-08-31."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import msgspec
import polars as pl

from quantmill.core.calendar import calendar_for
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.core.symbols import describe_symbol
from quantmill.errors import ConfigError, NoDataError, NotEntitledError, ProviderError
from quantmill.providers.access import Access
from quantmill.providers.grades import grade_of
from quantmill.providers.pages import in_order, page_of, told, within
from quantmill.providers.protocol import PAGE_SCHEMA, Capability

__all__ = ["IexCloudProvider"]

_NAME: Final = "iex"
_PER_MINUTE: Final = 600
_NEW_YORK: Final = "America/New_York"
_ONE_DAY: Final = timedelta(days=1)


class _Bar(msgspec.Struct, gc=False):
    """A minute of New York; its prices are null where the venue saw no trade."""

    date: str
    minute: str
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    volume: float | None = None


_BARS: Final = msgspec.json.Decoder(list[_Bar])


class IexCloudProvider:
    """Raw minute bars of US equities as traded on IEX, one request per session.

    Args:
        access: Token, address, limits.

    Raises:
        ConfigError: If there is no token or no address.
    """

    name: str = _NAME
    feed: str = "cloud"
    is_synthetic: bool = False

    def __init__(self, access: Access) -> None:
        settings = access.settings.tiingo
        if settings.iex_base_url is None:
            raise ConfigError("no server of the IEX Cloud protocol is named", hint="set IEX_BASE_URL")
        token = access.secret(settings.iex_token, _NAME, "IEX_TOKEN")
        self._server = access.source(
            _NAME,
            settings.iex_base_url,
            limit=_PER_MINUTE,
            # The protocol has no header for it.
            secret_params={"token": token},
            secrets=(token,),
            judge=_judge,
        )

    @property
    def capability(self) -> Capability:
        """US equities; how far back depends on the server."""
        return Capability(frozenset({"equity"}), grade=grade_of(_NAME, self.feed))

    def bars(self, symbol: str, span: Span, *, progress: Progress = NO_PROGRESS) -> Iterator[pl.DataFrame]:
        """As `BarProvider.bars`: one page per session."""
        if describe_symbol(symbol).asset_class != "equity":
            raise NoDataError(f"{_NAME} has no bars of {symbol}: it serves US equities")
        calendar = calendar_for("XNYS")
        near = calendar.sessions(span.start.date() - _ONE_DAY, span.end.date() + _ONE_DAY)
        days = {session: calendar.day_span(session, session + _ONE_DAY) for session in near}
        pages = (
            within(in_order([self._session(symbol, session)]), span)
            for session, day in days.items()
            if day.end > span.start and day.start < span.end
        )
        yield from told(pages, _NAME, (symbol,), span, progress)

    def _session(self, symbol: str, session: date) -> pl.DataFrame:
        path = f"/stock/{symbol.lower()}/chart/date/{session:%Y%m%d}"
        try:
            bars = self._server.get(path, _BARS, {"chartByDay": "false", "chartIEXOnly": "true"})
        except NoDataError as error:
            raise NoDataError(f"{_NAME} has no bars of {symbol}: {error}") from error
        traded = [bar for bar in bars if None not in {bar.open, bar.high, bar.low, bar.close}]
        if not traded:
            return pl.DataFrame(schema=PAGE_SCHEMA)
        times = pl.Series("ts", [f"{bar.date} {bar.minute}" for bar in traded], dtype=pl.String)
        local = times.str.to_datetime("%Y-%m-%d %H:%M", time_unit="us").dt.replace_time_zone(_NEW_YORK)
        return page_of(
            symbol,
            local.dt.convert_time_zone("UTC"),
            {
                "open": [bar.open for bar in traded],
                "high": [bar.high for bar in traded],
                "low": [bar.low for bar in traded],
                "close": [bar.close for bar in traded],
                "volume": [bar.volume for bar in traded],
            },
            provider=_NAME,
            feed=self.feed,
        )


def _judge(status: int, text: str) -> ProviderError | None:
    """A 402 says that the plan is used up or lacks the data."""
    if status == 402:
        return NotEntitledError(f"the plan of this IEX_TOKEN does not include this (status 402: {text})")
    return None
