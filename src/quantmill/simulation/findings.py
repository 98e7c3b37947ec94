"""What a reader must know before believing a run: one sentence per finding, with what was found and what is needed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.instants import MINUTE_US, date_of_day
from quantmill.simulation.fill_models import FILL_MODELS
from quantmill.simulation.fills import Costs
from quantmill.simulation.kernel import ENTRY_BAR, ENTRY_PRICE, EXIT_BAR, EXIT_PRICE, SHARES
from quantmill.simulation.market import Market
from quantmill.simulation.metrics import MetricValue
from quantmill.simulation.positions import OF_CLOSE, OF_GATE, OF_SIGNAL
from quantmill.simulation.regulatory_fees import RATES_KNOWN, has_regulatory_fees, n_sessions_outside
from quantmill.simulation.rules import Rules
from quantmill.simulation.signal import SignalSource, Stream
from quantmill.simulation.trial import TrialResult, TrialSetup, exit_reasons_of

__all__ = ["FEW_SESSIONS", "FEW_TRADES", "Finding", "Severity", "findings_of_labels", "labels_of"]

Severity = Literal["warning", "note"]

FEW_SESSIONS: Final = 60
FEW_TRADES: Final = 30
_LATE_MINUTES: Final = 5
_MOST_LATE_FRAC: Final = 0.01
_LEAST_COVERED_FRAC: Final = 0.9

_SEVERITIES: Final[Mapping[str, Severity]] = MappingProxyType(
    {
        "synthetic": "warning",
        "naive_fill": "warning",
        "external_predictions": "warning",
        "single_venue": "warning",
        "ruined": "warning",
        "few_sessions": "warning",
        "few_trades": "warning",
        "not_significant": "warning",
        "explained_by_search": "warning",
        "below_buy_hold": "warning",
        "cost_above_break_even": "warning",
        "stale_fills": "warning",
        "free_borrowing": "warning",
        "overnight_fills": "note",
        "early_closes": "note",
        "lapsed_orders": "note",
        "open_position": "note",
        "few_predictions": "note",
        "regulatory_fees": "note",
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a run.

    Attributes:
        name: What it is called, such as `few_trades`.
        severity: `warning` when the figures may mean less than they seem to, `note` for the rest.
        text: The sentence.
    """

    name: str
    severity: Severity
    text: str

    @property
    def line(self) -> str:
        """As a person reads it in a list: `warning: 12 round trips, …`."""
        return f"{self.severity}: {self.text}"


def findings_of_labels(labels: Mapping[str, str]) -> tuple[Finding, ...]:
    """Findings of sentences by name, warnings first, each in the order of the table of names."""
    order = {name: at for at, name in enumerate(_SEVERITIES)}
    findings = [Finding(name, _SEVERITIES.get(name, "note"), text) for name, text in labels.items()]
    return tuple(sorted(findings, key=lambda one: (one.severity == "note", order.get(one.name, len(order)))))


def labels_of(stream: Stream, setup: TrialSetup, result: TrialResult) -> dict[str, str]:
    """Sentences by the name of the finding, of all that depends on the run alone; empty when nothing needs to be said.

    Whether a Sharpe ratio is significant depends on what else was tried: `quantmill.optimize.significance`.
    """
    source, metrics, costs = stream.source, result.metrics, setup.costs
    reasons = exit_reasons_of(result, stream, costs)
    fills = _bars_of_answers(result, reasons)
    found = (
        *_of_source(source, costs),
        *_of_ruin(result.equity, source.market.session),
        *_of_count(metrics),
        *_of_return(metrics),
        *_of_cost(metrics, _traded_usd(result)),
        *_of_waits(source.market.ts_us, source.market.session, fills, costs.delay_bars),
        *_of_early_closes(source.market, result.trade_bars[reasons == OF_CLOSE, EXIT_BAR]),
        *_of_borrowing(result.position[source.market.session_end - 1], setup.rules),
        *_of_orders(metrics, setup.rules),
        *_of_last_position(result, float(source.market.close[-1])),
        *_of_predictions(stream.counts),
    )
    return dict(found)


def _of_source(source: SignalSource, costs: Costs) -> Iterator[tuple[str, str]]:
    symbol, n_sessions = source.market.symbol, source.market.n_sessions
    if source.is_synthetic:
        yield "synthetic", f"the bars of {symbol} are synthetic: they say nothing about a real market"
    naive = FILL_MODELS[costs.fill].label
    if naive is not None:
        yield "naive_fill", naive
    if source.is_external:
        yield "external_predictions", "external predictions: nothing is known about what they have seen"
    n_outside = n_sessions_outside(source.market.session)
    if costs.regulatory_fees and n_outside and has_regulatory_fees(symbol):
        yield (
            "regulatory_fees",
            f"rates of regulatory fees are known from {RATES_KNOWN[0]} to {RATES_KNOWN[1]}: on {n_outside} of "
            f"{n_sessions} sessions the nearest ones were charged",
        )
    n_single = source.grades.get("single venue", 0)
    if n_single:
        share = _percent(n_single / source.market.n_bars)
        yield (
            "single_venue",
            f"{n_single:,} of {source.market.n_bars:,} bars ({share}) tell the trades of a single venue; "
            "bars of all venues are needed to know at what price an order fills",
        )
    if n_sessions < FEW_SESSIONS:
        yield "few_sessions", f"rests on {_counted(n_sessions, 'session')}, fewer than {FEW_SESSIONS}"


def _of_ruin(equity: Floats, session: Ints) -> Iterator[tuple[str, str]]:
    bars = np.flatnonzero(equity <= 0.0)
    if bars.size:
        yield (
            "ruined",
            f"lost all equity on {date_of_day(int(session[bars[0]]))}: it was worth {float(equity[bars[0]]):,.2f} USD at "
            "a close, and nothing opened after that",
        )


def _of_count(metrics: Mapping[str, MetricValue]) -> Iterator[tuple[str, str]]:
    n_trades = _number(metrics, "n_trades")
    if n_trades < FEW_TRADES:
        yield "few_trades", f"rests on {_counted(int(n_trades), 'round trip')}, fewer than {FEW_TRADES}"


def _of_return(metrics: Mapping[str, MetricValue]) -> Iterator[tuple[str, str]]:
    earned, held = _number(metrics, "total_return_frac"), _number(metrics, "buy_hold_return_frac")
    if earned < held:
        yield (
            "below_buy_hold",
            f"returned {_percent(earned)}, less than buying and holding: {_percent(held)}",
        )


def _of_cost(metrics: Mapping[str, MetricValue], traded_usd: float) -> Iterator[tuple[str, str]]:
    break_even_bps = metrics["break_even_cost_bps"]
    if break_even_bps is None:
        return
    paid_bps = (_number(metrics, "fees_usd") + _number(metrics, "spread_usd")) / traded_usd * 1e4
    if paid_bps > break_even_bps:
        why = "because of its costs alone" if break_even_bps >= 0.0 else "even before costs"
        yield (
            "cost_above_break_even",
            f"pays {paid_bps:.2f} bps of the value traded and breaks even at {break_even_bps:.2f} bps: it loses {why}",
        )


def _of_waits(ts_us: Ints, session: Ints, fills: Ints, delay_bars: int) -> Iterator[tuple[str, str]]:
    """Orders that filled later than their bars would have if no minute were missing, over night counted apart."""
    if fills.size == 0:
        return
    signals = fills - delay_bars
    late_minutes = (ts_us[fills] - ts_us[signals]) / MINUTE_US - delay_bars
    is_late = late_minutes > _LATE_MINUTES
    is_overnight = is_late & (session[fills] != session[signals])
    stale: Floats = late_minutes[is_late & ~is_overnight]
    n_stale, n_overnight = stale.size, int(np.count_nonzero(is_overnight))
    if n_stale > _MOST_LATE_FRAC * fills.size:
        yield (
            "stale_fills",
            f"{n_stale:,} of {fills.size:,} fills ({_percent(n_stale / fills.size)}) came more than {_LATE_MINUTES} minutes "
            f"late, the latest {stale.max():,.0f} minutes, because minutes are missing; at most "
            f"{_percent(_MOST_LATE_FRAC)} should",
        )
    if n_overnight:
        yield (
            "overnight_fills",
            f"{n_overnight:,} of {fills.size:,} orders ({_percent(n_overnight / fills.size)}) waited over night",
        )


def _of_early_closes(market: Market, closed: Ints) -> Iterator[tuple[str, str]]:
    """Positions closed by the rule at a session's last bar that is there, where later minutes are missing."""
    n_early = int(np.count_nonzero(market.minute[closed] < market.session_minutes[closed] - 1))
    if n_early:
        yield (
            "early_closes",
            f"{n_early:,} of {_counted(closed.size, 'position')} closed at the end of a session were closed before its last "
            "minute, because minutes are missing: that no bar followed was known only later",
        )


def _of_borrowing(shares_at_end: Floats, rules: Rules) -> Iterator[tuple[str, str]]:
    n_short = int(np.count_nonzero(shares_at_end < 0.0))
    if n_short and not rules.borrow_bps:
        yield (
            "free_borrowing",
            f"was short at the end of {_counted(n_short, 'session')} of {shares_at_end.size:,} and paid nothing for borrowed "
            "shares; --borrow-bps charges for them",
        )


def _of_orders(metrics: Mapping[str, MetricValue], rules: Rules) -> Iterator[tuple[str, str]]:
    n_lapsed = _number(metrics, "n_lapsed")
    if n_lapsed:
        n_orders = n_lapsed + _number(metrics, "n_orders")
        why = ["a price was missing", "cash did not suffice"]
        if rules.sizing != "all_in":
            why.append(f"a size of {rules.size} paid no share")
        if rules.sizing == "volatility":
            why.append("volatility was not known yet")
        if rules.flat_at_close:
            why.append("they would have opened in a session's last bar")
        yield (
            "lapsed_orders",
            f"{n_lapsed:,.0f} of {n_orders:,.0f} orders ({_percent(n_lapsed / n_orders)}) lapsed because "
            f"{', '.join(why[:-1])} or {why[-1]}",
        )


def _of_last_position(result: TrialResult, close: float) -> Iterator[tuple[str, str]]:
    shares, equity = float(result.position[-1]), float(result.equity[-1])
    if shares:
        share = _percent(abs(shares) * close / equity)
        held = _counted(int(abs(shares)), "share")
        yield (
            "open_position",
            f"ends {'holding' if shares > 0.0 else 'short of'} {held}, {share} of the equity, valued at the last close and "
            "in no figure of round trips",
        )


def _of_predictions(counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    covered = counts["predictions"] / counts["bars"]
    if covered < _LEAST_COVERED_FRAC:
        yield (
            "few_predictions",
            f"{counts['predictions']:,} of {counts['bars']:,} bars ({_percent(covered)}) have a prediction, fewer than "
            f"{_percent(_LEAST_COVERED_FRAC)}: on the others nothing is bought or sold",
        )


def _bars_of_answers(result: TrialResult, reasons: Ints) -> Ints:
    """The bar of every order that was filled for a signal: what opened, and what no rule closed."""
    signalled = (reasons == OF_SIGNAL) | (reasons == OF_GATE)
    return np.append(result.trade_bars[:, ENTRY_BAR], result.trade_bars[signalled, EXIT_BAR])


def _traded_usd(result: TrialResult) -> float:
    """Value of all fills, spread included."""
    values = result.trade_values
    exit_price = np.where(result.trade_bars[:, EXIT_BAR] >= 0, values[:, EXIT_PRICE], 0.0)
    return float(np.sum(np.abs(values[:, SHARES]) * (values[:, ENTRY_PRICE] + exit_price)))


def _number(metrics: Mapping[str, MetricValue], name: str) -> float:
    """A metric that every run has."""
    value = metrics[name]
    if value is None:
        raise ValueError(f"{name} has no value")
    return float(value)


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"
