"""The loops of the synthetic market: volatility by day, minutes of a session."""

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.compiled import compiled

__all__ = ["clustered_returns", "daily_volatility", "minute_path"]


@compiled
def daily_volatility(
    shocks: Floats,
    regime_draws: Floats,
    persistence: float,
    shock_size: float,
    regime_levels: Floats,
    switch_probability: Floats,
) -> tuple[Floats, Ints, Floats]:
    """Volatility of each day in parts of a normal one: a log AR(1) times the level of a Markov regime.

    Args:
        shocks: Standard normals, shape (n_days,).
        regime_draws: Uniforms that decide about switching, shape (n_days,).
        persistence: Of the log volatility from day to day.
        shock_size: Standard deviation of its daily shock.
        regime_levels: Volatility of each regime, shape (3,); regimes are neighbors in this order.
        switch_probability: Chance per day to leave each regime, shape (3,).

    Returns:
        Volatility per day, shape (n_days,); the regime, int64 of the same shape; and by how much the
        log volatility differs from its expectation on the day before.
    """
    n_days = shocks.size
    volatility = np.empty(n_days)
    regime = np.empty(n_days, np.int64)
    surprise = np.empty(n_days)
    log_levels = np.log(regime_levels)
    # From the middle, half of the switches lead up.
    next_level = np.array([log_levels[1], 0.5 * (log_levels[0] + log_levels[2]), log_levels[1]])
    state, log_volatility = 1, 0.0
    for day in range(n_days):
        draw = regime_draws[day]
        chance = switch_probability[state]
        expected = chance * next_level[state] + (1.0 - chance) * log_levels[state]
        if draw < chance:
            above_or_below = 2 if draw < 0.5 * chance else 0
            state = above_or_below if state == 1 else 1
        log_volatility = persistence * log_volatility + shock_size * shocks[day]
        volatility[day] = np.exp(log_volatility) * regime_levels[state]
        regime[day] = state
        surprise[day] = shock_size * shocks[day] + log_levels[state] - expected
    return volatility, regime, surprise


@compiled
def clustered_returns(
    noise: Floats, base_variance: Floats, shock_weight: float, memory: float
) -> tuple[Floats, Floats]:
    """Minutes of a GARCH(1,1) around a given profile.

    Args:
        noise: Standard normals, shape (n_minutes,).
        base_variance: Expected variance per minute, same shape.
        shock_weight: Weight of the last squared standardized return.
        memory: Weight of the last variance; the two sum below one.

    Returns:
        Returns and their conditional variances, each of shape (n_minutes,).
    """
    n_minutes = noise.size
    returns = np.empty(n_minutes)
    variance = np.empty(n_minutes)
    scale = 1.0
    for minute in range(n_minutes):
        variance[minute] = base_variance[minute] * scale
        returns[minute] = np.sqrt(variance[minute]) * noise[minute]
        scale = 1.0 - shock_weight - memory + scale * (shock_weight * noise[minute] ** 2 + memory)
    return returns, variance


@compiled
def minute_path(
    innovation: Floats,
    variance: Floats,
    open_noise: Floats,
    high_draw: Floats,
    low_draw: Floats,
    decay: float,
    pull: float,
    open_share: float,
) -> Floats:
    """Log prices of a session's bars relative to its first price.

    The return of minute i+1 is `pull * distance[i] + innovation[i+1] - variance[i+1] / 2`, where
    `distance[i] = log close[i] - EMA(log close)[i]`, the average starting at the session's first price.

    Args:
        innovation: Unpredictable part of each minute's return, shape (n_minutes,).
        variance: Its variance, same shape.
        open_noise: Standard normals that place each open between two closes, same shape.
        high_draw: Uniforms in (0, 1] for the extremes, same shape.
        low_draw: Likewise.
        decay: 1 - alpha of the moving average.
        pull: Expected next return per unit of distance; 0 plants nothing.
        open_share: Part of a minute that passes between a close and the next open.

    Returns:
        Open, high, low, close, shape (4, n_minutes).
    """
    n_minutes = innovation.size
    bars = np.empty((4, n_minutes))
    last, distance = 0.0, 0.0
    for minute in range(n_minutes):
        move = pull * distance + innovation[minute] - 0.5 * variance[minute]
        close = last + move
        if minute == 0:
            first, remaining = last, variance[minute]
        else:
            # A point of the Brownian bridge from the last close to this one.
            spread = np.sqrt(open_share * (1.0 - open_share) * variance[minute])
            first = last + open_share * move + spread * open_noise[minute]
            remaining = (1.0 - open_share) * variance[minute]
        # Extremes of a Brownian bridge from open to close.
        gap = (close - first) ** 2
        bars[0, minute] = first
        bars[1, minute] = 0.5 * (first + close + np.sqrt(gap - 2.0 * remaining * np.log(high_draw[minute])))
        bars[2, minute] = 0.5 * (first + close - np.sqrt(gap - 2.0 * remaining * np.log(low_draw[minute])))
        bars[3, minute] = close
        distance = decay * (distance + move)
        last = close
    return bars
