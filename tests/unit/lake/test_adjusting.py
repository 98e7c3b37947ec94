"""Views of raw bars: splits forward and back, total returns by dividends."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantmill.core.calendar import calendar_for
from quantmill.core.instants import day_of_date
from quantmill.core.span import Span
from quantmill.errors import DataError, NotFoundError
from quantmill.lake import Lake
from quantmill.lake.adjusting import Adjust, dividend_factors, split_factors
from quantmill.testing.lakes import make_bars, open_lake

# Four sessions in a row: Monday to Thursday.
DAYS = [date(2024, 3, day) for day in (11, 12, 13, 14)]


def actions(*rows: tuple[date, str, float], symbol: str = "AA") -> pl.DataFrame:
    frame = pl.DataFrame(
        rows, schema={"ex_date": pl.Date, "kind": pl.String, "value": pl.Float64}, orient="row"
    )
    is_split = pl.col("kind") == "split"
    return frame.select(
        pl.lit(symbol).alias("symbol"),
        "ex_date",
        "kind",
        pl.when(is_split).then("value").alias("ratio"),
        pl.when(~is_split).then("value").alias("amount"),
    )


def last_minutes(closes: Sequence[float], days: Sequence[date] = DAYS) -> pl.DataFrame:
    """One bar per session, its last regular minute."""
    calendar = calendar_for("XNYS")
    starts = [datetime.fromtimestamp(int(calendar.regular_minutes(day)[-1]) / 1e6, UTC) for day in days]
    return pl.concat(
        make_bars("AA", 1, start=start, close=close) for start, close in zip(starts, closes, strict=True)
    )


def closes(lake: Lake, adjust: Adjust, span: Span | None = None) -> list[float]:
    return lake.read_bars("AA", span, adjust=adjust)["close"].to_list()


def test_a_dividend_scales_all_closes_before_it_by_what_is_left_of_the_last_one(lake: Lake) -> None:
    # By hand: 2 of 100 on the third day leaves 0.98, then 1 of 50 on the fourth leaves 0.98 again.
    lake.write("bars", last_minutes([90.0, 100.0, 50.0, 49.0]))
    lake.write("corporate_actions", actions((DAYS[2], "dividend", 2.0), (DAYS[3], "dividend", 1.0)))

    total = closes(lake, "total")

    assert total == pytest.approx([90 * 0.98 * 0.98, 100 * 0.98 * 0.98, 50 * 0.98, 49.0], rel=1e-15)
    assert (
        closes(lake, "back") == closes(lake, "forward") == closes(lake, "none") == [90.0, 100.0, 50.0, 49.0]
    )


def test_total_returns_go_through_a_split_and_volume_moves_by_the_split_alone(lake: Lake) -> None:
    # 2 to 1 on the third day: 80 become 40. A dividend of 4 on the fourth day is a tenth of 40.
    lake.write("bars", last_minutes([80.0, 80.0, 40.0, 36.0]))
    lake.write("corporate_actions", actions((DAYS[2], "split", 2.0), (DAYS[3], "dividend", 4.0)))

    bars = lake.read_bars("AA", adjust="total")

    assert bars["close"].to_list() == pytest.approx([36.0, 36.0, 36.0, 36.0], rel=1e-15)
    assert bars["volume"].to_list() == [2000.0, 2000.0, 1000.0, 1000.0]


def test_a_dividend_on_the_day_of_a_split_is_per_new_share(lake: Lake) -> None:
    # 2 to 1 and 5 per new share: 10 of 100 per old one. The price then is (100 - 10) / 2.
    lake.write("bars", last_minutes([100.0, 100.0, 45.0, 45.0]))
    lake.write("corporate_actions", actions((DAYS[2], "split", 2.0), (DAYS[2], "dividend", 5.0)))

    assert closes(lake, "total") == pytest.approx([45.0, 45.0, 45.0, 45.0], rel=1e-15)


def test_a_dividend_whose_close_before_is_not_stored_is_refused_by_name(lake: Lake) -> None:
    days = [DAYS[0], DAYS[2], DAYS[3]]
    lake.write("bars", last_minutes([100.0, 98.0, 97.0], days))
    lake.write("corporate_actions", actions((DAYS[2], "dividend", 2.0)))

    with pytest.raises(
        NotFoundError, match=r"1 of 1 dividends.*2024-03-12 \(dividend of 2024-03-13\)"
    ) as caught:
        closes(lake, "total")

    assert "--adjust back" in caught.value.hint
    # Bars from the ex-date on do not need it.
    since = Span(datetime(2024, 3, 13, tzinfo=UTC), datetime(2024, 3, 16, tzinfo=UTC))
    assert closes(lake, "total", since) == [98.0, 97.0]


def test_only_regular_bars_tell_the_close_before_a_dividend(lake: Lake) -> None:
    late = make_bars("AA", 1, start=datetime(2024, 3, 12, 21, 0, tzinfo=UTC), close=500.0)
    lake.write("bars", pl.concat([last_minutes([90.0, 100.0, 98.0, 98.0]), late]))
    lake.write("corporate_actions", actions((DAYS[2], "dividend", 2.0)))

    assert closes(lake, "total") == pytest.approx([90 * 0.98, 98.0, 98.0, 98.0], rel=1e-15)


def test_dividends_after_the_last_stored_session_change_nothing_and_later_ones_in_the_lake_do(
    lake: Lake,
) -> None:
    lake.write("bars", last_minutes([90.0, 100.0, 98.0, 97.0]))
    lake.write("corporate_actions", actions((DAYS[2], "dividend", 2.0), (date(2024, 6, 3), "dividend", 1.0)))
    first_day = Span(datetime(2024, 3, 11, tzinfo=UTC), datetime(2024, 3, 12, tzinfo=UTC))

    assert closes(lake, "total", first_day) == pytest.approx([90 * 0.98])


def test_a_dividend_as_large_as_the_price_is_refused(lake: Lake) -> None:
    lake.write("bars", last_minutes([90.0, 100.0, 50.0, 49.0]))
    lake.write("corporate_actions", actions((DAYS[2], "dividend", 100.0)))

    with pytest.raises(DataError, match="dividend of 2024-03-13 is 100, not below the close before it, 100"):
        closes(lake, "total")


def test_the_tail_is_the_end_of_the_whole_view_over_several_files(lake: Lake) -> None:
    days = [date(2023, 12, 28), date(2023, 12, 29), date(2024, 1, 2), date(2024, 1, 3)]
    lake.write("bars", last_minutes([90.0, 100.0, 98.0, 97.0], days))
    lake.write("corporate_actions", actions((days[1], "dividend", 9.0), (days[2], "dividend", 2.0)))

    assert len(lake.files("bars")) == 2
    assert lake.tail("AA", 3, adjust="total").equals(lake.read_bars("AA", adjust="total").tail(3))


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_adjusted_returns_are_those_of_a_holder_who_reinvests_each_dividend(seed: int) -> None:
    rng = np.random.default_rng(seed)
    days = calendar_for("XNYS").sessions(date(2023, 12, 1), date(2024, 2, 1))
    price = np.round(np.exp(rng.normal(4.0, 0.05, len(days))), 2)
    rows: list[tuple[date, str, float]] = []
    shares, value = 1.0, [price[0]]
    for at in range(1, len(days)):
        split = float(rng.choice([1.0, 1.0, 1.0, 2.0, 0.5]))
        dividend = float(rng.choice([0.0, 0.0, 0.5, 1.25]))
        if split != 1.0:
            rows.append((days[at], "split", split))
        if dividend:
            rows.append((days[at], "dividend", dividend))
        # Old shares become `split` new ones; the cash buys more of them at the last close less the dividend.
        shares *= split
        shares *= 1 + dividend / (price[at - 1] / split - dividend)
        value.append(shares * price[at])
    with TemporaryDirectory() as folder:
        lake = open_lake(Path(folder))
        lake.write("bars", last_minutes([float(one) for one in price], days))
        if rows:
            lake.write("corporate_actions", actions(*rows))

        total = np.array(closes(lake, "total"))
        lake.state.close()

    np.testing.assert_allclose(total / total[0], np.array(value) / value[0], rtol=1e-11)


@given(seed=st.integers(0, 10_000), cut=st.integers(0, 39))
def test_later_splits_never_change_the_forward_view_of_the_past(seed: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    session = np.sort(rng.integers(19_000, 19_040, 200))
    ex_days = rng.permutation(np.arange(19_000, 19_040))[:8]
    ratios = rng.choice([0.1, 0.5, 1.5, 2.0, 7.0, 1.0027], ex_days.size)
    known = ex_days <= 19_000 + cut
    past = session <= 19_000 + cut

    def forward(chosen: np.ndarray) -> np.ndarray:
        dates = [date.fromordinal(719_163 + int(day)) for day in ex_days[chosen]]
        return split_factors(session, dates, ratios[chosen].tolist(), adjust="forward")

    np.testing.assert_array_equal(forward(known)[past], forward(np.ones(8, dtype=bool))[past])


def test_factors_do_not_depend_on_the_order_of_the_actions() -> None:
    session = np.array([day_of_date(day) for day in DAYS])

    one = dividend_factors(session, [DAYS[1], DAYS[3]], [0.5, 0.9])
    other = dividend_factors(session, [DAYS[3], DAYS[1]], [0.9, 0.5])

    assert one.tolist() == other.tolist() == [0.45, 0.9, 0.9, 1.0]
