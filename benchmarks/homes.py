"""Homes with models to run grids on: a synthetic year of three symbols, and the real bars of em2015."""

import atexit
import shutil
import tempfile
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

import quantmill
from quantmill.core.calendar import calendar_for
from quantmill.verbs.mill import Mill

__all__ = ["MODELS", "N_BARS", "SYMBOLS", "real_home", "year_home"]

SYMBOLS: Final = ("SPY", "QQQ", "AAPL")
MODELS: Final = {
    "trend": ("ema_9_dist", "ema_26_dist", "sma_50_dist", "macd_pct", "rsi_14", "roc_15"),
    "reversion": ("dist_vwap", "bb_pct", "stoch_k", "return_z_score_20", "roc_5", "roc_30"),
}
N_BARS: Final = 252 * 390
"""Bars that a model of `year_home` predicts, up to half days."""

# The walk-forward test parts are 45 % of the sessions: a year of 560.
_FIRST, _N_SESSIONS = date(2021, 1, 4), 560
_CONTEXT: Final = "I:VIX"
_REAL_BARS: Final = Path(__file__).parents[2] / "shared" / "data" / "bars" / "em2015_1m.parquet"


@cache
def year_home() -> Path:
    """A home of its own with both models of each symbol, whose predictions cover 252 synthetic sessions."""
    folder = _folder()
    sessions = calendar_for("XNYS").next_sessions(_FIRST, _N_SESSIONS + 1)
    with quantmill.open(folder) as mill:
        mill.ingest(*SYMBOLS, _CONTEXT, provider="sim", seed=0, start=sessions[0], end=sessions[-1])
        _train(mill, penalty="1e-6")
    return folder


@cache
def real_home() -> Path | None:
    """The same models on the 153 sessions of em2015, predictions for 68 of them; None where the data is absent."""
    if not _REAL_BARS.exists():
        return None
    folder = _folder()
    with quantmill.open(folder) as mill:
        mill.import_(str(_REAL_BARS))
        _train(mill, penalty="1e-6")
    return folder


def _train(mill: Mill, *, penalty: str) -> None:
    mill.features.build(*SYMBOLS)
    for name, columns in MODELS.items():
        for symbol in SYMBOLS:
            mill.train(symbol, name=name, include=columns, params=(f"alpha={penalty}",))


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="quantmill-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
