"""The event-search kernel against the bar loop, bit for bit."""

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantmill.core.arrays import Ints
from quantmill.simulation.blocks import BLOCK_BARS, block_extremes
from quantmill.simulation.event_kernel import run_events
from quantmill.simulation.kernel import max_trades
from quantmill.simulation.measure import measure_fall
from tests.kernel_inputs import KernelInputs, call_kernel, random_inputs

SEEDS = st.integers(0, 1_000_000)
LENGTHS = st.sampled_from((1, 2, 5, 31, 32, 33, 64, 120, 500, 1500))


def random_sessions(seed: int, n_bars: int) -> Ints:
    """Sessions of random length, half days and single bars among them."""
    rng = np.random.default_rng(seed)
    cuts = np.unique(rng.integers(1, n_bars + 1, int(rng.integers(0, 12))))
    return np.append(cuts[cuts < n_bars], n_bars).astype(np.int64)


def agree(inputs: KernelInputs, session_end: Ints) -> None:
    """Trades, counts, equity at session ends and the deepest fall have the same bits in both."""
    bars = call_kernel(inputs)
    n_rows = max_trades(inputs.n_bars)
    session_equity = np.full(session_end.size, -1.0)
    trade_bars = np.full((n_rows, 2), -99, dtype=np.int64)
    trade_values = np.full((n_rows, 8), -99.0)
    named = {field.name: getattr(inputs, field.name) for field in fields(inputs)}
    strength, mark_price = named.pop("strength"), named.pop("mark_price")
    *counts, fall, fall_sessions = run_events(
        strength,
        block_extremes(strength),
        mark_price,
        block_extremes(mark_price),
        *named.values(),
        session_end,
        session_equity,
        trade_bars,
        trade_values,
    )

    assert counts == [bars.n_trades, bars.n_filled, bars.n_lapsed, bars.n_pending]
    n_rows = bars.n_filled - bars.n_trades
    np.testing.assert_array_equal(trade_bars[:n_rows], bars.trade_bars)
    np.testing.assert_array_equal(trade_values[:n_rows], bars.trade_values)
    np.testing.assert_array_equal(session_equity, bars.equity[session_end - 1])
    assert (fall, fall_sessions) == measure_fall(bars.equity, session_end, inputs.initial_cash_usd)


@given(seed=SEEDS, n_bars=LENGTHS)
def test_random_configurations(seed: int, n_bars: int) -> None:
    agree(random_inputs(seed, n_bars=n_bars), random_sessions(seed, n_bars))


@given(seed=SEEDS, percent=st.sampled_from((0.5, 2.0, 10.0)))
def test_signals_so_rare_that_whole_blocks_are_skipped(seed: int, percent: float) -> None:
    inputs = random_inputs(seed, n_bars=1500)
    quiet = np.random.default_rng(seed).random(1500) * 100.0 > percent

    rare = replace(inputs, strength=np.where(quiet, np.nan, inputs.strength))

    agree(rare, random_sessions(seed, 1500))


@given(seed=SEEDS)
def test_prices_in_whole_dollars_meet_old_peaks_exactly(seed: int) -> None:
    rng = np.random.default_rng(seed)
    inputs = random_inputs(seed, n_bars=400)
    price = np.clip(100.0 + np.cumsum(rng.integers(-1, 2, 400)), 1.0, None).astype(np.float64)

    agree(
        replace(
            inputs,
            mark_price=price,
            fill_price=np.where(np.isnan(inputs.fill_price), np.nan, price),
            half_spread=np.zeros(400),
            fees=np.zeros_like(inputs.fees),
        ),
        random_sessions(seed, 400),
    )


@pytest.mark.prove
def test_many_random_configurations(record_proof: Callable[..., None]) -> None:
    n_configurations, n_trades = 20_000, 0
    for seed in range(n_configurations):
        n_bars = int(np.random.default_rng(seed).integers(1, 3_000))
        inputs = random_inputs(seed, n_bars=n_bars)
        agree(inputs, random_sessions(seed, n_bars))
        n_trades += call_kernel(inputs).n_trades

    record_proof(
        "event search and bar loop: same bits", configurations=n_configurations, trades=n_trades, different=0
    )


@given(values=st.lists(st.floats(allow_infinity=False, width=32), min_size=1, max_size=100))
@settings(max_examples=50)
def test_extremes_of_blocks(values: list[float]) -> None:
    array = np.array(values)

    extremes = block_extremes(array)

    for block, (low, high) in enumerate(extremes):
        part = array[block * BLOCK_BARS : (block + 1) * BLOCK_BARS]
        known = part[~np.isnan(part)]
        assert (low, high) == ((known.min(), known.max()) if known.size else (np.inf, -np.inf))


def test_python_code_gives_the_same_numbers() -> None:
    # The comparison above runs compiled code; this one rules out that compilation changed both kernels alike.
    inputs = random_inputs(3, n_bars=200)
    named = [getattr(inputs, field.name) for field in fields(inputs)][2:]
    outputs: list[tuple[object, ...]] = []
    for kernel in (run_events, run_events.py_func):
        arrays = np.zeros(1), np.zeros((101, 2), dtype=np.int64), np.zeros((101, 8))
        marks = block_extremes(inputs.mark_price)
        head = (inputs.strength, block_extremes(inputs.strength), inputs.mark_price, marks)
        outputs.append((kernel(*head, *named, np.array([200]), *arrays), *(one.tobytes() for one in arrays)))

    assert outputs[0] == outputs[1]
    assert outputs[0][0] != pytest.approx((0,) * 6)
