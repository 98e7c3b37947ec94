"""Files of splits and dividends: LEAN factor files, CSV tables, and what is said of others."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from quantmill.errors import DataError, QuantmillError, UsageError
from quantmill.providers.files.action_files import find_action_files, read_action_file


def write(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def rows(path: Path, symbol: str | None = None) -> list[tuple[Any, ...]]:
    return read_action_file(path, symbol).rows.rows()


def test_a_factor_file_gives_the_session_after_each_row_as_ex_date(tmp_path: Path) -> None:
    # SOURCE: rows of LEAN's factor file of AAPL. Apple paid 3.29 with ex-date 2014-05-08, split 7 to 1 on 2014-06-09
    # (the Monday after the row's Friday) and paid 0.47 per new share on 2014-08-07.
    path = write(
        tmp_path,
        "aapl.csv",
        "20140205,0.8961764,0.03571430,512.59",
        "20140507,0.8961764,0.03571430,592.33",
        "20140606,0.9011818,0.03571430,645.57",
        "20140806,0.9011818,0.25,94.97",
        "20501231,0.9056639,0.25,0",
    )

    assert rows(path) == [
        ("AAPL", date(2014, 5, 8), "dividend", None, 3.29),
        ("AAPL", date(2014, 6, 9), "split", 7.0, None),
        ("AAPL", date(2014, 8, 7), "dividend", None, 0.47),
    ]
    assert read_action_file(path, None).notes == ("1 split ratios taken for whole numbers within 0.02%",)
    assert {row[0] for row in rows(path, "APPL")} == {"APPL"}


def test_a_dividend_on_the_day_of_a_split_is_converted_to_new_shares(tmp_path: Path) -> None:
    # By hand: half the shares at the next session, and 1 - 0.9 / 1 = a tenth of 50, so 5 per old share, 10 per new.
    path = write(tmp_path, "tw.csv", "20240312,0.9,2,50", "20501231,1,1,0")

    assert rows(path) == [
        ("TW", date(2024, 3, 13), "dividend", None, 10.0),
        ("TW", date(2024, 3, 13), "split", 0.5, None),
    ]


def test_odd_ratios_stay_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path, "goog.csv", "20150424,1,0.997307,565.06", "20501231,1,1,0")

    assert rows(path)[0][3] == pytest.approx(1 / 0.997307, rel=1e-15)


def test_rows_of_a_factor_file_that_tell_nothing_are_counted(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "spy.csv",
        "20100104,0.5,1e+07,10",  # has lost its digits
        "20100105,0,1,10",  # zero factor
        "20100106,0.9,1",  # no reference price
        "20100107,0.95,1,10",  # the price factor falls
        "20100108,0.9,1,10",  # 1 - 0.9 / 0.90000001 of 10 is less than the digits tell
        "20501231,0.90000001,1,0",
    )

    assert read_action_file(path, None).skipped == {
        "dividend below the precision of the file": 1,
        "factor in exponential form or infinite, which has lost its digits": 1,
        "factor not above zero": 1,
        "no reference price, which a dividend is a part of": 1,
        "price factor falls, which no dividend does": 1,
    }


@pytest.mark.parametrize(
    ("header", "line", "expected"),
    [
        ("Date,Dividend", "2024-03-13,0.5", ("dividend", None, 0.5)),
        ("ex_date,amount", "03/13/2024,$0.50", ("dividend", None, 0.5)),
        ("Ex-Dividend Date;Cash Amount", "20240313;0.5", ("dividend", None, 0.5)),
        ("ex_date,ratio", "2024-03-13,7", ("split", 7.0, None)),
        ("Date,Stock Splits", "2024-03-13,7:1", ("split", 7.0, None)),
        ("execution_date,split_from,split_to", "2024-03-13,20,1", ("split", 0.05, None)),
        ("date,type,value", "2024-03-13,Cash Dividend,0.5", ("dividend", None, 0.5)),
        ("date,type,value", "2024-03-13,forward split,3/2", ("split", 1.5, None)),
        ("Date,Dividends,Stock Splits", "2024-03-13,0.5,0.0", ("dividend", None, 0.5)),
    ],
)
def test_tables_are_read_by_their_header(
    tmp_path: Path, header: str, line: str, expected: tuple[Any, ...]
) -> None:
    path = write(tmp_path, "AA.csv", header, line)

    assert rows(path) == [("AA", date(2024, 3, 13), *expected)]


def test_a_column_of_symbols_wins_and_names_are_made_canonical(tmp_path: Path) -> None:
    path = write(tmp_path, "all.csv", "ticker,date,amount", "brk-b,2024-03-13,1", "!!,2024-03-13,1")

    read = read_action_file(path, "SPY")

    assert read.rows["symbol"].to_list() == ["BRK.B"]
    assert read.skipped == {"unreadable symbol": 1}


def test_rows_that_hold_no_action_are_counted_with_their_reason(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "spy_dividends.csv",
        "date,kind,amount",
        "2024-03-13,dividend,0.5",
        "2024-03-16,dividend,0.5",  # a Saturday
        "1980-03-13,dividend,0.5",
        "never,dividend,0.5",
        "2024-03-14,dividend,-0.5",
        "2024-03-14,dividend,none",
        "2024-03-14,dividend,0",
        "2024-03-14,dividend,",
        "2024-03-14,spin-off,0.5",
    )

    read = read_action_file(path, None)

    assert read.rows.height == 1
    assert read.skipped == {
        "amount is no number above zero": 2,
        "ex-date is no session of XNYS": 1,
        "ex-date outside 1990-01-01 to 2035-12-31": 1,
        "kind is neither split nor dividend": 1,
        "neither amount nor ratio": 2,
        "unreadable ex-date": 1,
    }
    assert read.n_read == 9


@pytest.mark.parametrize(
    ("name", "lines", "error", "says"),
    [
        ("AA.csv", ("from,rate", "2024-03-13,1"), DataError, "no column for the ex-date; found from, rate"),
        ("AA.csv", ("date,close", "2024-03-13,1"), DataError, "no column for an amount or a ratio"),
        (
            "prices.csv",
            ("date,amount", "2024-03-13,1"),
            UsageError,
            "neither a column nor the name says the symbol",
        ),
        (
            "no symbol at all.csv",
            ("20140606,0.9,0.5,6",),
            UsageError,
            "the name of this factor file is no symbol",
        ),
        ("aapl.csv", ("20140606,0.9,0.5,6", "nonsense"), DataError, "line 2 is 'nonsense'"),
        ("aapl.csv", ("20141399,0.9,0.5,6",), DataError, "line 1 is '20141399"),
        ("goog.csv", ("20140327,goocv,Q",), DataError, "LEAN map file"),
        ("AA.csv", ("1,2,3",), DataError, "the first line is '1,2,3', needed a header"),
        ("AA.csv", ("date,amount",), DataError, "no rows below the header"),
    ],
)
def test_files_that_cannot_be_read_say_what_was_found_and_needed(
    tmp_path: Path, name: str, lines: tuple[str, ...], error: type[QuantmillError], says: str
) -> None:
    path = write(tmp_path, name, *lines)

    with pytest.raises(error, match=says):
        read_action_file(path, None)


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "AA.csv"
    path.touch()

    with pytest.raises(DataError, match="the file is empty"):
        read_action_file(path, None)


def test_folders_are_searched_and_other_files_left_alone(tmp_path: Path) -> None:
    factors = write(tmp_path, "factor_files/spy.csv", "20501231,1,1,0")
    names = write(tmp_path, "map_files/spy.csv", "19980102,spy,P", "20501231,spy,P")
    page = write(tmp_path, "README.md", "text")
    write(tmp_path, ".git/AA.csv", "date,amount")

    found = find_action_files([tmp_path])

    assert found.paths == (factors,)
    assert found.skipped == {
        names: "LEAN map file: names of a symbol over time, no actions",
        page: "no CSV",
    }
    with pytest.raises(UsageError, match="no file or folder"):
        find_action_files([tmp_path / "nowhere"])
