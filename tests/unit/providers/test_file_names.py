"""Symbols and formats that file names carry."""

from pathlib import Path

import pytest

from quantmill.errors import UsageError
from quantmill.providers.files.finding import find_files
from quantmill.providers.files.naming import file_symbol, symbol_of_name


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("AAPL.csv", "AAPL"),
        ("spy-05.15.2015.csv", "SPY"),
        ("fb--05.29.2015.csv", "FB"),
        ("BRK.B_1min.parquet", "BRK.B"),
        ("SPY_2024-03-12.csv.gz", "SPY"),
        ("tick-01.15.2015.csv", "I:TICK"),
        ("$TRIN.csv", "I:TRIN"),
        ("symbol=QQQ/2024-02.parquet", "QQQ"),
        ("MSFT/2024-02.parquet", "MSFT"),
        ("AAPL1502D123.csv", None),
        ("FB1513N75.csv", None),
        ("em2015_1m.parquet", None),
        ("prices.csv", None),
        ("spy.csv", None),
        ("data_2024.csv", None),
        ("downloads/2024-02.parquet", None),
    ],
)
def test_symbol_of_a_file_name(name: str, symbol: str | None) -> None:
    assert symbol_of_name(Path(name)) == symbol


def test_files_write_indices_without_a_mark() -> None:
    assert file_symbol("VIX") == "I:VIX"
    assert file_symbol("vixy") == "VIXY"


def test_folders_are_searched_and_other_files_left_alone(tmp_path: Path) -> None:
    for name in ("b/SPY.csv", "a.parquet", "readme.md", ".hidden/x.csv", "b/.y.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    found = find_files([tmp_path, tmp_path / "a.parquet"])

    assert [path.name for path in found.paths] == ["a.parquet", "SPY.csv"]
    assert [path.name for path in found.skipped] == ["readme.md"]


def test_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no file or folder .*nope\.csv"):
        find_files([tmp_path / "nope.csv"])
