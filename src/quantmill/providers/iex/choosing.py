"""Who answers in the slot `iex`: Tiingo, or a living server of IEX Cloud's protocol."""

from quantmill.providers.access import Access
from quantmill.providers.iex.bars import IexProvider
from quantmill.providers.iex.cloud import IexCloudProvider
from quantmill.providers.protocol import BarProvider

__all__ = ["iex_provider"]


def iex_provider(access: Access) -> BarProvider:
    """Tiingo when it has a key; else the server that IEX_BASE_URL names, when there is a token for it.

    Raises:
        ConfigError: If there is no key; a token of IEX Cloud without a server is answered with its end.
    """
    settings = access.settings.tiingo
    if settings.api_key is None and settings.iex_token is not None and settings.iex_base_url is not None:
        return IexCloudProvider(access)
    return IexProvider(access)
