"""How each synthetic symbol relates to the market: loadings, own noise, price and volume level."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from quantmill.core.seeds import derive_seed

__all__ = ["SymbolModel", "model_of"]


@dataclass(frozen=True, slots=True)
class SymbolModel:
    """Loadings on the factors and sizes of what is the symbol's own.

    Attributes:
        market: Loading on the market factor.
        growth: Loading on the growth factor.
        own_volatility: Own noise from open to close of a normal session, fraction.
        price_usd: Price at the first bar of 2023-01-03.
        shares_per_minute: Typical volume of a minute.
        fear: Overnight log return per unit of change of the market's log volatility.
    """

    market: float
    growth: float
    own_volatility: float
    price_usd: float
    shares_per_minute: float
    fear: float = 0.0


_KNOWN: Final[dict[str, SymbolModel]] = {
    "SPY": SymbolModel(1.00, 0.00, 0.0008, 384.37, 190_000),
    "QQQ": SymbolModel(1.12, 0.85, 0.0010, 268.65, 130_000),
    "IWM": SymbolModel(1.20, -0.15, 0.0050, 175.71, 70_000),
    "DIA": SymbolModel(0.88, -0.25, 0.0018, 332.42, 9_000),
    "AAPL": SymbolModel(1.10, 0.80, 0.0085, 130.28, 160_000),
    "MSFT": SymbolModel(1.05, 0.85, 0.0080, 243.08, 65_000),
    "NVDA": SymbolModel(1.60, 1.80, 0.0160, 148.51, 110_000),
    "AMZN": SymbolModel(1.25, 1.10, 0.0120, 85.46, 150_000),
    "GOOGL": SymbolModel(1.10, 0.90, 0.0105, 89.59, 80_000),
    "META": SymbolModel(1.25, 1.20, 0.0140, 122.82, 70_000),
    "TSLA": SymbolModel(1.50, 1.30, 0.0210, 118.47, 380_000),
    "JPM": SymbolModel(1.00, -0.50, 0.0085, 135.24, 26_000),
    "XLF": SymbolModel(1.00, -0.50, 0.0040, 34.52, 100_000),
    "TLT": SymbolModel(-0.10, 0.25, 0.0075, 101.43, 50_000),
    "GLD": SymbolModel(0.05, 0.10, 0.0060, 171.36, 17_000),
    "VIXY": SymbolModel(-2.20, -0.15, 0.0080, 42.95, 9_000, fear=0.2),
    "UVXY": SymbolModel(-3.30, -0.22, 0.0120, 68.10, 40_000, fear=0.3),
}


def model_of(seed: int, symbol: str) -> SymbolModel:
    """The model of a symbol; of one that is not listed here, drawn from the seed and its name."""
    if symbol in _KNOWN:
        return _KNOWN[symbol]
    random = np.random.Generator(np.random.PCG64(derive_seed(seed, "sim-symbol", symbol)))
    market, growth, own, price, volume = random.standard_normal(5)
    return SymbolModel(
        market=float(np.clip(1.0 + 0.35 * market, 0.1, 2.2)),
        growth=float(np.clip(0.6 * growth, -1.2, 1.8)),
        own_volatility=float(np.clip(0.011 * np.exp(0.35 * own), 0.004, 0.03)),
        price_usd=round(float(np.clip(90.0 * np.exp(0.7 * price), 12.0, 900.0)), 2),
        shares_per_minute=round(float(np.clip(15_000 * np.exp(0.9 * volume), 800, 400_000))),
    )
