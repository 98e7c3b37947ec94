"""Providers by name: the built-in ones and those of other packages."""

import inspect
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, Final

from quantmill.errors import ConfigError, UsageError
from quantmill.providers.access import Access
from quantmill.providers.alpaca.bars import AlpacaProvider
from quantmill.providers.iex.choosing import iex_provider
from quantmill.providers.massive.bars import MassiveProvider
from quantmill.providers.protocol import BarProvider
from quantmill.providers.sim.provider import SimProvider
from quantmill.providers.yahoo.bars import YahooProvider

__all__ = ["ENTRY_POINT_GROUP", "make_provider", "provider_names"]

ENTRY_POINT_GROUP: Final = "quantmill.providers"

_BUILT_IN: Final[dict[str, Callable[..., BarProvider]]] = {
    "alpaca": AlpacaProvider,
    "iex": iex_provider,
    "massive": MassiveProvider,
    "sim": SimProvider,
    "yahoo": YahooProvider,
}


def provider_names() -> list[str]:
    """Names that `make_provider` knows, sorted."""
    registered = {point.name for point in entry_points(group=ENTRY_POINT_GROUP)}
    return sorted(registered | set(_BUILT_IN))


def make_provider(name: str, access: Access | None = None, **options: Any) -> BarProvider:  # noqa: ANN401 - each provider has its own options
    """The provider called `name`.

    A package of yours offers one by an entry point of group `quantmill.providers` that names a
    callable which returns a `BarProvider`; a built-in name cannot be taken over. A callable with a
    parameter `access` is given it: settings, the shared limits and the counted client of HTTP.

    Args:
        name: One of `provider_names()`.
        access: For providers with a server.
        options: Handed to the provider as they are.

    Raises:
        UsageError: If no provider has this name or it does not take these options.
        ConfigError: If the registered object is no provider, or its credentials are missing.
    """
    if name in _BUILT_IN:
        make = _BUILT_IN[name]
    else:
        found = [point for point in entry_points(group=ENTRY_POINT_GROUP) if point.name == name]
        if not found:
            raise UsageError(f"no provider {name!r}", hint=f"use one of {', '.join(provider_names())}")
        make = found[0].load()
    if access is not None and "access" in inspect.signature(make).parameters:
        options["access"] = access
    try:
        provider = make(**options)
    except TypeError as error:
        raise UsageError(f"provider {name!r} does not take {sorted(options)}: {error}") from error
    if not isinstance(provider, BarProvider):
        raise ConfigError(
            f"entry point {name!r} gives {type(provider).__name__}, which is no BarProvider",
            hint="see quantmill.providers.protocol",
        )
    return provider
