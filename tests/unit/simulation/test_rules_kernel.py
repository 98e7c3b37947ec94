"""Positions under rules, each worked by hand."""

from dataclasses import replace

import numpy as np
import pytest

from quantmill.simulation.kernel import (
    ENTRY_PRICE,
    EXIT_PRICE,
    FEES,
    MAE,
    MFE,
    PNL,
    SPREAD,
)
from quantmill.simulation.order_costs import N_FEES, OF_SALE_VALUE
from quantmill.simulation.rules import Rules
from tests.kernel_inputs import fees_per_order
from tests.rules_inputs import RulesOutputs, call_rules, ruled

NAN = float("nan")
FLAT = [10.0] * 4


def only_trade(out: RulesOutputs) -> tuple[list[int], list[float], str | None]:
    """Bars, entry and exit price, reason of the one trade."""
    assert out.trade_bars.shape[0] == 1
    values = out.trade_values[0]
    return out.trade_bars[0].tolist(), values[[ENTRY_PRICE, EXIT_PRICE]].tolist(), out.reasons[0]


def test_a_short_round_trip() -> None:
    # Sold in bar 1 at 50 - 0.5 = 49.5: 20 × 49.5 + 1 = 991 fits in 1000, 21 do not. Cash 1000 + 990 - 1 = 1989.
    # At 52 the equity is 1989 - 1040 = 949. Covered in bar 3 at 45 + 0.5 = 45.5: cash 1989 - 910 - 1 = 1078.
    out = call_rules(
        ruled(
            Rules(side="short"),
            strength=[-1.0, NAN, 1.0, NAN],
            mark_price=[50.0, 50.0, 52.0, 46.0],
            fill_price=[50.0, 50.0, 52.0, 45.0],
            half_spread=[0.5] * 4,
            fee_usd=[1.0] * 4,
        )
    )

    assert out.equity.tolist() == [1000.0, 989.0, 949.0, 1078.0]
    assert out.position.tolist() == [0.0, -20.0, -20.0, 0.0]
    assert only_trade(out) == ([1, 3], [49.5, 45.5], "signal")
    assert out.trade_values[0, [FEES, SPREAD, PNL]].tolist() == [2.0, 20.0, 78.0]
    # The worst close is 52 against 49.5, the best price the exit at 45.5.
    assert out.trade_values[0, [MAE, MFE]] == pytest.approx([1 - 52 / 49.5, 1 - 45.5 / 49.5])


def test_a_short_sale_pays_the_regulators_out_of_its_budget() -> None:
    # One percent of the sale: 99 × 10 + 9.90 = 999.90 fits in 1000, 100 × 10 + 10 does not.
    fees = np.zeros((2, N_FEES))
    fees[:, OF_SALE_VALUE] = 0.01
    out = call_rules(ruled(Rules(side="short"), strength=[-1.0, NAN], mark_price=[10.0, 10.0], fees=fees))

    assert out.position[-1] == -99.0
    assert out.equity[-1] == pytest.approx(990.1)


def test_both_sides_turn_in_one_bar_by_two_orders() -> None:
    # Bought in bar 1 at 10: 99 shares and $1, cash 9. Bar 2: sold at 12 for 1188 - 1, cash 1196, then sold short:
    # 99 × 12 + 1 = 1189 fits, cash 1196 + 1188 - 1 = 2383. Covered in bar 3 at 10: 990 + 1, cash 1392, and bought:
    # 139 × 10 + 1 = 1391, cash 1.
    out = call_rules(
        ruled(
            Rules(side="both"),
            strength=[1.0, -1.0, 1.0, NAN],
            mark_price=[10.0, 10.0, 12.0, 10.0],
            fee_usd=[1.0] * 4,
        )
    )

    assert out.position.tolist() == [0.0, 99.0, -99.0, 139.0]
    assert out.equity.tolist() == [1000.0, 999.0, 1195.0, 1391.0]
    assert out.trade_bars.tolist() == [[1, 2], [2, 3], [3, -1]]
    assert out.trade_values[:2, PNL].tolist() == [196.0, 196.0]
    assert (out.n_trades, out.n_filled, out.n_lapsed) == (2, 5, 0)


def test_a_gate_closes_a_short_position_and_opens_none() -> None:
    out = call_rules(ruled(Rules(side="both"), strength=[-1.0, -np.inf, -np.inf, NAN], mark_price=[10.0] * 4))

    assert only_trade(out) == ([1, 2], [10.0, 10.0], "gate")


def test_the_short_side_alone_buys_nothing() -> None:
    out = call_rules(ruled(Rules(side="short"), strength=[1.0, 1.0, NAN], mark_price=[10.0] * 3))

    assert (out.n_filled, out.n_lapsed) == (0, 0)


@pytest.mark.parametrize(
    ("size", "weight", "shares"),
    # $1 of fee: usd:500 pays 49 × 10 + 1, half of 1000 as much; a weight of NaN lets the order lapse.
    [
        ("usd:500", [], 49),
        ("usd:5000", [], 99),
        ("fraction:0.5", [0.5, 0.5], 49),
        ("volatility:0.1", [NAN, 1.0], 0),
    ],
)
def test_sizes(size: str, weight: list[float], shares: int) -> None:
    inputs = ruled(
        Rules(size=size),
        strength=[1.0, NAN],
        mark_price=[10.0, 10.0],
        fee_usd=[1.0, 1.0],
        given={"size_weight": np.array(weight)},
    )

    out = call_rules(inputs)

    assert out.position[-1] == shares
    assert out.n_lapsed == (shares == 0)


def test_a_fraction_is_of_the_equity_at_the_close_of_the_signal() -> None:
    # 50 shares at 10; at 20 equity is 1500, sold at 20. The signal of bar 2 comes at that close: 0.5 × 1500 ÷ 10 = 75.
    out = call_rules(
        ruled(
            Rules(size="fraction:0.5"),
            strength=[1.0, -1.0, 1.0, NAN],
            mark_price=[10.0, 10.0, 20.0, 10.0],
            given={"size_weight": np.full(4, 0.5)},
        )
    )

    assert out.position.tolist() == [0.0, 50.0, 0.0, 75.0]


# A position entered at 100 in bar 1 (next open), watched in bar 2: open, high, low, and what must happen.
BAR_CASES = [
    # Nothing reached: stop 98, target 104.
    ("long", (100.0, 103.9, 98.1), None, NAN),
    # The low touches the stop; the open gaps below it.
    ("long", (100.0, 101.0, 98.0), "stop", 98.0),
    ("long", (97.0, 101.0, 96.0), "stop", 97.0),
    # The high touches the target; the open gaps above it.
    ("long", (100.0, 104.0, 99.0), "target", 104.0),
    ("long", (105.0, 106.0, 99.0), "target", 105.0),
    # Both in one bar, even where the open is beyond the target: the worse one.
    ("long", (100.0, 104.0, 98.0), "stop", 98.0),
    ("long", (105.0, 106.0, 97.0), "stop", 98.0),
    # Short: stop 102, target 96.
    ("short", (100.0, 101.9, 96.1), None, NAN),
    ("short", (100.0, 102.0, 99.0), "stop", 102.0),
    ("short", (103.0, 104.0, 99.0), "stop", 103.0),
    ("short", (100.0, 101.0, 96.0), "target", 96.0),
    ("short", (95.0, 101.0, 94.0), "target", 95.0),
    ("short", (100.0, 102.0, 96.0), "stop", 102.0),
]


@pytest.mark.parametrize(("side", "bar", "reason", "price"), BAR_CASES)
@pytest.mark.parametrize("moment", ["open", "inside", "close"])
def test_the_worse_one_first_inside_a_bar(
    moment: str, side: str, bar: tuple[float, float, float], reason: str | None, price: float
) -> None:
    opened, high, low = bar
    out = call_rules(
        ruled(
            Rules(side=side, stop_loss_frac=0.02, take_profit_frac=0.04),  # pyright: ignore[reportArgumentType]
            moment=moment,
            strength=[1.0 if side == "long" else -1.0, NAN, NAN],
            mark_price=[100.0] * 3,
            given={
                "open_price": [100.0, 100.0, opened],
                "high_price": [100.0, 100.0, high],
                "low_price": [100.0, 100.0, low],
            },
        )
    )

    assert out.reasons == [reason]
    if reason is not None:
        assert out.trade_bars.tolist() == [[1, 2]]
        assert out.trade_values[0, EXIT_PRICE] == pytest.approx(price)


@pytest.mark.parametrize(
    ("moment", "low", "high", "reason"),
    [
        # From the open on everything comes after the entry.
        ("open", 98.0, 101.0, "stop"),
        ("open", 99.0, 104.0, "target"),
        # Inside, the best price may have come before it, the worst must be feared.
        ("inside", 98.0, 101.0, "stop"),
        ("inside", 99.0, 104.0, None),
        # At the close the bar is over.
        ("close", 98.0, 104.0, None),
    ],
)
def test_what_acts_in_the_bar_of_the_entry(moment: str, low: float, high: float, reason: str | None) -> None:
    out = call_rules(
        ruled(
            Rules(stop_loss_frac=0.02, take_profit_frac=0.04),
            moment=moment,
            strength=[1.0, NAN, NAN],
            mark_price=[100.0] * 3,
            given={"high_price": [100.0, high, 100.0], "low_price": [100.0, low, 100.0]},
        )
    )

    assert out.reasons == [reason]
    assert out.trade_bars[0].tolist() == ([1, -1] if reason is None else [1, 1])


def test_a_trailing_stop_follows_completed_bars_alone() -> None:
    # Entered at 100 in bar 1, whose high is 110: from bar 2 on the level is 110 × 0.9 = 99. Bar 2 rises to 130 and falls to
    # 100: its own high does not count yet. Bar 3 has the level 117, reached from 120.
    out = call_rules(
        ruled(
            Rules(trailing_stop_frac=0.1),
            strength=[1.0, NAN, NAN, NAN],
            mark_price=[100.0, 105.0, 120.0, 118.0],
            fill_price=[100.0, 100.0, 105.0, 120.0],
            given={
                "high_price": [100.0, 110.0, 130.0, 121.0],
                "low_price": [100.0, 95.0, 100.0, 116.0],
            },
        )
    )

    assert out.trade_bars.tolist() == [[1, 3]]
    assert out.trade_values[0, EXIT_PRICE] == pytest.approx(117.0)
    assert out.reasons == ["trailing"]


def test_the_nearer_of_stop_and_trailing_stop_counts() -> None:
    # Stop at 95; the trailing stop of 20 % begins at 80 and is at 96 once a high of 120 is completed.
    def closed_at(high: float) -> tuple[str | None, float]:
        out = call_rules(
            ruled(
                Rules(stop_loss_frac=0.05, trailing_stop_frac=0.2),
                strength=[1.0, NAN, NAN],
                mark_price=[100.0, 100.0, 100.0],
                given={"high_price": [100.0, high, 100.0], "low_price": [100.0, 99.0, 90.0]},
            )
        )
        return out.reasons[0], out.trade_values[0, EXIT_PRICE]

    assert closed_at(110.0) == ("stop", pytest.approx(95.0))
    assert closed_at(120.0) == ("trailing", pytest.approx(96.0))


def test_a_stop_pays_half_spread_and_fee_and_the_next_signal_opens_again() -> None:
    # Entered at 100.5 for 9 shares; stop 100.5 × 0.9 = 90.45, sold at 89.95 less $1.
    out = call_rules(
        ruled(
            Rules(stop_loss_frac=0.1),
            strength=[1.0, NAN, 1.0, NAN],
            mark_price=[100.0, 100.0, 95.0, 95.0],
            half_spread=[0.5] * 4,
            fee_usd=[1.0] * 4,
            given={"low_price": [100.0, 100.0, 90.0, 95.0]},
        )
    )

    assert out.trade_bars.tolist() == [[1, 2], [3, -1]]
    assert out.trade_values[0, EXIT_PRICE] == pytest.approx(89.95)
    assert out.trade_values[0, PNL] == pytest.approx(9 * (89.95 - 100.5) - 2)
    assert out.equity[2] == pytest.approx(1000 + 9 * (89.95 - 100.5) - 2)


@pytest.mark.parametrize(
    ("moment", "trades", "reasons"),
    [
        # At the open the sell signal comes before the stop; inside, the stop before the signal, which finds nothing left.
        ("open", [[1, 2]], ["signal"]),
        ("inside", [[1, 2]], ["stop"]),
    ],
)
def test_order_of_signal_and_stop_in_one_bar(
    moment: str, trades: list[list[int]], reasons: list[str]
) -> None:
    out = call_rules(
        ruled(
            Rules(stop_loss_frac=0.02),
            moment=moment,
            strength=[1.0, -1.0, NAN],
            mark_price=[100.0] * 3,
            given={"low_price": [100.0, 100.0, 97.0]},
        )
    )

    assert (out.trade_bars.tolist(), out.reasons) == (trades, reasons)


def test_stopped_opened_and_stopped_again_in_one_bar() -> None:
    # Inside: the position of bar 1 is stopped in bar 2 at 98, the buy signal fills there at 100, its stop at 98 is reached
    # too. Each bar opens one position, so two bars make two trades.
    out = call_rules(
        ruled(
            Rules(stop_loss_frac=0.02),
            moment="inside",
            strength=[1.0, 1.0, NAN],
            mark_price=[100.0] * 3,
            given={"low_price": [100.0, 100.0, 97.0]},
        )
    )

    assert out.trade_bars.tolist() == [[1, 2], [2, 2]]
    assert out.trade_values[:, EXIT_PRICE].tolist() == [98.0, 98.0]


def test_a_stop_without_a_half_spread_takes_the_last_known() -> None:
    out = call_rules(
        ruled(
            Rules(stop_loss_frac=0.5),
            strength=[1.0, NAN, NAN],
            mark_price=[8.0, 8.0, 4.0],
            half_spread=[0.25, 0.0, NAN],
            given={"low_price": [8.0, 8.0, 3.0], "open_price": [8.0, 8.0, 8.0]},
        )
    )

    assert only_trade(out) == ([1, 2], [8.0, 4.0], "stop")


def test_flat_at_the_close_closes_at_the_last_bar_and_opens_nothing_there() -> None:
    # Sessions of three bars. Entered in bar 1, closed at bar 2's close 12 - 0.5. The signal of bar 4 would open in
    # bar 5, the last of its session: it lapses.
    out = call_rules(
        ruled(
            Rules(flat_at_close=True),
            strength=[1.0, NAN, NAN, NAN, 1.0, NAN],
            mark_price=[10.0, 10.0, 12.0, 10.0, 10.0, 10.0],
            half_spread=[0.0, 0.0, 0.5, 0.0, 0.0, 0.0],
            given={"session_end": np.array([3, 6])},
        )
    )

    assert only_trade(out) == ([1, 2], [10.0, 11.5], "close")
    assert out.n_lapsed == 1


def test_a_signal_sells_at_the_open_of_a_last_bar_before_its_close() -> None:
    out = call_rules(
        ruled(
            Rules(flat_at_close=True, side="both"),
            strength=[1.0, -1.0, NAN],
            mark_price=[10.0, 10.0, 12.0],
            fill_price=[10.0, 10.0, 11.0],
        )
    )

    # The turn sells, but may not open the short position.
    assert only_trade(out) == ([1, 2], [10.0, 11.0], "signal")
    assert out.n_lapsed == 1


def test_borrowed_shares_cost_at_each_session_end() -> None:
    # 25200 bps a year are one percent a session. 100 shares at 10: $10 at the end of bar 1, 100 × 20 × 1 % = $20 after bar 2.
    out = call_rules(
        ruled(
            Rules(side="short", borrow_bps=25_200.0, size="usd:1000"),
            strength=[-1.0, NAN, 1.0, NAN],
            mark_price=[10.0, 10.0, 20.0, 10.0],
            initial_cash_usd=10_000.0,
            given={"session_end": np.array([2, 3, 4])},
        )
    )

    assert out.equity.tolist() == pytest.approx([10_000.0, 9_990.0, 8_970.0, 9_970.0])
    assert out.trade_values[0, [FEES, PNL]] == pytest.approx([30.0, -30.0])


def test_a_short_position_that_eats_all_equity_is_closed_and_nothing_opens_again() -> None:
    # 100 sold at 10: cash 2000. At 20 the equity is 0: covered at 20 + 0.5, which leaves 2000 - 2050 - 1 = -51.
    out = call_rules(
        ruled(
            Rules(side="both"),
            strength=[-1.0, NAN, NAN, 1.0, -1.0, NAN],
            mark_price=[10.0, 10.0, 20.0, 5.0, 5.0, 5.0],
            half_spread=[0.0, 0.0, 0.5, 0.0, 0.0, 0.0],
            fee_usd=[0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
        )
    )

    assert only_trade(out) == ([1, 2], [10.0, 20.5], "margin")
    assert out.equity.tolist() == [1000.0, 1000.0, -51.0, -51.0, -51.0, -51.0]
    assert out.n_lapsed == 2


def test_a_short_position_is_covered_although_cash_does_not_pay_for_it() -> None:
    # The open gaps to 25: covered for 2500 with 2000 at hand.
    out = call_rules(
        ruled(
            Rules(side="short", stop_loss_frac=0.5),
            strength=[-1.0, NAN, NAN],
            mark_price=[10.0, 10.0, 26.0],
            fill_price=[10.0, 10.0, 25.0],
        )
    )

    assert only_trade(out) == ([1, 2], [10.0, 25.0], "stop")
    assert out.equity[-1] == -500.0


def test_signals_past_the_end_are_pending_by_the_side_that_is_held() -> None:
    # Short from bar 3 on. Of the last three signals one covers, one closes, one sells what is sold already.
    out = call_rules(
        ruled(
            Rules(side="both"),
            strength=[-1.0, NAN, NAN, 1.0, -np.inf, -1.0],
            mark_price=[10.0] * 6,
            delay_bars=3,
        )
    )

    assert (out.n_filled, out.n_pending) == (1, 2)


@pytest.mark.parametrize(
    ("opened", "high", "low", "price"),
    [
        # Worked over several bars down to its last one, an order fills at 100 where that bar knows 97 at most: the stop at 98 was
        # passed before the bar, so its open counts.
        (96.0, 97.0, 95.0, 96.0),
        # The bar opens above the stop and falls through it.
        (99.0, 99.5, 95.0, 98.0),
    ],
)
def test_a_fill_price_that_its_bar_never_had_does_not_help_a_stop(
    opened: float, high: float, low: float, price: float
) -> None:
    out = call_rules(
        ruled(
            Rules(stop_loss_frac=0.02),
            moment="inside",
            strength=[1.0, NAN, NAN],
            mark_price=[100.0, 96.0, 96.0],
            fill_price=[100.0, 100.0, 96.0],
            given={
                "open_price": [100.0, opened, 96.0],
                "high_price": [100.0, high, 96.0],
                "low_price": [100.0, low, 96.0],
            },
        )
    )

    assert only_trade(out) == ([1, 1], [100.0, price], "stop")


def test_a_spread_of_half_the_range_leads_no_stop_beyond_the_bar() -> None:
    # Adverse fills: bought at the high 101, the half spread being 1. Stop at 101 × 0.9 = 90.9; the bar falls from 95 to 90 with a
    # half range of 2.5: sold at its low 90, not at 88.4.
    inputs = ruled(
        Rules(stop_loss_frac=0.1, size="usd:1010"),
        moment="inside",
        strength=[1.0, NAN, NAN],
        mark_price=[100.0, 100.0, 92.0],
        fill_price=[100.0, 100.0, 92.5],
        half_spread=[1.0, 1.0, 2.5],
        initial_cash_usd=2000.0,
        given={
            "open_price": [100.0, 100.0, 95.0],
            "high_price": [101.0, 101.0, 95.0],
            "low_price": [99.0, 99.0, 90.0],
        },
    )

    out = call_rules(replace(inputs, rules=inputs.rules._replace(stays_in_range=True)))

    assert only_trade(out) == ([1, 2], [101.0, pytest.approx(90.0)], "stop")
    assert out.trade_values[0, [SPREAD, PNL]] == pytest.approx([10 * (1.0 + 0.9), -110.0])


@pytest.mark.parametrize("side", ["long", "short"])
def test_volume_limits_what_opens_a_position_and_never_what_closes_it(side: str) -> None:
    # 100 shares are wanted, 30 allowed; in the bar that closes them only 5 would be.
    sign = 1.0 if side == "long" else -1.0
    out = call_rules(
        ruled(
            Rules(side=side),  # pyright: ignore[reportArgumentType]
            strength=[sign, -sign, NAN],
            mark_price=[10.0] * 3,
            most_shares=[1.0, 30.0, 5.0],
        )
    )

    assert out.position.tolist() == [0.0, sign * 30.0, 0.0]
    assert out.n_trades == 1


def test_fees_are_those_of_the_period_of_each_order() -> None:
    # One dollar per order up to bar 1, three from bar 2 on: 1 for the sale, 3 for covering.
    out = call_rules(
        ruled(
            Rules(side="short", size="usd:501"),
            strength=[-1.0, 1.0, NAN],
            mark_price=[10.0] * 3,
            fee_end=[2, 3],
            fees=fees_per_order(np.array([1.0, 3.0])),
        )
    )

    assert out.trade_values[0, [FEES, PNL]].tolist() == [4.0, -4.0]
    assert out.equity.tolist() == [1000.0, 999.0, 996.0]
