"""Trees of Parquet files whose folders carry symbol and date."""

from datetime import UTC, datetime, time
from pathlib import Path

import polars as pl
import pytest

from quantmill.errors import BadBarsError
from quantmill.providers.files.finding import find_files
from quantmill.providers.files.options import FileOptions
from quantmill.providers.files.reading import read_bar_file

OPEN = datetime(2024, 3, 12, 13, 30, tzinfo=UTC)
PRICES = {"open": 1.0, "high": 2.0, "low": 0.5, "close": 1.5, "volume": 7}


def make(folder: Path, place: str, **columns: object) -> Path:
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({**(columns or {"ts": [OPEN, OPEN.replace(minute=31)]})}).with_columns(
        **{name: pl.lit(value) for name, value in PRICES.items()}
    ).write_parquet(path)
    return path


@pytest.mark.parametrize(
    "place",
    [
        "SPY/dt=2024-03-12/part-0.parquet",
        "spy/dt=20240312/data.parquet",
        "SPY/dt=2024-03-12.parquet",
        "symbol=SPY/dt=2024-03-12/x.parquet",
        "ticker=SPY/date=2024-03-12/x.parquet",
        "dt=2024-03-12/symbol=SPY/x.parquet",
    ],
)
def test_folders_carry_the_symbol(tmp_path: Path, place: str) -> None:
    make(tmp_path, place)
    (found,) = find_files([tmp_path], "tree").paths

    for file_format in ("auto", "tree"):
        file = read_bar_file(found, FileOptions(file_format))
        assert file.bars.select("symbol", "ts").rows() == [("SPY", OPEN), ("SPY", OPEN.replace(minute=31))]
        assert file.notes == ()


def test_folders_carry_the_date_of_times_of_day(tmp_path: Path) -> None:
    typed = make(tmp_path, "SPY/dt=2024-03-12/a.parquet", time=[time(9, 30), time(9, 31)])
    texts = make(tmp_path, "symbol=%24VIX/dt=2024-03-12/a.parquet", time=["09:30", "09:31"])

    for path, symbol in ((typed, "SPY"), (texts, "I:VIX")):
        bars = read_bar_file(path, FileOptions(tz="America/New_York")).bars
        assert bars.select("symbol", "ts").row(0) == (symbol, OPEN)


def test_rows_of_another_date_are_told(tmp_path: Path) -> None:
    # 00:30 UTC is still the evening before in New York: that is the folder's date.
    times = [OPEN, OPEN.replace(day=13, hour=0), OPEN.replace(day=15)]

    file = read_bar_file(make(tmp_path, "SPY/dt=2024-03-12/a.parquet", ts=times), FileOptions())

    assert file.notes == ("1 rows lie on another date than the folder's 2024-03-12",)


def test_columns_and_folders_must_agree(tmp_path: Path) -> None:
    path = make(tmp_path, "SPY/dt=2024-03-12/a.parquet", ts=[OPEN], symbol=["QQQ"])

    with pytest.raises(BadBarsError, match="'symbol' holds QQQ, but the folders say SPY"):
        read_bar_file(path, FileOptions())

    assert read_bar_file(path, FileOptions("parquet")).bars["symbol"].to_list() == ["QQQ"]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("SPY/dt=2024-13-40/a.parquet", "'dt=2024-13-40' says no date"),
        ("symbol=__HIVE_DEFAULT_PARTITION__/dt=2024-03-12/a.parquet", "is no symbol"),
    ],
)
def test_folders_that_cannot_be_meant(tmp_path: Path, place: str, message: str) -> None:
    with pytest.raises(BadBarsError, match=message):
        read_bar_file(make(tmp_path, place), FileOptions())


def test_format_tree_takes_nothing_else(tmp_path: Path) -> None:
    inside = make(tmp_path, "SPY/dt=2024-03-12/a.parquet")
    plain = make(tmp_path, "SPY/all.parquet")
    (tmp_path / "SPY.csv").touch()

    found = find_files([tmp_path], "tree")

    assert found.paths == (inside,)
    assert sorted(found.skipped.values()) == [
        "csv, but --format tree was asked for",
        "no folder dt=… in its path, which --format tree needs",
    ]
    with pytest.raises(BadBarsError, match="needed is a tree such as"):
        read_bar_file(plain, FileOptions("tree"))
    assert set(find_files([tmp_path], "parquet").paths) == {inside, plain}
