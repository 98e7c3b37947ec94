"""Each rule for bars, on rows made by hand."""

from datetime import UTC, date, datetime, timedelta
from math import log
from statistics import median

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantmill.core.calendar import calendar_for
from quantmill.core.instants import to_us
from quantmill.core.symbols import describe_symbol
from quantmill.errors import UsageError
from quantmill.ingest.spikes import SpikeLimits, find_spikes
from quantmill.ingest.validation import REASONS, Validated, ValidationRules, validate_bars
from quantmill.testing.lakes import FIRST_MINUTE, make_bars

NOW_US = to_us(datetime(2026, 1, 2, tzinfo=UTC))
FINE: dict[str, object] = {
    "ts": FIRST_MINUTE,
    "open": 100.0,
    "high": 101.0,
    "low": 99.0,
    "close": 100.5,
    "volume": 10.0,
}


def check(*rows: dict[str, object], symbol: str = "SPY", rules: ValidationRules | None = None) -> Validated:
    info = describe_symbol(symbol)
    frame = make_bars(symbol, 1).clear()
    frame = pl.DataFrame(
        [{"symbol": symbol, "provider": "files", "feed": "x", **FINE, **row} for row in rows],
        schema=frame.schema,
    )
    frame = frame.with_columns(
        pl.lit(None, pl.Float64).alias("vwap"), pl.lit(None, pl.Int64).alias("trade_count")
    )
    return validate_bars(
        frame, info, calendar_for(info.calendar), now_us=NOW_US, rules=rules or ValidationRules()
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"ts": None}, "unreadable_time"),
        ({"ts": FIRST_MINUTE + timedelta(seconds=30)}, "off_minute"),
        ({"ts": datetime(1980, 1, 2, 15, 0, tzinfo=UTC)}, "outside_calendar"),
        ({"ts": datetime(2024, 3, 10, 15, 0, tzinfo=UTC)}, "no_session"),  # a Sunday
        ({"ts": datetime(2024, 3, 29, 15, 0, tzinfo=UTC)}, "no_session"),  # Good Friday
        ({"ts": datetime(2026, 1, 2, 15, 0, tzinfo=UTC)}, "future"),
        ({"close": None}, "missing_price"),
        ({"open": float("nan")}, "price_not_finite"),
        ({"high": float("inf")}, "price_not_finite"),
        ({"low": 0.0}, "price_not_positive"),
        ({"open": -1.0, "low": -1.0}, "price_not_positive"),
        ({"high": 98.0, "low": 99.0}, "high_below_low"),
        ({"close": 101.01}, "outside_range"),
        ({"open": 98.99}, "outside_range"),
        ({"volume": -1.0}, "bad_volume"),
        ({"volume": float("inf")}, "bad_volume"),
    ],
)
def test_bad_row_has_its_reason(row: dict[str, object], reason: str) -> None:
    checked = check(row)

    assert checked.bad["reason"].to_list() == [reason]
    assert checked.good.height == 0
    assert reason in REASONS


@pytest.mark.parametrize(
    "row",
    [
        {"ts": datetime(2024, 3, 12, 8, 0, tzinfo=UTC)},  # 04:00 in New York, before the open
        {"ts": datetime(2024, 7, 3, 18, 0, tzinfo=UTC)},  # 14:00 on a half day that ended at 13:00
        {"volume": None},
        {"volume": 0.0},
        {"open": 99.0, "high": 99.0, "low": 99.0, "close": 99.0},
    ],
)
def test_good_row_stays(row: dict[str, object]) -> None:
    assert check(row).good.height == 1


def test_index_may_be_negative() -> None:
    row: dict[str, object] = {"open": -5.0, "high": 3.0, "low": -9.0, "close": 0.0, "volume": None}

    assert check(row, symbol="I:TICK").good.height == 1


def test_crypto_trades_on_sundays() -> None:
    assert check({"ts": datetime(2024, 3, 10, 3, 0, tzinfo=UTC)}, symbol="X:BTC-USD").good.height == 1


def test_rows_are_sorted_and_each_time_kept_once() -> None:
    second = {"ts": FIRST_MINUTE + timedelta(minutes=1)}

    checked = check(second, {}, {}, {"close": 100.6})

    assert checked.good.select("ts", "close").rows() == [
        (FIRST_MINUTE, 100.6),
        (FIRST_MINUTE + timedelta(minutes=1), 100.5),
    ]
    assert (checked.n_unsorted, checked.n_duplicates, checked.overruled["close"].to_list()) == (1, 1, [100.5])


def flat(*closes: float, wick: dict[int, float] | None = None) -> pl.DataFrame:
    """Bars whose range is their close, with a low of their own at some places."""
    close = np.array(closes)
    low = close.copy()
    for at, price in (wick or {}).items():
        low[at] = price
    return pl.DataFrame({"open": close, "high": close, "low": low, "close": close})


@pytest.mark.parametrize(
    ("bars", "spikes"),
    [
        (flat(100, 100, 100, 100, 100), []),
        (flat(100, 100, 90, 100, 100), [2]),
        (flat(100, 100, 110, 100, 100), [2]),
        (flat(100, 100, 100, 100, 100, wick={2: 80.0}), [2]),
        (flat(100, 100, 97, 100, 100), []),  # 3 %, below the limit of 3.5 %
        (flat(100, 100, 96, 100, 100), [2]),
        (flat(100, 100, 90, 90, 100, 100, 100), [2, 3]),
        (flat(100, 100, 100, 80, 80, 80, 80), []),  # a jump that stays
        (flat(700, 700, 700, 100, 100, 100), []),  # a split
        (flat(90, 100, 100, 100, 100, 90), []),  # no neighbor on one side
    ],
)
def test_spikes(bars: pl.DataFrame, spikes: list[int]) -> None:
    assert np.flatnonzero(find_spikes(bars, SpikeLimits())).tolist() == spikes


@given(prices=st.lists(st.floats(95.0, 105.0), min_size=3, max_size=12))
def test_spikes_are_measured_against_the_medians_of_three_neighbors(prices: list[float]) -> None:
    # By the standard library's median, with the limit at its least wherever the bars move.
    limits = SpikeLimits(min_frac=0.03, ranges=0.0)
    expected = [
        at
        for at in range(1, len(prices) - 1)
        for before, after in [(median(prices[max(0, at - 3) : at]), median(prices[at + 1 : at + 4]))]
        if max(log(prices[at] / max(before, after)), log(min(before, after) / prices[at])) > 0.03
    ]

    assert np.flatnonzero(find_spikes(flat(*prices), limits)).tolist() == expected


def test_spike_limit_grows_with_the_usual_move() -> None:
    # Bars of no range that go back and forth by 1 %, so 20 moves are 20 %: a dip of 10 % is no spike here.
    close = np.where(np.arange(41) % 2, 101.0, 100.0)
    close[20] = 90.0
    bars = flat(*close)

    assert not find_spikes(bars, SpikeLimits()).any()
    assert np.flatnonzero(find_spikes(bars, SpikeLimits(ranges=0.0))).tolist() == [20]


def test_wild_minutes_do_not_hide_a_spike_of_a_quiet_hour() -> None:
    # An hour that jumps by 1 % each minute, then two hours of 100.00: the dip to 95 is two hours away from it.
    wild = np.where(np.arange(60) % 2, 101.0, 100.0)
    quiet = np.full(120, 100.0)
    quiet[80] = 95.0

    assert np.flatnonzero(find_spikes(flat(*wild, *quiet), SpikeLimits())).tolist() == [140]


def split_bars(**prints: tuple[int, float]) -> pl.DataFrame:
    """Ten minutes of a Friday at 700 and ten of a Monday at 100, some prices set: `high=(10, 130.0)`."""
    friday = make_bars("AAPL", 10, start=datetime(2014, 6, 6, 19, 50, tzinfo=UTC), close=700.0)
    monday = make_bars("AAPL", 10, start=datetime(2014, 6, 9, 13, 30, tzinfo=UTC), close=100.0)
    bars = pl.concat([friday, monday]).with_columns(
        vwap=pl.lit(None, pl.Float64), trade_count=pl.lit(None, pl.Int64)
    )
    at = pl.int_range(pl.len())
    return bars.with_columns(
        pl.when(at == place).then(price).otherwise(name).alias(name)
        for name, (place, price) in prints.items()
    )


@pytest.mark.parametrize(
    ("prints", "without_split", "with_split"),
    [
        ({}, [], []),
        # The old price once more at the first bar of the ex-date, as AAPL had it on 2014-06-09 at 04:00.
        ({"open": (10, 700.0), "high": (10, 700.0)}, [], []),
        ({"low": (10, 80.0)}, [10], [10]),
        # 200 is between 700 and 100 as long as nothing is known; the last bar before the split is not 200.
        ({"low": (9, 200.0)}, [], [9]),
        ({"high": (12, 130.0)}, [12], [12]),
    ],
)
def test_split_moves_what_spikes_are_measured_against(
    prints: dict[str, tuple[int, float]], without_split: list[int], with_split: list[int]
) -> None:
    info, calendar, bars = describe_symbol("AAPL"), calendar_for("XNYS"), split_bars(**prints)

    spikes = [
        [
            bars["ts"].index_of(ts)
            for ts in validate_bars(bars, info, calendar, now_us=NOW_US, splits=splits).bad["ts"]
        ]
        for splits in ({}, {date(2014, 6, 9): 7.0})
    ]

    assert spikes == [without_split, with_split]


def test_spikes_go_to_the_bad_rows() -> None:
    minutes = [{"ts": FIRST_MINUTE + timedelta(minutes=at)} for at in range(5)]
    flat_price = {"open": 100.0, "high": 100.0, "low": 100.0, "close": 100.0}
    rows = [minute | flat_price for minute in minutes]
    rows[2] = minutes[2] | flat_price | {"low": 70.0}

    assert check(*rows).bad.select("ts", "reason").rows() == [(FIRST_MINUTE + timedelta(minutes=2), "spike")]
    assert check(*rows, rules=ValidationRules(spikes=None)).bad.height == 0


def test_spike_limit_must_be_positive() -> None:
    with pytest.raises(UsageError, match="needed above zero"):
        SpikeLimits(min_frac=0.0)
