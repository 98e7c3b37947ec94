"""Why each trade was closed, in words, and what the fills that answer a signal cost against its close."""

from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats, Ints
from quantmill.simulation.kernel import ENTRY_BAR, ENTRY_PRICE, EXIT_BAR, EXIT_PRICE, SHARES
from quantmill.simulation.positions import EXIT_REASONS, OF_GATE, OF_SIGNAL, STILL_OPEN

__all__ = ["exit_counts", "plain_exit_reasons", "reason_names", "signal_slippage_bps"]

_NAMES: Final = pl.Series("exit_reason", [*EXIT_REASONS, None])


def plain_exit_reasons(trade_bars: Ints, strength: Floats, delay_bars: int) -> Ints:
    """Reasons of the exits of trades that only signals close, from the strength that closed each.

    Args:
        trade_bars: As `run_kernel` wrote it, shape (n_rows, 2).
        strength: Per bar, shape (n_bars,).
        delay_bars: Bars from signal to fill.

    Returns:
        Places in `EXIT_REASONS`, `STILL_OPEN` for an open position, shape (n_rows,).
    """
    leave = trade_bars[:, EXIT_BAR]
    closed_by = strength[np.maximum(leave - delay_bars, 0)]
    return np.where(leave < 0, STILL_OPEN, np.where(np.isneginf(closed_by), OF_GATE, OF_SIGNAL))


def reason_names(reasons: Ints) -> pl.Series:
    """The column `exit_reason`; null for a position that is still open."""
    return _NAMES.gather(np.where(reasons == STILL_OPEN, len(EXIT_REASONS), reasons))


def exit_counts(reasons: Ints) -> dict[str, int]:
    """Trades by what closed them, under names such as `trades_closed_by_stop`; reasons of no trade are left out."""
    counts = np.bincount(reasons[reasons != STILL_OPEN], minlength=len(EXIT_REASONS))
    return {
        f"trades_closed_by_{name}": int(count)
        for name, count in zip(EXIT_REASONS, counts, strict=True)
        if count
    }


def signal_slippage_bps(
    trade_bars: Ints, trade_values: Floats, reasons: Ints, mark_price: Floats, delay_bars: int
) -> float:
    """The metric `fill_slippage_bps` where rules close positions too: over the fills that answer a signal alone.

    Args:
        trade_bars: As the kernel wrote it, shape (n_rows, 2).
        trade_values: Likewise, shape (n_rows, 8).
        reasons: Why each was closed, shape (n_rows,).
        mark_price: Close per bar, shape (n_bars,).
        delay_bars: Bars from signal to fill.

    Returns:
        Mean over those fills of what each was worse than its signal's close; NaN without a fill.
    """
    side = np.sign(trade_values[:, SHARES])
    into = trade_values[:, ENTRY_PRICE] / mark_price[trade_bars[:, ENTRY_BAR] - delay_bars] - 1.0
    signalled = (reasons == OF_SIGNAL) | (reasons == OF_GATE)
    out_bars = trade_bars[signalled, EXIT_BAR] - delay_bars
    out = trade_values[signalled, EXIT_PRICE] / mark_price[out_bars] - 1.0
    n_fills = side.size + out.size
    if n_fills == 0:
        return float("nan")
    return float((np.sum(side * into) - np.sum(side[signalled] * out)) / n_fills * 1e4)
