"""Compiled kernels made ready before the first trial: loaded from their cache, or compiled where there is none yet."""

from functools import cache

import numpy as np

from quantmill.simulation.fills import DEFAULT_COSTS, execution_of
from quantmill.simulation.many_trials import GridWorkspace, run_trials
from quantmill.simulation.market import Market
from quantmill.simulation.rules import NO_RULES, Rules
from quantmill.simulation.signal import NO_FILTERS, SignalSource, prepare_stream
from quantmill.simulation.trial import TrialSetup, run_trial

__all__ = ["warm_kernels"]


@cache
def warm_kernels(rules: Rules = NO_RULES) -> None:
    """Run one trial on two bars, once per process and rules: every later one finds its kernels compiled."""
    nothing, price = np.full(2, np.nan), np.ones(2)
    market = Market(
        symbol="",
        ts_us=np.arange(2, dtype=np.int64) * 60_000_000,
        open=price,
        high=price,
        low=price,
        close=price,
        session=np.zeros(2, dtype=np.int64),
        session_end=np.array([2], dtype=np.int64),
        volume=price,
        vwap=nothing,
        minute=np.arange(2, dtype=np.int64),
        session_minutes=np.full(2, 2, dtype=np.int64),
    )
    source = SignalSource(
        market, nothing, nothing, nothing, nothing, market.session_end, {}, model_id=None, model_name=""
    )
    stream = prepare_stream(source, NO_FILTERS)
    if rules:
        run_trial(stream, TrialSetup(0.0, rules=rules))
    else:
        execution = execution_of(market, DEFAULT_COSTS)
        run_trials(stream, execution, np.zeros((1, 1)), 1.0, GridWorkspace.of(market))
