"""Symbols as Massive writes them."""

from quantmill.core.symbols import canonical_symbol

__all__ = ["from_massive", "to_massive"]

_CRYPTO_QUOTES = ("USDT", "USDC", "USD", "EUR")


def to_massive(symbol: str) -> str:
    """`X:BTC-USD` is `X:BTCUSD` there; equities, indices and options have our names."""
    return symbol.replace("-", "") if symbol.startswith("X:") else symbol


def from_massive(ticker: str) -> str:
    """The canonical symbol of a ticker.

    Raises:
        UsageError: If it cannot be one.
    """
    if ticker.startswith("X:"):
        pair = ticker.removeprefix("X:")
        for quote in _CRYPTO_QUOTES:
            if pair.endswith(quote) and len(pair) > len(quote):
                return canonical_symbol(f"X:{pair.removesuffix(quote)}-{quote}")
    return canonical_symbol(ticker)
