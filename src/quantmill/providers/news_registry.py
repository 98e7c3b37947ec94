"""Sources of news by name."""

from collections.abc import Callable
from typing import Final

from quantmill.errors import UsageError
from quantmill.providers.access import Access
from quantmill.providers.alpaca.news import AlpacaNews
from quantmill.providers.massive.news import MassiveNews
from quantmill.providers.news_protocol import NewsProvider

__all__ = ["make_news_provider", "news_provider_names"]

_BUILT_IN: Final[dict[str, Callable[[Access], NewsProvider]]] = {
    AlpacaNews.name: AlpacaNews,
    MassiveNews.name: MassiveNews,
}


def news_provider_names() -> list[str]:
    """Names that `make_news_provider` knows, sorted."""
    return sorted(_BUILT_IN)


def make_news_provider(name: str, access: Access) -> NewsProvider:
    """The source of news called `name`.

    Raises:
        UsageError: If there is none of this name.
        ConfigError: If its credentials are missing.
    """
    if name not in _BUILT_IN:
        raise UsageError(f"{name!r} has no news", hint=f"use one of {', '.join(news_provider_names())}")
    return _BUILT_IN[name](access)
