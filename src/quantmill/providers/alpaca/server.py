"""Alpaca's servers: credentials, limits, and what their refusals mean."""

from typing import Final

from quantmill.errors import NotEntitledError, ProviderError
from quantmill.providers.access import Access
from quantmill.providers.http.source import HttpSource

__all__ = ["NAME", "data_server", "trading_server"]

NAME: Final = "alpaca"
_VARIABLES: Final = "ALPACA_KEY_ID and ALPACA_SECRET_KEY"


def data_server(access: Access) -> HttpSource:
    """The server of market data.

    Raises:
        ConfigError: If no key is set.
    """
    return _server(access, access.settings.alpaca.base_url)


def trading_server(access: Access) -> HttpSource:
    """The server that knows the calendar; its limit is its own, but the key's calls are few.

    Raises:
        ConfigError: If no key is set.
    """
    return _server(access, access.settings.alpaca.trading_url)


def _server(access: Access, base_url: str) -> HttpSource:
    settings = access.settings.alpaca
    key = access.secret(settings.key_id, NAME, _VARIABLES)
    secret = access.secret(settings.secret_key, NAME, _VARIABLES)
    return access.source(
        NAME,
        base_url,
        limit=settings.requests_per_minute,
        headers={"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": secret},
        secrets=(secret, key),
        judge=_judge,
    )


def _judge(status: int, text: str) -> ProviderError | None:
    """A 403 may be a refused key or a plan that lacks the data; only the words tell."""
    if status == 403 and ("subscription" in text or "permit" in text):
        return NotEntitledError(
            f"the Alpaca plan does not include this (status 403: {text})",
            hint="the free plan has the feed iex, and sip only when older than 15 minutes",
        )
    return None
