"""Variables under which vendors and older tools keep what is a setting here."""

from collections.abc import Mapping
from typing import Final

__all__ = ["VENDOR_NAMES", "vendor_settings"]

_ALPACA: Final = ("key_id", "secret_key", "base_url", "trading_url", "feed")

# Variable to dotted setting; of several that are set, the last one counts.
VENDOR_NAMES: Final[Mapping[str, str]] = {
    "APCA_API_KEY_ID": "alpaca.key_id",
    "APCA_API_SECRET_KEY": "alpaca.secret_key",
    **{f"ALPACA_{name.upper()}": f"alpaca.{name}" for name in _ALPACA},
    **{f"ALPACA_API_{name.upper()}": f"alpaca.{name}" for name in _ALPACA},
    "IEX_TOKEN": "tiingo.iex_token",
    "IEX_BASE_URL": "tiingo.iex_base_url",
    "TIINGO_API_KEY": "tiingo.api_key",
    "TIINGO_BASE_URL": "tiingo.base_url",
    "POLYGON_API_KEY": "massive.api_key",
    "MASSIVE_API_KEY": "massive.api_key",
    "MASSIVE_BASE_URL": "massive.base_url",
}
# Alpaca's own tools keep the trading server under this name: it has no bars.
_TRADING_HOSTS: Final = ("//paper-api.alpaca.markets", "//api.alpaca.markets")


def vendor_settings(variables: Mapping[str, str | None]) -> dict[str, dict[str, str]]:
    """The settings tree that vendors' variables give; empty ones count as unset."""
    tree: dict[str, dict[str, str]] = {}
    for name, key in VENDOR_NAMES.items():
        value = (variables.get(name) or "").strip()
        if not value:
            continue
        section, _, field = key.partition(".")
        if key == "alpaca.base_url" and any(host in value for host in _TRADING_HOSTS):
            field = "trading_url"
        tree.setdefault(section, {})[field] = value.rstrip("/") if field.endswith("_url") else value
    return tree
