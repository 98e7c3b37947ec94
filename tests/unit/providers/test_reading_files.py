"""One file as bars: spellings of times, columns and symbols, and what is refused."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from quantmill.errors import BadBarsError, UsageError
from quantmill.providers.files.options import FileOptions
from quantmill.providers.files.reading import FileBars, read_bar_file

NEW_YORK = FileOptions(tz="America/New_York")
# 09:30 in New York on 2024-03-12 is 13:30 UTC, 1,710,250,200 seconds after 1970 began.
OPEN = datetime(2024, 3, 12, 13, 30, tzinfo=UTC)
OPEN_S = 1_710_250_200
HEADER = "timestamp,open,high,low,close,volume\n"


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def lines(*times: object) -> str:
    return HEADER + "".join(f"{time},100,101,99,100.5,1000\n" for time in times)


def first_two(file: FileBars) -> list[datetime]:
    return file.bars["ts"].head(2).to_list()


@pytest.mark.parametrize(
    "times",
    [
        ("2024-03-12 09:30:00", "2024-03-12 09:31:00"),
        ("2024-03-12T09:30", "2024-03-12T09:31"),
        ("2024/03/12 09:30:00.000", "2024/03/12 09:31:00.000"),
        ("03/13/2024 09:30", "03/13/2024 09:31"),
        ("12.03.2024 09:30", "12.03.2024 09:31"),
        ("20240312 09:30", "20240312 09:31"),
        ("20240312093000", "20240312093100"),
        ("202403120930", "202403120931"),
        ("3/13/24 9:30 AM", "3/13/24 9:31 AM"),
        ("12-Mar-2024 09:30:00", "12-Mar-2024 09:31:00"),
    ],
)
def test_local_times_become_utc(tmp_path: Path, times: tuple[str, str]) -> None:
    file = read_bar_file(write(tmp_path, "SPY.csv", lines(*times)), NEW_YORK)

    day = 13 if "13" in times[0][:5] else 12
    assert first_two(file) == [OPEN.replace(day=day), OPEN.replace(day=day, minute=31)]


@pytest.mark.parametrize(
    "times",
    [
        (OPEN_S, OPEN_S + 60),
        (OPEN_S * 1000, (OPEN_S + 60) * 1000),
        (OPEN_S * 1_000_000, (OPEN_S + 60) * 1_000_000),
        (OPEN_S * 1_000_000_000, (OPEN_S + 60) * 1_000_000_000),
        (f"{OPEN_S}.0", f"{OPEN_S + 60}.0"),
        ("2024-03-12T13:30:00Z", "2024-03-12T13:31:00Z"),
        ("2024-03-12 09:30:00-04:00", "2024-03-12 09:31:00-04:00"),
        ("2024-03-12 09:30-0400", "2024-03-12 09:31-0400"),
    ],
)
def test_instants_need_no_zone(tmp_path: Path, times: tuple[object, object]) -> None:
    file = read_bar_file(write(tmp_path, "SPY.csv", lines(*times)), FileOptions())

    assert first_two(file) == [OPEN, OPEN.replace(minute=31)]


@pytest.mark.parametrize(
    "text",
    [
        "Date, Time, Open, High, Low, Close, Volume\n"
        "03/13/2024, 08:30, 1.0, 2.0, 0.5, 1.5, 7.0000\n03/13/2024, 08:31, 1.0, 2.0, 0.5, 1.5, 7.0\n",
        "date;time;o;h;l;c;v\n20240313;830;1,0;2,0;0,5;1,5;7\n20240313;831;1,0;2,0;0,5;1,5;7\n",
        "\ufeffDATE\tTIME\tOpen Price\tHigh Price\tLow Price\tLast\tTotal Volume\n"
        "2024-03-13\t8:30:00\t1\t2\t0.5\t1.5\t7\n2024-03-13\t8:31:00\t1\t2\t0.5\t1.5\t7\n",
    ],
)
def test_date_and_time_columns_in_many_dresses(tmp_path: Path, text: str) -> None:
    file = read_bar_file(write(tmp_path, "spy-03.15.2024.csv", text), FileOptions(tz="US/Central"))

    row = file.bars.row(0, named=True)
    assert row["ts"] == OPEN.replace(day=13)
    assert [row[name] for name in ("symbol", "open", "high", "low", "close", "volume")] == [
        "SPY",
        1.0,
        2.0,
        0.5,
        1.5,
        7.0,
    ]


def test_month_and_day_are_told_by_the_days_that_follow(tmp_path: Path) -> None:
    # Read as day/month these five dates would be scattered over five months.
    text = lines(*(f"05/{day:02}/2015 09:{minute}" for day in range(4, 9) for minute in (30, 31)))

    file = read_bar_file(write(tmp_path, "SPY.csv", text), NEW_YORK)

    assert file.bars["ts"].dt.month().unique().to_list() == [5]
    assert any("month before day" in note for note in file.notes)


def test_label_end_moves_bars_back_by_a_minute(tmp_path: Path) -> None:
    path = write(tmp_path, "SPY.csv", lines("2024-03-12 09:31", "2024-03-12 09:32"))

    file = read_bar_file(path, FileOptions(tz="America/New_York", label="end"))

    assert first_two(file) == [OPEN, OPEN.replace(minute=31)]


def test_mapping_works_in_both_directions(tmp_path: Path) -> None:
    text = "when,a,b,cc,d\n2024-03-12 09:30,1,2,0.5,1.5\n"
    pairs = {"when": "ts", "open": "a", "b": "high", "low": "cc", "d": "close"}

    file = read_bar_file(write(tmp_path, "SPY.csv", text), FileOptions(tz="America/New_York", mapping=pairs))

    assert file.bars.select("open", "high", "low", "close").row(0) == (1.0, 2.0, 0.5, 1.5)
    assert "no volume column: volume is missing" in file.notes


def test_extra_columns_are_named_and_transactions_counted(tmp_path: Path) -> None:
    text = (
        "ticker,ts,open,high,low,close,volume,transactions,otc\nspy,2024-03-12T13:30:00Z,1,2,0.5,1.5,7,3,x\n"
    )

    file = read_bar_file(write(tmp_path, "any.csv", text), FileOptions())

    assert file.bars["trade_count"].to_list() == [3]
    assert file.bars["symbol"].to_list() == ["SPY"]
    assert file.notes == ("columns not used: otc",)


def test_index_has_no_volume(tmp_path: Path) -> None:
    text = "symbol,ts,open,high,low,close,volume\n$TICK,2024-03-12T13:30:00Z,-5,7,-9,3,55\n"

    file = read_bar_file(write(tmp_path, "ticks.csv", text), FileOptions())

    assert file.bars.select("symbol", "volume").row(0) == ("I:TICK", None)
    assert file.notes == ("volume of I:TICK left out: an index is not traded",)


def test_parquet_keeps_its_zone(tmp_path: Path) -> None:
    local = pl.Series([OPEN, OPEN.replace(minute=31)]).dt.convert_time_zone("America/New_York")
    frame = pl.DataFrame(
        {"timestamp": local.dt.cast_time_unit("ns"), "open": 1.0, "high": 2.0, "low": 0.5, "close": 1}
    )
    frame.write_parquet(tmp_path / "SPY.parquet")

    file = read_bar_file(tmp_path / "SPY.parquet", FileOptions(tz="US/Central"))

    assert first_two(file) == [OPEN, OPEN.replace(minute=31)]
    assert any("was not needed" in note for note in file.notes)


def test_times_that_a_clock_change_skips_are_unreadable(tmp_path: Path) -> None:
    # New York's clocks went from 02:00 to 03:00 on 2024-03-10.
    path = write(tmp_path, "SPY.csv", lines("2024-03-10 02:30", "2024-03-12 09:30"))

    assert first_two(read_bar_file(path, NEW_YORK)) == [None, OPEN]


def test_sparse_minutes_pass(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "SPY.csv",
        lines(*(f"2024-03-12 {9 + m // 60}:{m % 60:02}" for m in (30, 33, 35, 41, 43, 52))),
    )

    assert read_bar_file(path, NEW_YORK).bars.height == 6


FIVE_MINUTES = [f"2024-03-12 09:{minute}" for minute in (30, 35, 40, 45)]
DAYS = [f"2024-03-{day:02}" for day in (4, 5, 6, 7, 8, 11, 12)]
REFUSED = {
    "naive times": (
        "SPY.csv",
        lines("2024-03-12 09:30"),
        r"SPY\.csv: times such as .*09:30.* no time zone",
        "--tz",
    ),
    "wrong columns": (
        "SPY.csv",
        "timestamp,open,price\n2024-03-12,1,2\n",
        r"no column for high, low, close; found timestamp, open, price",
        "--map",
    ),
    "no time column": ("SPY.csv", "a,open,high,low,close\n1,1,1,1,1\n", r"no column for timestamp", "--map"),
    "empty file": ("SPY.csv", "", r"SPY\.csv: the file is empty \(0 bytes\)", "again"),
    "header only": ("SPY.csv", HEADER, r"no rows below the header timestamp, open", ""),
    "no header": (
        "SPY.csv",
        "2024-03-12,1,2,3,4\n" * 3,
        r"the first line holds numbers, needed column names",
        "header",
    ),
    "ragged": ("SPY.csv", HEADER + "2024-03-12,1,2,3,4,5,6,7\n", r"the CSV cannot be read", "as many fields"),
    "5-minute bars": (
        "SPY.csv",
        lines(*FIVE_MINUTES),
        r"SPY has 5-minute bars, needed are 1-minute bars",
        "1-minute",
    ),
    "daily bars": ("SPY.csv", lines(*DAYS), r"SPY has daily bars, needed are 1-minute bars", "1-minute"),
    "30-second bars": (
        "SPY.csv",
        lines(*(OPEN_S + 30 * at for at in range(6))),
        r"30-second bars, needed are 1-minute bars",
        "",
    ),
    "no known time": (
        "SPY.csv",
        lines("foo", "bar"),
        r"'timestamp' holds 'foo', which is no known form of time",
        "ISO",
    ),
    "no symbol": ("prices.csv", lines("2024-03-12 09:30"), r"prices\.csv: no symbol", "--symbol"),
    "truncated Parquet": ("SPY.parquet", b"PAR1" + b"x" * 50, r"truncated \(54 bytes, no footer\)", "again"),
    "damaged Parquet": (
        "SPY.parquet",
        b"PAR1" + b"x" * 50 + b"PAR1",
        r"the Parquet file is damaged",
        "again",
    ),
    "no Parquet": ("SPY.parquet", b"hello", r"this is no Parquet file", ""),
    "unknown format": ("SPY.xlsx", b"PK", r"format \.xlsx is unknown, needed CSV or Parquet", "--format"),
    "sim bars": (
        "x.csv",
        "symbol,ts,open,high,low,close,provider\nSPY,2024-03-12T13:30:00Z,1,1,1,1,sim\n",
        r"come from sim",
        "--provider sim",
    ),
    "bad symbols": (
        "x.csv",
        "symbol,ts,open,high,low,close\n?!,2024-03-12T13:30:00Z,1,1,1,1\n",
        r"holds no symbol",
        "",
    ),
}


@pytest.mark.parametrize(("name", "text", "message", "hint"), REFUSED.values(), ids=REFUSED)
def test_bad_files_get_one_clear_error(
    tmp_path: Path, name: str, text: str | bytes, message: str, hint: str
) -> None:
    path = write(tmp_path, name, text)

    with pytest.raises(BadBarsError, match=message) as caught:
        read_bar_file(path, FileOptions())

    assert hint in caught.value.hint
    assert "\n" not in str(caught.value)


def test_options_are_checked() -> None:
    with pytest.raises(UsageError, match="no time zone 'Mars/Olympus'"):
        FileOptions(tz="Mars/Olympus")


def test_map_that_fits_nothing_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "SPY.csv", lines("2024-03-12 09:30"))

    with pytest.raises(UsageError, match="--map px=close fits no column"):
        read_bar_file(path, FileOptions(mapping={"px": "close"}))


def test_one_symbol_cannot_be_given_to_many(tmp_path: Path) -> None:
    text = "symbol,ts,open,high,low,close\nA,2024-03-12T13:30:00Z,1,1,1,1\nB,2024-03-12T13:30:00Z,1,1,1,1\n"

    with pytest.raises(UsageError, match="holds 2 symbols"):
        read_bar_file(write(tmp_path, "x.csv", text), FileOptions(symbol="SPY"))


def test_one_unreadable_time_does_not_refuse_the_others(tmp_path: Path) -> None:
    times = ("2024-03-12 09:30:00-04:00", "not a time", "2024-03-12 09:32:00-04:00")

    file = read_bar_file(write(tmp_path, "SPY.csv", lines(*times)), FileOptions())

    assert first_two(file)[0] == OPEN
    assert file.bars["ts"].null_count() == 1
