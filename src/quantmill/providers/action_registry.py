"""Sources of splits and dividends by name."""

from collections.abc import Callable
from typing import Final

from quantmill.errors import UsageError
from quantmill.providers.access import Access
from quantmill.providers.actions_protocol import ActionProvider
from quantmill.providers.alpaca.actions import AlpacaActions
from quantmill.providers.massive.actions import MassiveActions

__all__ = ["action_provider_names", "make_action_provider"]

_BUILT_IN: Final[dict[str, Callable[[Access], ActionProvider]]] = {
    "alpaca": AlpacaActions,
    "massive": MassiveActions,
}


def action_provider_names() -> list[str]:
    """Names that `make_action_provider` knows, sorted."""
    return sorted(_BUILT_IN)


def make_action_provider(name: str, access: Access) -> ActionProvider:
    """The source called `name`.

    Raises:
        UsageError: If none has this name.
        ConfigError: If its credentials are missing.
    """
    if name not in _BUILT_IN:
        raise UsageError(
            f"no provider of splits and dividends is called {name!r}",
            hint=f"use one of {', '.join(action_provider_names())}",
        )
    return _BUILT_IN[name](access)
