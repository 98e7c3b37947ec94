"""Inputs and outputs of the kernel of rules: random markets in dyadic fractions, random rules, and one call."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.simulation.fill_models import FILL_MODELS, FillModel
from quantmill.simulation.positions import EXIT_REASONS
from quantmill.simulation.rules import RuleNumbers, Rules
from quantmill.simulation.rules_kernel import most_trades, run_rules_kernel
from tests.kernel_inputs import KernelInputs, KernelOutputs, fees_per_order, random_inputs, simple_inputs


@dataclass(frozen=True)
class RulesInputs:
    """Arguments of `run_rules_kernel` up to its output arrays, those of the plain kernel first."""

    plain: KernelInputs
    open_price: Floats
    high_price: Floats
    low_price: Floats
    session_end: Ints
    size_weight: Floats
    rules: RuleNumbers


@dataclass(frozen=True)
class RulesOutputs(KernelOutputs):
    """What the plain kernel gives, and why each trade ended."""

    exit_reason: Ints

    @property
    def reasons(self) -> list[str | None]:
        """The reasons by name, None for an open position."""
        return [None if reason < 0 else EXIT_REASONS[reason] for reason in self.exit_reason]


def call_rules(
    inputs: RulesInputs, *, kernel: Callable[..., tuple[int, int, int, int]] = run_rules_kernel
) -> RulesOutputs:
    """Run the kernel on fresh arrays, filled with rubbish so that an unwritten value shows."""
    n_bars = inputs.plain.n_bars
    n_rows = most_trades(n_bars)
    equity, position = np.full(n_bars, -77.0), np.full(n_bars, -77.0)
    trade_bars = np.full((n_rows, 2), -99, dtype=np.int64)
    trade_values = np.full((n_rows, 8), -99.0)
    reasons = np.full(n_rows, -99, dtype=np.int64)
    arguments = [getattr(inputs.plain, field.name) for field in fields(inputs.plain)]
    arguments += [getattr(inputs, field.name) for field in fields(inputs) if field.name != "plain"]
    counts = kernel(*arguments, equity, position, trade_bars, trade_values, reasons)
    n = counts[1] - counts[0]
    return RulesOutputs(equity, position, trade_bars[:n], trade_values[:n], *counts, reasons[:n])


def model_at(moment: str) -> FillModel:
    """A fill model whose orders fill at this moment of a bar."""
    return replace(FILL_MODELS["next_open"], moment=moment)


def with_rules(plain: KernelInputs, rules: Rules, *, moment: str = "open", **given: Any) -> RulesInputs:  # noqa: ANN401 - a field of any type
    """The plain inputs in one session, bars without range at the mark price unless given."""
    mark = plain.mark_price
    opened = np.array(
        given.pop("open_price", plain.fill_price if moment == "open" else mark), dtype=np.float64
    )
    known = np.where(np.isnan(opened), mark, opened)
    made = RulesInputs(
        plain=plain,
        open_price=known,
        high_price=np.maximum(known, mark),
        low_price=np.minimum(known, mark),
        session_end=np.array([plain.n_bars]),
        size_weight=np.empty(0),
        rules=rules.numbers(model_at(moment)),
    )
    arrays = {name: np.array(value) if isinstance(value, list) else value for name, value in given.items()}
    return replace(made, **arrays)


def ruled(
    rules: Rules,
    *,
    moment: str = "open",
    given: dict[str, Any] | None = None,
    **plain: Any,  # noqa: ANN401 - fields of any type
) -> RulesInputs:
    """Inputs for hand calculations; see `simple_inputs`."""
    return with_rules(simple_inputs(**plain), rules, moment=moment, **(given or {}))


def dyadic_inputs(seed: int, *, n_bars: int = 120) -> RulesInputs:
    """A random market whose prices, spreads, fees and rules are sums of a few powers of two, so that sums are exact.

    Bars have a range around their closes, sessions 5 to 40 bars; gaps between bars, holes in prices and predictions, gates.
    """
    rng = np.random.default_rng(seed)
    plain = random_inputs(seed, n_bars=n_bars)
    unit = 64.0
    moves = rng.normal(0.0, 0.02, n_bars)
    is_wild = rng.random() < 0.3
    if is_wild:
        # Falls and rises that ruin a short position, which no stop shall have closed before.
        moves += np.log(4.0) * rng.choice([-1, 0, 1], n_bars, p=[0.04, 0.92, 0.04])
    close = np.clip(np.round(rng.integers(2, 200) * np.exp(np.cumsum(moves)) * unit) / unit, 1.0, 4096.0)
    opened = np.maximum(np.round(close * np.exp(rng.normal(0.0, 0.01, n_bars)) * unit) / unit, 0.5)
    reach = rng.integers(0, 64, (2, n_bars)) / unit * float(rng.choice([0.125, 1.0]))
    high = np.maximum(opened, close) + reach[0]
    low = np.maximum(np.minimum(opened, close) - reach[1], 0.25)
    moment, delay = [("open", 1), ("close", 0), ("inside", 4), ("inside", 1)][int(rng.integers(0, 4))]
    fill = {"open": opened, "close": close, "inside": (high + low) / 2.0}[moment].copy()
    if moment == "inside" and rng.random() < 0.3:
        # An order worked over bars before: its price may lie outside the range of the bar that it fills in.
        fill[1:] = np.round((fill[1:] + fill[:-1]) / 2.0 * unit) / unit
    fill[rng.random(n_bars) < rng.choice([0.0, 0.1])] = np.nan
    half = np.full(n_bars, rng.choice([0.0, 1 / 64, 4 / 64]))
    half[np.isnan(fill) & (rng.random() < 0.5)] = np.nan
    lengths = rng.integers(5, 41, n_bars)
    ends = np.minimum(np.cumsum(lengths), n_bars)
    distance = [None] * 7 if is_wild else [None, None, None, 1 / 256, 1 / 64, 1 / 16, 1 / 4]
    rules = Rules(
        side=str(rng.choice(["long", "short", "both"])),  # pyright: ignore[reportArgumentType]
        size=str(rng.choice(["all_in", "usd:512", "fraction:0.5"])),
        stop_loss_frac=distance[int(rng.integers(0, 7))],
        take_profit_frac=distance[int(rng.integers(0, 7))],
        trailing_stop_frac=distance[int(rng.integers(0, 7))],
        flat_at_close=bool(rng.random() < 0.3),
    )
    weight = np.empty(0)
    if rules.sizing == "fraction":
        weight = np.where(rng.random(n_bars) < 0.1, np.nan, rng.choice([0.25, 0.5, 1.0], n_bars))
    return RulesInputs(
        plain=replace(
            plain,
            mark_price=close,
            fill_price=fill,
            half_spread=half,
            fees=fees_per_order(np.full(n_bars, rng.choice([0.0, 1 / 64, 5.0]))),
            delay_bars=delay,
            initial_cash_usd=float(rng.choice([16, 1024, 131_072])),
        ),
        open_price=opened,
        high_price=high,
        low_price=low,
        session_end=np.unique(ends),
        size_weight=weight,
        rules=rules.numbers(model_at(moment))._replace(
            borrow_frac=float(rng.choice([0.0, 1 / 256])), stays_in_range=bool(rng.random() < 0.3)
        ),
    )
