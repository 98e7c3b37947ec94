"""Findings of a run, each worked by hand on a few bars."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays, ts_of
from quantmill.core.calendar import calendar_for
from quantmill.core.instants import date_of_day
from quantmill.simulation.fills import Costs
from quantmill.simulation.findings import findings_of_labels, labels_of
from quantmill.simulation.rules import NO_RULES, Rules
from quantmill.simulation.signal import NO_FILTERS, SignalSource, prepare_stream
from quantmill.simulation.source import Refit, lay_out
from quantmill.simulation.trial import TrialSetup, run_trial
from tests.synthetic_sessions import FIRST_SESSION, bars_of_closes

NAN = float("nan")
FREE = Costs(half_spread_bps=0.0, half_spread_min_usd=0.0, fee_usd=0.0)
BUY, SELL = 1.0, -1.0


def bars_on(sessions: Sequence[Sequence[int]], price: float = 100.0) -> BarArrays:
    """Bars at these minutes after the open of consecutive sessions, all at one price."""
    calendar = calendar_for("XNYS")
    days = calendar.next_sessions(FIRST_SESSION, len(sessions))
    ts_us = np.concatenate(
        [calendar.regular_minutes(day)[list(minutes)] for day, minutes in zip(days, sessions, strict=True)]
    )
    close = np.full(ts_us.size, price)
    return BarArrays(ts_us, close, close, close, close, np.ones(close.size), calendar.label(ts_us))


def source_of(bars: BarArrays, signals: Sequence[float]) -> SignalSource:
    values: Floats = np.array(signals, dtype=np.float64)
    predictions = pl.DataFrame({"ts": ts_of(bars.ts_us), "prediction": values})
    refit = Refit(int(bars.session[0]), int(bars.session[-1]), {})
    return replace(lay_out("SPY", bars, predictions, [refit]), model_id="m-test", model_name="test")


def labels(
    source: SignalSource,
    costs: Costs = FREE,
    *,
    threshold: float = 0.5,
    cash: float = 100_000.0,
    rules: Rules = NO_RULES,
) -> dict[str, str]:
    stream, setup = prepare_stream(source, NO_FILTERS), TrialSetup(threshold, costs, cash, rules)
    return labels_of(stream, setup, run_trial(stream, setup))


def test_few_sessions_and_round_trips_are_told_with_the_number_needed() -> None:
    found = labels(source_of(bars_on([range(4)]), [BUY, SELL, 0, 0]))

    assert found == {
        "few_sessions": "rests on 1 session, fewer than 60",
        "few_trades": "rests on 1 round trip, fewer than 30",
    }


def test_thirty_round_trips_are_not_few() -> None:
    found = labels(source_of(bars_on([range(61)]), [BUY, SELL] * 30 + [0]))

    assert "few_trades" not in found


def test_origin_of_the_signal_and_of_the_fill_are_told() -> None:
    source = replace(source_of(bars_on([range(4)]), [BUY, SELL, 0, 0]), model_id=None, is_synthetic=True)

    found = labels(source, replace(FREE, fill="close"))

    assert {"naive_fill", "external_predictions", "synthetic"} <= set(found)


def test_a_single_venue_is_told_with_its_share() -> None:
    source = source_of(bars_on([range(4)]), [BUY, SELL, 0, 0])

    found = labels(replace(source, grades={"single venue": 3, "recorded": 1}))

    assert found["single_venue"].startswith("3 of 4 bars (75.00 %) tell the trades of a single venue")
    assert "single_venue" not in labels(replace(source, grades={"consolidated": 4}))


def test_less_than_buy_and_hold_is_told_with_both_returns() -> None:
    # Bought at the open of the second bar at 101, sold at the third at 102; the share goes from 100 to 110.
    source = source_of(bars_of_closes([[100.0, 101.0, 102.0, 110.0]]), [BUY, SELL, 0, 0])

    found = labels(source, cash=101.0)

    assert found["below_buy_hold"] == "returned 0.99 %, less than buying and holding: 10.00 %"


def test_costs_above_break_even_are_told_with_both_numbers() -> None:
    # One share bought at 100 and sold at 101 for a fee of one dollar each: 201 dollars traded, 2 paid, 1 earned
    # before costs. 2 / 201 is 99.50 bps, 1 / 201 is 49.75 bps.
    source = source_of(bars_of_closes([[100.0, 100.0, 101.0, 101.0]]), [BUY, SELL, 0, 0])

    found = labels(source, replace(FREE, fee_usd=1.0), cash=102.0)

    assert found["cost_above_break_even"] == (
        "pays 99.50 bps of the value traded and breaks even at 49.75 bps: it loses because of its costs alone"
    )
    assert "cost_above_break_even" not in labels(source, replace(FREE, fee_usd=0.25), cash=102.0)


def test_a_run_that_loses_before_costs_says_so() -> None:
    # 100 to 99: one dollar of 199 traded is lost before any cost, 50.25 bps; two dollars of fees are 100.50 bps.
    source = source_of(bars_of_closes([[100.0, 100.0, 99.0, 99.0]]), [BUY, SELL, 0, 0])

    found = labels(source, replace(FREE, fee_usd=1.0), cash=102.0)

    assert found["cost_above_break_even"] == (
        "pays 100.50 bps of the value traded and breaks even at -50.25 bps: it loses even before costs"
    )


def test_costs_of_a_position_still_open_count() -> None:
    # Bought at 100 for a fee of one dollar, worth 100 at the end: 1 / 100 is 100 bps, and it earned nothing.
    source = source_of(bars_on([range(3)]), [BUY, 0, 0])

    found = labels(source, replace(FREE, fee_usd=1.0), cash=101.0)

    assert found["cost_above_break_even"].startswith(
        "pays 100.00 bps of the value traded and breaks even at 0.00"
    )
    assert found["open_position"].startswith("ends holding 1 share, 100.00 % of the equity")


def test_fills_that_wait_for_missing_minutes_are_stale() -> None:
    # Minutes 1 to 9 are missing: the order of minute 0 could have filled at minute 1 and fills at minute 10, nine late.
    # The order of minute 11 fills at minute 17, five late, which is not yet stale.
    source = source_of(bars_on([[0, 10, 11, 17, 18]]), [BUY, 0, SELL, 0, 0])

    found = labels(source)

    assert found["stale_fills"] == (
        "1 of 2 fills (50.00 %) came more than 5 minutes late, the latest 9 minutes, because minutes are missing; "
        "at most 1.00 % should"
    )


def test_a_delay_that_was_asked_for_is_not_late() -> None:
    # The fourth bar after the signal, with no minute missing.
    source = source_of(bars_on([range(10)]), [BUY, 0, 0, 0, SELL, 0, 0, 0, 0, 0])

    found = labels(source, replace(FREE, fill="delayed_mid"))

    assert not {"stale_fills", "overnight_fills"} & set(found)


def test_orders_that_wait_over_night_are_counted_apart() -> None:
    # The order of the first session's last bar fills at the open of the second one.
    source = source_of(bars_on([[388, 389], [0, 1, 2]]), [0, BUY, SELL, 0, 0])

    found = labels(source)

    assert found["overnight_fills"] == "1 of 2 orders (50.00 %) waited over night"
    assert "stale_fills" not in found


def test_orders_that_lapse_are_told_with_their_share() -> None:
    # 99 dollars buy no share at 100: the orders of two bars lapse.
    found = labels(source_of(bars_on([range(4)]), [BUY, BUY, 0, 0]), cash=99.0)

    assert found["lapsed_orders"].startswith("2 of 2 orders (100.00 %) lapsed")


def test_short_positions_over_night_without_interest_are_told() -> None:
    # Short from the second minute of the first session on, covered in the second minute of the third.
    source = source_of(bars_on([range(3), range(2), range(3)]), [SELL, 0, 0, 0, 0, BUY, 0, 0])

    found = labels(source, rules=Rules(side="short"))

    assert found["free_borrowing"].startswith("was short at the end of 2 sessions of 3 and paid nothing")
    assert "free_borrowing" not in labels(source, rules=Rules(side="short", borrow_bps=30.0))
    assert "free_borrowing" not in labels(source, rules=Rules(side="short", flat_at_close=True))


def test_a_short_position_that_is_still_there_is_told_as_one() -> None:
    found = labels(source_of(bars_on([range(3)]), [SELL, 0, 0]), cash=250.0, rules=Rules(side="short"))

    # Two shares of 100 against an equity of 250.
    assert found["open_position"].startswith("ends short of 2 shares, 80.00 % of the equity")


def test_costs_of_a_short_trade_are_of_the_value_traded() -> None:
    # Sold and covered at 100, a dollar each: 2 ÷ 200 is 100 bps, and it earned nothing.
    source = source_of(bars_on([range(4)]), [SELL, 0, BUY, 0])

    found = labels(source, replace(FREE, fee_usd=1.0), cash=101.0, rules=Rules(side="short"))

    assert found["cost_above_break_even"].startswith("pays 100.00 bps of the value traded")


def test_equity_that_a_short_position_ate_is_told_with_its_day() -> None:
    # Ten sold at 100; at 200 nothing is left.
    bars = bars_of_closes([[100.0, 100.0, 100.0], [200.0, 100.0]])
    source = source_of(bars, [SELL, 0, 0, SELL, 0])

    found = labels(source, cash=1000.0, rules=Rules(side="short"))

    day = date_of_day(int(bars.session[-1]))
    assert (
        found["ruined"]
        == f"lost all equity on {day}: it was worth 0.00 USD at a close, and nothing opened after that"
    )


def test_orders_of_rules_wait_for_nothing() -> None:
    # Bought in minute 1 at 100; the session's last minute, 11, comes nine late, and closes by itself. No signal waited for it.
    source = source_of(bars_on([[0, 1, 11], [0]]), [BUY, 0, 0, 0])

    found = labels(source, rules=Rules(flat_at_close=True))

    assert {"stale_fills", "overnight_fills"}.isdisjoint(found)


def test_positions_closed_before_the_last_minute_of_a_session_are_told() -> None:
    # 390 minutes: the first session's last bar is its last minute, the second one's is minute 100.
    source = source_of(bars_on([[0, 1, 389], [0, 1, 100]]), [BUY, 0, 0, BUY, 0, 0])

    found = labels(source, rules=Rules(flat_at_close=True))

    assert found["early_closes"].startswith(
        "1 of 2 positions closed at the end of a session were closed before"
    )
    assert "early_closes" not in labels(source)


def test_orders_that_would_open_in_a_last_bar_lapse_by_their_rule() -> None:
    found = labels(source_of(bars_on([range(2)]), [BUY, 0]), rules=Rules(flat_at_close=True))

    assert found["lapsed_orders"].endswith("or they would have opened in a session's last bar")


def test_orders_that_their_size_does_not_pay_lapse() -> None:
    found = labels(source_of(bars_on([range(3)]), [BUY, 0, 0]), rules=Rules(size="usd:99"))

    assert found["lapsed_orders"] == (
        "1 of 1 orders (100.00 %) lapsed because a price was missing, cash did not suffice or a size of usd:99 paid no share"
    )


def test_predictions_of_few_bars_are_told() -> None:
    source = source_of(bars_on([range(10)]), [BUY, SELL, *[NAN] * 2, *[0.0] * 6])

    found = labels(source)

    assert found["few_predictions"].startswith("8 of 10 bars (80.00 %) have a prediction, fewer than 90.00 %")


@pytest.mark.parametrize("n_known", [9, 10])
def test_predictions_of_nine_bars_in_ten_are_not_few(n_known: int) -> None:
    signals = [BUY, SELL, *[0.0] * (n_known - 2), *[NAN] * (10 - n_known)]

    assert "few_predictions" not in labels(source_of(bars_on([range(10)]), signals))


def test_warnings_come_first_and_unknown_names_are_notes() -> None:
    findings = findings_of_labels(
        {"of_later_days": "x", "open_position": "held", "few_trades": "few", "synthetic": "made up"}
    )

    assert [one.line for one in findings] == ["warning: made up", "warning: few", "note: held", "note: x"]


def test_sessions_without_known_rates_of_regulatory_fees_are_told() -> None:
    source = source_of(bars_on([range(4)] * 6), [BUY, SELL, 0, 0] * 6)
    later = replace(source, market=replace(source.market, session=source.market.session + 365 * 20))
    charged = replace(FREE, regulatory_fees=True)

    assert "regulatory_fees" not in labels(source, charged)
    assert "on 6 of 6 sessions the nearest ones were charged" in labels(later, charged)["regulatory_fees"]
    assert "regulatory_fees" not in labels(later)
