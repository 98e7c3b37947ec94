"""Settings of the providers: credentials, addresses, limits."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

__all__ = ["AlpacaSettings", "HttpSettings", "MassiveSettings", "TiingoSettings", "YahooSettings"]

_ADDRESS = r"^https?://[^\s/]+"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HttpSettings(_Section):
    """How all providers are asked."""

    connect_timeout_s: float = Field(default=10.0, gt=0, description="Seconds to reach a provider.")
    read_timeout_s: float = Field(
        default=30.0, gt=0, description="Seconds a provider may stay silent within an answer."
    )
    total_timeout_s: float = Field(default=120.0, gt=0, description="Seconds that a whole answer may take.")
    attempts: int = Field(
        default=6, ge=1, le=20, description="How often a request is sent before a provider counts as down."
    )
    initial_wait_s: float = Field(
        default=0.5, ge=0, description="Seconds to wait before a request is sent the second time."
    )
    wait_base: float = Field(default=2.0, ge=1, description="Factor from each wait to the next.")
    max_wait_s: float = Field(
        default=60.0, gt=0, description="Longest wait, seconds; a provider that asks for more is given up."
    )


class AlpacaSettings(_Section):
    """Alpaca: also read from ALPACA_ and ALPACA_API_ variables (KEY_ID, SECRET_KEY, BASE_URL, FEED)."""

    key_id: SecretStr | None = Field(default=None, description="Name of the Alpaca key.")
    secret_key: SecretStr | None = Field(default=None, description="Secret of the Alpaca key.")
    base_url: str = Field(
        default="https://data.alpaca.markets", pattern=_ADDRESS, description="Server of Alpaca's market data."
    )
    trading_url: str = Field(
        default="https://paper-api.alpaca.markets",
        pattern=_ADDRESS,
        description="Alpaca's trading server, asked for the calendar only.",
    )
    feed: Literal["iex", "sip", "delayed_sip", "otc", "boats", "overnight"] = Field(
        default="iex", description="Alpaca's feed: iex is one venue, sip the consolidated tape."
    )
    requests_per_minute: int = Field(default=200, ge=1, description="Limit of the Alpaca plan.")


class TiingoSettings(_Section):
    """Tiingo, which took the place of IEX Cloud: also read from TIINGO_API_KEY and TIINGO_BASE_URL."""

    api_key: SecretStr | None = Field(default=None, description="Tiingo key.")
    base_url: str = Field(default="https://api.tiingo.com", pattern=_ADDRESS, description="Tiingo's server.")
    requests_per_hour: int = Field(default=50, ge=1, description="Limit of the Tiingo plan.")
    iex_token: SecretStr | None = Field(
        default=None, description="Token of IEX Cloud, which was shut down on 2024-08-31."
    )
    iex_base_url: str | None = Field(
        default=None,
        pattern=_ADDRESS,
        description="A living server of the IEX Cloud protocol, if there is one.",
    )


class MassiveSettings(_Section):
    """Massive, formerly Polygon.io: also read from MASSIVE_API_KEY, POLYGON_API_KEY and MASSIVE_BASE_URL."""

    api_key: SecretStr | None = Field(default=None, description="Massive key.")
    base_url: str = Field(
        default="https://api.massive.com", pattern=_ADDRESS, description="Massive's server."
    )
    requests_per_minute: int = Field(
        default=5,
        ge=1,
        description="Limit of the Massive plan; the free one has 5, paid ones ask for under 6000.",
    )


class YahooSettings(_Section):
    """Yahoo: needs no key, gives the last 30 days, best effort."""

    base_url: str = Field(
        default="https://query1.finance.yahoo.com", pattern=_ADDRESS, description="Yahoo's server."
    )
    requests_per_minute: int = Field(
        default=60, ge=1, description="Requests a minute; Yahoo states no limit."
    )
