"""The verb `news fetch`: articles of a provider into the lake."""

from dataclasses import replace
from typing import Annotated, Final, Literal

from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.core.span import Span
from quantmill.core.symbols import canonical_symbol
from quantmill.errors import UsageError
from quantmill.ingest.news_fetch import fetch_news
from quantmill.providers.http.traffic import Traffic
from quantmill.providers.news_registry import make_news_provider
from quantmill.verbs.mill import Mill
from quantmill.verbs.news_stored import StoredNews
from quantmill.verbs.request import POSITIONAL, FromSetting, Symbol
from quantmill.verbs.sessions_request import SessionsRequest
from quantmill.verbs.working import work

__all__ = ["READS_ONLY", "NewsFetchRequest", "run"]

READS_ONLY: Final = False
_NEW_YORK: Final = "SPY"


class NewsFetchRequest(SessionsRequest):
    """Store articles of a provider, and what it says of their symbols.

    Massive gives sentiment, Alpaca none. Dates are those of publication in New York; --start is needed, without --end
    all up to now is fetched. Again, it stores what is new or has changed; sentiment counts as known from when it came.
    """

    symbols: Annotated[tuple[Symbol, ...], POSITIONAL, FromSetting("symbols")] = Field(
        default=(), description="Symbols that the articles are about."
    )
    provider: Literal["massive", "alpaca"] | None = Field(
        default=None, description="Where from; massive when its key is set, else alpaca."
    )


def run(mill: Mill, request: NewsFetchRequest, progress: Progress) -> StoredNews:
    """Fetches month by month, one commit each; interrupted, it keeps the months that it stored.

    Raises:
        UsageError: If no symbol is named or set, or no start.
        ConfigError: If no key is set.
        ProviderError: If the provider cannot deliver; earlier months stay.
    """
    symbols = request.symbols or tuple(map(canonical_symbol, mill.settings.symbols))
    if not symbols:
        hint = "such as `quantmill news fetch AAPL --start 2024-01-02`, or the setting `symbols`"
        raise UsageError("no symbol is named", hint=hint)
    name = request.provider or ("massive" if mill.settings.massive.api_key else "alpaca")
    provider = make_news_provider(name, replace(mill.access, traffic=Traffic()))
    span = _span(mill, request)
    tally = work(
        mill,
        "news fetch",
        (name, symbols, span.start.isoformat(), span.end.isoformat()),
        lambda context: fetch_news(mill.lake, provider, symbols, span, progress=context),
        progress=progress,
    )
    return StoredNews.of(tally)


def _span(mill: Mill, request: NewsFetchRequest) -> Span:
    """The dates asked for, up to the present."""
    asked = request.span_of(_NEW_YORK)
    if request.start is None or asked is None:
        raise UsageError("news fetch needs --start", hint="such as --start 2024-01-02")
    now = mill.clock.now().replace(microsecond=0)
    if asked.start >= now:
        raise UsageError(f"--start {request.start} is yet to come", hint="such as --start 2024-01-02")
    return Span(asked.start, min(asked.end, now))
