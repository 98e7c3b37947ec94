"""Reads: spans, hours, splits, snapshots, the last bars, what there is."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from quantmill.core.span import Span
from quantmill.errors import DamagedFileError, NotFoundError
from quantmill.lake import Lake
from quantmill.testing.lakes import FIRST_MINUTE, make_bars

YEAR_ENDS = [datetime(year, 12, 30, 15, tzinfo=UTC) for year in (2022, 2024, 2025)]


def split(symbol: str, ex_date: date, ratio: float) -> pl.DataFrame:
    return pl.DataFrame({"symbol": [symbol], "ex_date": [ex_date], "kind": ["split"], "ratio": [ratio]})


def test_a_span_is_half_open_and_prunes_files(lake: Lake) -> None:
    lake.write("bars", pl.concat([make_bars("SPY", 10, start=start) for start in YEAR_ENDS]))
    span = Span(datetime(2024, 12, 30, 15, 3, tzinfo=UTC), datetime(2024, 12, 30, 15, 6, tzinfo=UTC))

    bars = lake.read_bars("SPY", span)

    assert [ts.minute for ts in bars["ts"]] == [3, 4, 5]
    assert [file.period for file in lake.files("bars", span=span)] == ["2024"]
    assert lake.scan("bars", span=span, columns=["ts"]).collect().height == 3


def test_a_span_that_ends_at_a_files_first_bar_does_not_open_the_file(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 10))
    before = Span(datetime(2024, 1, 1, tzinfo=UTC), FIRST_MINUTE)

    assert lake.files("bars", span=before) == []
    assert lake.read_bars("SPY", before).height == 0


def test_readers_get_regular_bars_unless_extended_hours_are_asked_for(lake: Lake) -> None:
    # 2024-03-12: New York is on summer time, the session opens at 13:30 UTC.
    lake.write("bars", make_bars("SPY", 60, start=datetime(2024, 3, 12, 13, 0, tzinfo=UTC)))

    assert lake.read_bars("SPY").height == 30
    assert lake.read_bars("SPY")["ts"][0] == FIRST_MINUTE
    assert lake.read_bars("SPY", hours="extended").height == 60


def test_forward_adjustment_multiplies_from_the_ex_date_on_and_back_divides_before_it(lake: Lake) -> None:
    # A split of 4 to 1 on 03-13 and of 2 to 1 on 03-14, by hand: 800 dollars become 200, then 100.
    days = [
        make_bars("AA", 1, start=FIRST_MINUTE.replace(day=day), close=close, volume=volume)
        for day, close, volume in ((12, 800.0, 100.0), (13, 200.0, 400.0), (14, 100.0, 800.0))
    ]
    lake.write("bars", pl.concat(days))
    actions = pl.concat([split("AA", date(2024, 3, 14), 2.0), split("AA", date(2024, 3, 13), 4.0)])
    lake.write("corporate_actions", actions)

    forward, none, back = (lake.read_bars("AA", adjust=adjust) for adjust in ("forward", "none", "back"))

    assert forward["close"].to_list() == [800.0, 800.0, 800.0]
    assert forward["volume"].to_list() == [100.0, 100.0, 100.0]
    assert none["close"].to_list() == [800.0, 200.0, 100.0]
    assert back["close"].to_list() == [100.0, 100.0, 100.0]
    assert back["volume"].to_list() == [800.0, 800.0, 800.0]
    assert lake.tail("AA", 1)["close"].to_list() == [800.0]


def test_a_later_split_does_not_change_the_forward_adjusted_past(lake: Lake) -> None:
    lake.write("bars", make_bars("AA", 20))
    before = lake.read_bars("AA")

    lake.write("corporate_actions", split("AA", date(2024, 3, 13), 7.0))

    assert lake.read_bars("AA").equals(before)


def test_apples_split_of_2014_leaves_no_jump_in_the_adjusted_close(lake: Lake, real_data: Path) -> None:
    # SOURCE: Apple split 7 to 1 with ex-date 2014-06-09; raw closes fall from about 645 to about 93.
    raw = pl.read_parquet(real_data / "bars" / "lean_1m.parquet").filter(
        pl.col("symbol") == "AAPL", pl.col("ts").dt.year() == 2014, pl.col("ts").dt.month() == 6
    )
    bars = raw.select(
        "symbol", "ts", "open", "high", "low", "close", pl.col("volume").cast(pl.Float64)
    ).with_columns(provider=pl.lit("files"), feed=pl.lit("lean"))
    lake.write("bars", bars)
    lake.write("corporate_actions", split("AAPL", date(2014, 6, 9), 7.0))

    def overnight(adjust: str) -> float:
        closes = lake.read_bars("AAPL", adjust=adjust)  # pyright: ignore[reportArgumentType]
        before = closes.filter(pl.col("ts").dt.date() < date(2014, 6, 9))["close"][-1]
        after = closes.filter(pl.col("ts").dt.date() >= date(2014, 6, 9))["open"][0]
        return after / before

    assert overnight("none") == pytest.approx(1 / 7, rel=0.02)
    assert overnight("forward") == pytest.approx(1.0, abs=0.02)
    assert overnight("back") == pytest.approx(overnight("forward"), rel=1e-12)
    before_split = pl.col("ts") < datetime(2014, 6, 9, tzinfo=UTC)
    forward, none = (
        lake.read_bars("AAPL", adjust=adjust).filter(before_split) for adjust in ("forward", "none")
    )
    assert forward.equals(none)


def test_each_snapshot_stays_readable(lake: Lake) -> None:
    for n_bars in (5, 9, 12):
        lake.write("bars", make_bars("SPY", n_bars))

    assert [lake.read_bars("SPY", as_of=snapshot).height for snapshot in (0, 1, 2, 3)] == [0, 5, 9, 12]
    with pytest.raises(NotFoundError, match="no snapshot 4; the newest is 3"):
        lake.read_bars("SPY", as_of=4)


def test_an_unknown_symbol_is_named_with_those_that_are_stored(lake: Lake) -> None:
    with pytest.raises(NotFoundError, match="SPY") as empty:
        lake.read_bars("SPY")
    lake.write("bars", make_bars("QQQ", 1))
    with pytest.raises(NotFoundError, match="SPY") as caught:
        lake.tail("SPY", 3)

    assert "import" in empty.value.hint
    assert "QQQ" in caught.value.hint


def test_the_tail_reaches_over_files_and_extended_hours(lake: Lake) -> None:
    # 20:57 to 21:06 UTC in winter: three regular minutes, then after hours.
    starts = [datetime(2026, 1, 30, 20, 57, tzinfo=UTC), datetime(2026, 2, 2, 20, 57, tzinfo=UTC)]
    lake.write("bars", pl.concat([make_bars("SPY", 10, start=start) for start in starts]))

    tail = lake.tail("SPY", 4)

    assert [(ts.month, ts.minute) for ts in tail["ts"]] == [(1, 59), (2, 57), (2, 58), (2, 59)]
    assert lake.tail("SPY", 100).height == 6
    assert lake.tail("SPY", 4, hours="extended")["ts"][0].minute == 3


def test_symbols_tells_what_each_symbol_is_and_what_is_stored_of_it(lake: Lake) -> None:
    lake.write("bars", pl.concat([make_bars("SPY", 5), make_bars("X:BTC-USD", 3, provider="sim")]))

    table = lake.symbols().drop("first_ts", "last_ts").rows()

    assert table == [
        ("SPY", "equity", "XNYS", "USD", False, 5, 1, ["files"]),
        ("X:BTC-USD", "crypto", "24/7", "USD", True, 3, 1, ["sim"]),
    ]
    assert lake.symbols()["first_ts"][0] == FIRST_MINUTE


def test_a_missing_file_is_reported_as_damage_not_as_absence(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 5))
    (lake.root / lake.files("bars")[0].path).unlink()

    with pytest.raises(DamagedFileError, match="missing") as caught:
        lake.read_bars("SPY")
    with pytest.raises(DamagedFileError):
        lake.sql("SELECT * FROM bars")

    assert "verify lake" in caught.value.hint


def test_a_read_overtaken_by_a_cleaning_looks_the_files_up_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.write("bars", make_bars("SPY", 5))
    stale = lake.files("bars")
    lake.write("bars", make_bars("SPY", 8))
    (lake.root / stale[0].path).unlink()
    fresh = lake.files("bars")
    answers = [stale, fresh]
    monkeypatch.setattr("quantmill.lake.reading.find_files", lambda *_args, **_options: answers.pop(0))

    assert lake.read_bars("SPY").height == 8


def test_nothing_stored_in_a_dataset_of_free_columns_is_an_error(lake: Lake) -> None:
    with pytest.raises(NotFoundError, match="trials for opt_1"):
        lake.scan("trials", keys=["opt_1"])

    assert lake.scan("quarantine").collect().height == 0
