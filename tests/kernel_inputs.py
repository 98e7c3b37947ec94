"""Inputs and outputs of the simulation kernel: random markets, and one call that returns everything."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.simulation.kernel import max_trades, run_kernel
from quantmill.simulation.order_costs import (
    LEAST,
    N_FEES,
    OF_SALE_VALUE,
    OF_VALUE,
    PER_ORDER,
    PER_SHARE,
    PER_SHARE_SOLD,
    SOLD_SHARES_MOST,
)


@dataclass(frozen=True)
class KernelInputs:
    """Arguments of `run_kernel` up to its output arrays, in its order; every bar is a period of fees."""

    strength: Floats
    mark_price: Floats
    fill_price: Floats
    half_spread: Floats
    most_shares: Floats
    fee_end: Ints
    fees: Floats
    delay_bars: int
    segment_end: Ints
    segment_threshold: Floats
    initial_cash_usd: float

    @property
    def n_bars(self) -> int:
        """How many bars there are."""
        return self.mark_price.size

    def threshold_of(self, bar: int) -> float:
        """The threshold of a bar's segment."""
        return float(self.segment_threshold[np.searchsorted(self.segment_end, bar, side="right")])


@dataclass(frozen=True)
class KernelOutputs:
    """All that a kernel call gave; the trade arrays hold the completed trades and the open one."""

    equity: Floats
    position: Floats
    trade_bars: Ints
    trade_values: Floats
    n_trades: int
    n_filled: int
    n_lapsed: int
    n_pending: int


def simple_inputs(**given: Any) -> KernelInputs:  # noqa: ANN401 - a field of any type
    """Inputs for hand calculations: prices mark and fill alike, no costs, threshold 0, fill in the next bar."""
    mark_price = np.array(given["mark_price"], dtype=np.float64)
    n_bars = mark_price.size
    plain = KernelInputs(
        strength=np.full(n_bars, np.nan),
        mark_price=mark_price,
        fill_price=mark_price.copy(),
        half_spread=np.zeros(n_bars),
        most_shares=np.full(n_bars, np.inf),
        fee_end=np.arange(1, n_bars + 1),
        fees=np.zeros((n_bars, N_FEES)),
        delay_bars=1,
        segment_end=np.array([n_bars]),
        segment_threshold=np.zeros(1),
        initial_cash_usd=1000.0,
    )
    arrays = {name: np.array(value) if isinstance(value, list) else value for name, value in given.items()}
    if "fee_usd" in arrays:
        arrays["fees"] = fees_per_order(arrays.pop("fee_usd"))
    return replace(plain, **{**arrays, "mark_price": mark_price})


def fees_per_order(fee_usd: Floats) -> Floats:
    """The table of fees where an order pays so many dollars per bar and nothing else."""
    fees = np.zeros((fee_usd.size, N_FEES))
    fees[:, PER_ORDER] = fee_usd
    return fees


def exact_fee(fees: Floats, shares: Fraction | int, price: Fraction, *, is_sale: bool) -> Fraction:
    """What an order pays after one bar's row of the table of fees, in exact fractions."""
    row = [Fraction(float(value)) if np.isfinite(value) else None for value in fees]
    part = {at: Fraction(0) if value is None else value for at, value in enumerate(row)}
    ordinary = part[PER_ORDER] + part[PER_SHARE] * shares + part[OF_VALUE] * shares * price
    total = max(ordinary, part[LEAST])
    if is_sale:
        sold = part[PER_SHARE_SOLD] * shares
        most = row[SOLD_SHARES_MOST]
        total += part[OF_SALE_VALUE] * shares * price + (sold if most is None else min(sold, most))
    return total


def random_inputs(seed: int, *, n_bars: int = 120) -> KernelInputs:
    """A random market with holes in predictions and prices, gates, spreads, fees, up to three segments."""
    rng = np.random.default_rng(seed)
    close = rng.uniform(0.5, 300.0) * np.exp(np.cumsum(rng.normal(0.0, 0.01, n_bars)))
    fill = close * np.exp(rng.normal(0.0, 0.003, n_bars))
    fill[rng.random(n_bars) < rng.choice([0.0, 0.1])] = np.nan
    strength = rng.normal(0.0, 1.0, n_bars)
    strength[rng.random(n_bars) < 0.1] = np.nan
    strength[rng.random(n_bars) < rng.choice([0.0, 0.1])] = -np.inf
    strength[rng.random(n_bars) < 0.05] = 0.0
    n_segments = int(rng.integers(1, 4))
    cuts = np.sort(rng.integers(0, n_bars + 1, n_segments - 1))
    return KernelInputs(
        strength=strength,
        mark_price=close,
        fill_price=fill,
        half_spread=np.minimum(rng.choice([0.0, 0.005, 0.5]) * np.ones(n_bars), np.nan_to_num(fill, nan=1.0)),
        most_shares=np.where(
            rng.random(n_bars) < rng.choice([0.0, 0.5]), rng.integers(0, 200, n_bars), np.inf
        ),
        fee_end=np.arange(1, n_bars + 1),
        fees=_random_fees(rng, n_bars),
        delay_bars=int(rng.choice([0, 1, 4, 200])) if seed % 10 == 0 else int(rng.choice([0, 1, 4])),
        segment_end=np.append(cuts, n_bars).astype(np.int64),
        segment_threshold=np.where(
            rng.random(n_segments) < 0.1, np.nan, rng.choice([0.0, 0.3, 1.0], n_segments)
        ),
        initial_cash_usd=float(rng.choice([10.0, 1000.0, 100_000.0])),
    )


def _random_fees(rng: np.random.Generator, n_bars: int) -> Floats:
    """Half of the markets charge per order alone, the others in every way at once, changing by the bar."""
    fees = fees_per_order(rng.choice([0.0, 0.02, 5.0]) * np.ones(n_bars))
    if rng.random() < 0.5:
        fees[:, LEAST] = rng.choice([0.0, 1.0])
        fees[:, PER_SHARE] = rng.choice([0.0, 0.005])
        fees[:, OF_VALUE] = rng.choice([0.0, 0.0005])
        fees[:, OF_SALE_VALUE] = rng.uniform(0.0, 3e-5, n_bars)
        fees[:, PER_SHARE_SOLD] = rng.uniform(0.0, 2e-4, n_bars)
        fees[:, SOLD_SHARES_MOST] = rng.choice([0.01, 8.3, np.inf])
    return fees


def call_kernel(
    inputs: KernelInputs, *, kernel: Callable[..., tuple[int, int, int, int]] = run_kernel
) -> KernelOutputs:
    """Run the kernel on fresh arrays, filled with rubbish so that an unwritten value shows."""
    n_rows = max_trades(inputs.n_bars)
    equity = np.full(inputs.n_bars, -1.0)
    position = np.full(inputs.n_bars, -1.0)
    trade_bars = np.full((n_rows, 2), -99, dtype=np.int64)
    trade_values = np.full((n_rows, 8), -99.0)
    arguments = [getattr(inputs, field.name) for field in fields(inputs)]
    counts = kernel(*arguments, equity, position, trade_bars, trade_values)
    n_rows_used = counts[1] - counts[0]
    return KernelOutputs(equity, position, trade_bars[:n_rows_used], trade_values[:n_rows_used], *counts)
