"""What holds under any rules: the plain kernel when they are off, conservation to the last bit, no look-ahead, a second program."""

from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from math import floor, isinf, isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantmill.simulation.kernel import ENTRY_PRICE, EXIT_PRICE, FEES, PNL, SHARES
from quantmill.simulation.positions import EXIT_REASONS
from quantmill.simulation.rules import AT_CLOSE, AT_OPEN, INSIDE, NO_RULES
from quantmill.simulation.rules_kernel import run_rules_kernel
from tests.kernel_inputs import call_kernel, exact_fee, random_inputs
from tests.rules_inputs import RulesInputs, call_rules, dyadic_inputs, with_rules

SEEDS = st.integers(0, 1_000_000)


@given(seed=SEEDS, moment=st.sampled_from(["open", "inside", "close"]))
def test_without_rules_it_is_the_plain_kernel_to_the_last_bit(seed: int, moment: str) -> None:
    plain = random_inputs(seed)
    # Periods of several bars, too.
    ends = plain.fee_end[plain.fee_end % (1 + seed % 7) == 0]
    plain = replace(plain, fee_end=np.append(ends[ends < plain.n_bars], plain.n_bars))

    reference = call_kernel(plain)
    out = call_rules(with_rules(plain, NO_RULES, moment=moment))

    for name in ("equity", "position", "trade_bars"):
        np.testing.assert_array_equal(getattr(out, name), getattr(reference, name))
    n = reference.n_trades
    np.testing.assert_array_equal(out.trade_values[:n], reference.trade_values[:n])
    # An open trade has no exit, profit or excursions yet.
    np.testing.assert_array_equal(
        out.trade_values[n:, [0, 1, 3, 4]], reference.trade_values[n:, [0, 1, 3, 4]]
    )
    assert (out.n_trades, out.n_filled, out.n_lapsed, out.n_pending) == (
        n,
        reference.n_filled,
        reference.n_lapsed,
        reference.n_pending,
    )


@dataclass
class Position:
    """One holding of the second program."""

    shares: int
    entry: Fraction
    bar: int
    best: Fraction
    fees: Fraction

    @property
    def side(self) -> int:
        return 1 if self.shares > 0 else -1


@dataclass
class Broker:
    """A second program in exact fractions: a day is a list of events, each of which may close or open the position."""

    inputs: RulesInputs
    cash: Fraction
    position: Position | None = None
    equity: list[Fraction] = field(default_factory=list)
    trades: list[dict[str, object]] = field(default_factory=list)
    n_lapsed: int = 0

    def run(self) -> "Broker":
        plain = self.inputs.plain
        ends = {int(end) - 1 for end in self.inputs.session_end}
        book = {bar + plain.delay_bars: bar for bar in range(plain.n_bars)}
        for bar in range(plain.n_bars):
            moment = self.inputs.rules.moment
            # An order after the end of a session's last bar exists no more than one before its first.
            events = {
                AT_OPEN: ("order", "range"),
                INSIDE: ("range", "order", "entry range"),
                AT_CLOSE: ("range", "order"),
            }[moment]
            for event in events:
                if event == "order":
                    if bar in book:
                        self.obey(bar, book[bar], is_last=bar in ends)
                else:
                    self.watch(bar, entered_only=event == "entry range")
            mark = exact(plain.mark_price[bar])
            if bar in ends and self.position:
                if self.inputs.rules.flat_at_close:
                    self.leave(bar, mark, "close")
                elif self.position.side < 0:
                    interest = exact(self.inputs.rules.borrow_frac) * -self.position.shares * mark
                    self.cash -= interest
                    self.position.fees += interest
            if self.position and self.position.side < 0 and self.worth(mark) <= 0:
                self.leave(bar, mark, "margin")
            self.equity.append(self.worth(mark))
            if self.position and (self.position.bar < bar or moment == AT_OPEN):
                extreme = self.inputs.high_price if self.position.side > 0 else self.inputs.low_price
                pick = max if self.position.side > 0 else min
                self.position.best = pick(self.position.best, exact(extreme[bar]))
        if self.position:
            self.trades.append(self.record(None, None, None))
        return self

    def worth(self, price: Fraction) -> Fraction:
        return self.cash + (self.position.shares * price if self.position else 0)

    def obey(self, bar: int, signal: int, *, is_last: bool) -> None:
        plain, rules = self.inputs.plain, self.inputs.rules
        limit, e = plain.threshold_of(signal), float(plain.strength[signal])
        wish = {"buy": e > limit, "sell": e <= -limit and e != -np.inf, "out": e == -np.inf}
        word = next((name for name, is_meant in wish.items() if is_meant), None)
        if word is None:
            return
        # What the account was worth when the signal was made; in its own bar that is now, before the order.
        worth = self.equity[signal] if signal < bar else self.worth(exact(plain.mark_price[bar]))
        price = plain.fill_price[bar]
        against = {"buy": -1, "sell": 1}.get(word)
        if self.position and (word == "out" or self.position.side == against):
            reason = "gate" if word == "out" else "signal"
            if isnan(price) or isnan(plain.half_spread[bar]):
                self.n_lapsed += 1
                return
            half = exact(plain.half_spread[bar])
            if not self.leave(bar, exact(price), reason, half=half):
                return
        allowed = {"buy": rules.opens_long, "sell": rules.opens_short}.get(word, False)
        if self.position or not allowed:
            return
        shares = 0
        if not isnan(price) and not isnan(plain.half_spread[bar]) and not (is_last and rules.flat_at_close):
            shares = self.size(bar, signal, word, worth)
        if shares < 1:
            self.n_lapsed += 1
            return
        sign = 1 if word == "buy" else -1
        paid = exact(price) + sign * exact(plain.half_spread[bar])
        fee = exact_fee(plain.fees[bar], shares, paid, is_sale=sign < 0)
        self.cash -= sign * shares * paid + fee
        self.position = Position(sign * shares, paid, bar, paid, fee)

    def size(self, bar: int, signal: int, word: str, worth: Fraction) -> int:
        plain = self.inputs.plain
        budget = self.cash
        if self.inputs.size_weight.size:
            if isnan(self.inputs.size_weight[signal]):
                return 0
            budget = min(budget, exact(self.inputs.size_weight[signal]) * worth)
        elif not isinf(self.inputs.rules.position_usd):
            budget = min(budget, exact(self.inputs.rules.position_usd))
        sign = 1 if word == "buy" else -1
        price = exact(plain.fill_price[bar]) + sign * exact(plain.half_spread[bar])
        if price <= 0 or budget <= 0:
            return 0
        shares = floor(budget / price)
        while (
            shares > 0
            and shares * price + exact_fee(plain.fees[bar], shares, price, is_sale=sign < 0) > budget
        ):
            shares -= 1
        most = plain.most_shares[bar]
        return shares if isinf(most) else min(shares, int(most))

    def watch(self, bar: int, *, entered_only: bool) -> None:
        """What the prices of a bar do to the position: every level is a pair of price and reason, the worse first."""
        held, rules = self.position, self.inputs.rules
        if held is None or (entered_only and held.bar != bar):
            return
        side, is_new = held.side, held.bar == bar
        high, low = exact(self.inputs.high_price[bar]), exact(self.inputs.low_price[bar])
        first = exact(self.inputs.open_price[bar])
        if is_new and low <= (paid := exact(self.inputs.plain.fill_price[bar])) <= high:
            first = paid
        worst, best = (low, high) if side > 0 else (high, low)
        stops = []
        for frac, base, reason in (
            (rules.stop_loss_frac, held.entry, "stop"),
            (rules.trailing_stop_frac, held.best, "trailing"),
        ):
            if not isinf(frac):
                stops.append((base * (1 - side * exact(frac)), reason))
        if stops:
            # The nearer one, which for equal levels is the fixed one.
            level, reason = max(stops, key=lambda stop: side * stop[0])
            if min(side * first, side * worst) <= side * level:
                self.leave(bar, side * min(side * first, side * level), reason)
                return
        if not isinf(rules.take_profit_frac) and not (is_new and rules.moment == INSIDE):
            level = held.entry * (1 + side * exact(rules.take_profit_frac))
            if max(side * first, side * best) >= side * level:
                self.leave(bar, side * max(side * first, side * level), "target")

    def leave(self, bar: int, level: Fraction, reason: str, *, half: Fraction | None = None) -> bool:
        plain, held = self.inputs.plain, self.position
        assert held is not None
        if half is None:
            known = [value for value in plain.half_spread[: bar + 1] if not isnan(value)]
            half = min(exact(known[-1]), level) if known else Fraction(0)
            if self.inputs.rules.stays_in_range:
                limit = (self.inputs.low_price if held.side > 0 else self.inputs.high_price)[bar]
                half = min(half, abs(level - exact(limit)))
        price = level - held.side * half
        fee = exact_fee(plain.fees[bar], abs(held.shares), price, is_sale=held.side > 0)
        cash = self.cash + held.shares * price - fee
        if held.side > 0 and reason in {"signal", "gate"} and cash < 0:
            self.n_lapsed += 1
            return False
        self.cash = cash
        held.fees += fee
        self.trades.append(self.record(bar, price, reason))
        self.position = None
        return True

    def record(self, bar: int | None, price: Fraction | None, reason: str | None) -> dict[str, object]:
        held = self.position
        assert held is not None
        return {
            "bars": [held.bar, -1 if bar is None else bar],
            "shares": held.shares,
            "entry": held.entry,
            "exit": price,
            "fees": held.fees,
            "reason": reason,
        }


def exact(value: float) -> Fraction:
    return Fraction(float(value))


@settings(max_examples=300)
@given(seed=SEEDS)
def test_an_exact_broker_agrees(seed: int) -> None:
    inputs = dyadic_inputs(seed)

    out = call_rules(inputs)
    broker = Broker(inputs, exact(inputs.plain.initial_cash_usd)).run()

    assert out.trade_bars.tolist() == [trade["bars"] for trade in broker.trades]
    assert out.reasons == [trade["reason"] for trade in broker.trades]
    assert out.trade_values[:, SHARES].tolist() == [trade["shares"] for trade in broker.trades]
    assert out.trade_values[:, ENTRY_PRICE].tolist() == [trade["entry"] for trade in broker.trades]
    assert out.trade_values[: out.n_trades, EXIT_PRICE].tolist() == [
        trade["exit"] for trade in broker.trades if trade["exit"] is not None
    ]
    assert out.trade_values[:, FEES].tolist() == [trade["fees"] for trade in broker.trades]
    assert out.equity.tolist() == broker.equity
    assert out.n_lapsed == broker.n_lapsed


@settings(max_examples=300)
@given(seed=SEEDS)
def test_the_trade_table_accounts_for_every_cent_of_equity(seed: int) -> None:
    inputs = dyadic_inputs(seed)

    out = call_rules(inputs)

    # Exactly, because every number is a short sum of powers of two.
    mark = inputs.plain.mark_price
    cash = np.full(mark.size, inputs.plain.initial_cash_usd)
    shares = np.zeros(mark.size)
    last_bars = inputs.session_end - 1
    for (entry, leave), values, reason in zip(out.trade_bars, out.trade_values, out.reasons, strict=True):
        fee = paid = inputs.plain.fees[entry, 0]
        cash[entry:] -= values[SHARES] * values[ENTRY_PRICE] + fee
        shares[entry:] += values[SHARES]
        for bar in last_bars:
            # A margin call comes after the interest of its own bar.
            is_held = entry <= bar and (leave < 0 or bar < leave or (bar == leave and reason == "margin"))
            if is_held and values[SHARES] < 0 and not inputs.rules.flat_at_close:
                borrowed = inputs.rules.borrow_frac * -values[SHARES] * mark[bar]
                cash[bar:] -= borrowed
                paid += borrowed
        if leave >= 0:
            fee = inputs.plain.fees[leave, 0]
            cash[leave:] += values[SHARES] * values[EXIT_PRICE] - fee
            shares[leave:] -= values[SHARES]
            assert values[PNL] == values[SHARES] * (values[EXIT_PRICE] - values[ENTRY_PRICE]) - (paid + fee)
            paid += fee
        assert values[FEES] == paid
    assert out.equity.tolist() == (cash + shares * mark).tolist()
    assert out.position.tolist() == shares.tolist()
    if out.position[-1] == 0.0:
        earned = sum(out.trade_values[: out.n_trades, PNL])
        assert earned == out.equity[-1] - inputs.plain.initial_cash_usd


@settings(max_examples=200)
@given(seed=SEEDS, cut=st.integers(1, 119))
def test_the_future_changes_nothing_before_it(seed: int, cut: int) -> None:
    inputs, other = dyadic_inputs(seed), dyadic_inputs(seed + 1)

    def spliced(one: np.ndarray, two: np.ndarray) -> np.ndarray:
        return np.concatenate([one[:cut], two[cut:]]) if one.size == two.size else one

    plain = {
        name: spliced(getattr(inputs.plain, name), getattr(other.plain, name))
        for name in ("strength", "mark_price", "fill_price", "half_spread", "fees", "most_shares")
    }
    changed = replace(
        inputs,
        plain=replace(inputs.plain, **plain),
        **{
            name: spliced(getattr(inputs, name), getattr(other, name))
            for name in ("open_price", "high_price", "low_price", "size_weight")
        },
    )

    before, after = call_rules(inputs), call_rules(changed)

    np.testing.assert_array_equal(before.equity[:cut], after.equity[:cut])
    np.testing.assert_array_equal(before.position[:cut], after.position[:cut])


@settings(max_examples=200)
@given(seed=SEEDS)
def test_every_entry_answers_a_signal_that_was_known_and_no_position_goes_beyond_its_budget(
    seed: int,
) -> None:
    inputs = dyadic_inputs(seed)
    plain, rules = inputs.plain, inputs.rules

    out = call_rules(inputs)

    equity_before = np.append(plain.initial_cash_usd, out.equity)
    for (entry, leave), values, reason in zip(out.trade_bars, out.trade_values, out.reasons, strict=True):
        signal = entry - plain.delay_bars
        assert signal >= 0
        e, limit = plain.strength[signal], plain.threshold_of(signal)
        is_long = values[SHARES] > 0
        assert e > limit if is_long else -np.inf < e <= -limit
        assert rules.opens_long if is_long else rules.opens_short
        spread = plain.half_spread[entry] if is_long else -plain.half_spread[entry]
        assert values[ENTRY_PRICE] == plain.fill_price[entry] + spread
        value = abs(values[SHARES]) * values[ENTRY_PRICE]
        assert value <= rules.position_usd
        if plain.delay_bars and inputs.size_weight.size:
            assert value <= inputs.size_weight[signal] * equity_before[signal + 1]
        assert leave == -1 or leave >= entry
        if rules.flat_at_close:
            assert entry + 1 not in inputs.session_end
            sessions = np.searchsorted(inputs.session_end, [entry, max(leave, entry)], side="right")
            assert sessions[0] == sessions[1]
            assert leave >= 0 or plain.n_bars not in inputs.session_end
        if reason in {"signal", "gate"}:
            closing = plain.strength[leave - plain.delay_bars]
            assert (closing == -np.inf) == (reason == "gate")
        if reason in {"stop", "target", "trailing", "close", "margin"}:
            half = 0.0 if rules.stays_in_range else np.nan_to_num(plain.half_spread, nan=0.0).max()
            assert inputs.low_price[leave] - half <= values[EXIT_PRICE] <= inputs.high_price[leave] + half


@pytest.mark.parametrize("seed", range(12))
def test_compiled_kernel_equals_its_python_code(seed: int) -> None:
    inputs = dyadic_inputs(seed)

    compiled = call_rules(inputs)
    interpreted = call_rules(inputs, kernel=run_rules_kernel.py_func)

    for one in fields(compiled):
        np.testing.assert_array_equal(getattr(compiled, one.name), getattr(interpreted, one.name))


def test_random_rules_reach_every_reason() -> None:
    # The properties would say little about inputs that never stop, turn or fail.
    seen: dict[str, int] = dict.fromkeys(EXIT_REASONS, 0)
    for seed in range(400):
        for reason in call_rules(dyadic_inputs(seed)).reasons:
            if reason is not None:
                seen[reason] += 1

    assert min(seen.values()) >= 3, seen
