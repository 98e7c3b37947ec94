"""Massive's server: credentials, limit, and what its refusals mean."""

from typing import Final

from quantmill.errors import NotEntitledError, ProviderError
from quantmill.providers.access import Access
from quantmill.providers.http.source import HttpSource

__all__ = ["NAME", "server"]

NAME: Final = "massive"


def server(access: Access) -> HttpSource:
    """The server of market data.

    Raises:
        ConfigError: If no key is set.
    """
    settings = access.settings.massive
    key = access.secret(settings.api_key, NAME, "MASSIVE_API_KEY")
    return access.source(
        NAME,
        settings.base_url,
        limit=settings.requests_per_minute,
        headers={"Authorization": f"Bearer {key}"},
        secrets=(key,),
        judge=_judge,
    )


def _judge(status: int, text: str) -> ProviderError | None:
    if status == 403 and "NOT_AUTHORIZED" in text and "api key" not in text.lower():
        return NotEntitledError(
            f"the Massive plan does not include this (status 403: {text})",
            hint="a plan of more years or data, or another provider, has it",
        )
    return None
