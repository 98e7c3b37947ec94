"""Providers by name: the built-in ones and those of other packages."""

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, Final

from quantmill.errors import ConfigError, UsageError
from quantmill.providers.protocol import BarProvider
from quantmill.providers.sim.provider import SimProvider

__all__ = ["ENTRY_POINT_GROUP", "make_provider", "provider_names"]

ENTRY_POINT_GROUP: Final = "quantmill.providers"

_BUILT_IN: Final[dict[str, Callable[..., BarProvider]]] = {
    "sim": SimProvider,
}


def provider_names() -> list[str]:
    """Names that `make_provider` knows, sorted."""
    registered = {point.name for point in entry_points(group=ENTRY_POINT_GROUP)}
    return sorted(registered | set(_BUILT_IN))


def make_provider(name: str, **options: Any) -> BarProvider:  # noqa: ANN401 - each provider has its own options
    """The provider called `name`.

    A package of yours offers one by an entry point of group `quantmill.providers` that names a
    callable which returns a `BarProvider`; a built-in name cannot be taken over.

    Args:
        name: One of `provider_names()`.
        options: Handed to the provider as they are.

    Raises:
        UsageError: If no provider has this name or it does not take these options.
        ConfigError: If the registered object is no provider.
    """
    if name in _BUILT_IN:
        make = _BUILT_IN[name]
    else:
        found = [point for point in entry_points(group=ENTRY_POINT_GROUP) if point.name == name]
        if not found:
            raise UsageError(f"no provider {name!r}", hint=f"use one of {', '.join(provider_names())}")
        make = found[0].load()
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
