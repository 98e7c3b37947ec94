"""How good predictions were: errors, information coefficient, hit rate, price error in dollars."""

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats

__all__ = ["regression_metrics"]


def regression_metrics(y: Floats, predicted: Floats, base_price: Floats) -> dict[str, float | int | None]:
    """Metrics of predicted log returns; one that cannot be computed is None.

    Price errors apply the predicted log return to the base price of that very bar; the naive
    forecast beside them is no change.

    Args:
        y: Realized log returns, shape (n_rows,), without NaN.
        predicted: Predicted log returns, same shape, without NaN.
        base_price: Price at each bar, in the quote currency, same shape.

    Returns:
        n: rows. rmse, mae: in log return. r2: 1 − residual ÷ total sum of squares. ic, rank_ic: Pearson's and
        Spearman's correlation. hit_rate_frac: share of equal signs among rows with a prediction other
        than 0; a return of exactly 0 is no hit. n_hit_rows: those rows. flat_frac: share of returns that are
        exactly 0. price_rmse_usd, naive_price_rmse_usd: root mean squared error of the predicted price and of
        the unchanged price. price_rmse_gain_frac: 1 − the first ÷ the second.
    """
    n_rows = y.size
    if n_rows == 0:
        return dict.fromkeys(_NAMES) | {"n": 0, "n_hit_rows": 0}
    error = predicted - y
    total = float(np.sum((y - y.mean()) ** 2))
    directed = predicted != 0.0
    future_price: Floats = np.multiply(base_price, np.exp(y))
    expected_price: Floats = np.multiply(base_price, np.exp(predicted))
    price_rmse = _rms(expected_price - future_price)
    naive_rmse = _rms(base_price - future_price)
    return {
        "n": n_rows,
        "rmse": _rms(error),
        "mae": float(np.mean(np.abs(error))),
        "r2": 1.0 - float(np.sum(error**2)) / total if total > 0.0 else None,
        "ic": _correlation(y, predicted),
        "rank_ic": _correlation(_ranks(y), _ranks(predicted)),
        "hit_rate_frac": _hit_rate(y[directed], predicted[directed]),
        "n_hit_rows": int(directed.sum()),
        "flat_frac": float(np.count_nonzero(y == 0.0) / n_rows),
        "price_rmse_usd": price_rmse,
        "naive_price_rmse_usd": naive_rmse,
        "price_rmse_gain_frac": 1.0 - price_rmse / naive_rmse if naive_rmse > 0.0 else None,
    }


_NAMES = (
    "n",
    "rmse",
    "mae",
    "r2",
    "ic",
    "rank_ic",
    "hit_rate_frac",
    "n_hit_rows",
    "flat_frac",
    "price_rmse_usd",
    "naive_price_rmse_usd",
    "price_rmse_gain_frac",
)


def _hit_rate(y: Floats, predicted: Floats) -> float | None:
    """Share of equal signs, None without rows."""
    return float(np.count_nonzero(np.sign(y) == np.sign(predicted)) / y.size) if y.size else None


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _ranks(values: Floats) -> Floats:
    return pl.Series(values).rank("average").to_numpy()


def _correlation(left: Floats, right: Floats) -> float | None:
    """Pearson's correlation, None when one side is constant."""
    # Comparing values, not deviations: a constant series has a deviation of rounding size.
    if left.size < 2 or np.all(left == left[0]) or np.all(right == right[0]):
        return None
    a, b = left - left.mean(), right - right.mean()
    scale = float(np.sqrt(np.sum(a**2) * np.sum(b**2)))
    return float(np.sum(a * b)) / scale if scale > 0.0 else None
