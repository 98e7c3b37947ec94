"""LEAN zips: prices, times, places, and zips that are not what they say."""

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from quantmill.errors import BadBarsError
from quantmill.providers.files.finding import find_files
from quantmill.providers.files.lean_places import lean_place
from quantmill.providers.files.options import FileOptions
from quantmill.providers.files.reading import read_bar_file

PLACE = "equity/usa/minute/spy/20131007_trade.zip"
# 04:00 in New York, daylight saving: 08:00 UTC.
ROWS = "14400000,1674100,1674200,1672500,1672701,3197\n14460000,1672500,1672500,1672500,1672500,1150\n"


def make_zip(folder: Path, place: str = PLACE, content: str = ROWS, inside: str | None = None) -> Path:
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(inside or "20131007_spy_minute_trade.csv", content)
    return path


def test_deci_cents_become_dollars_and_milliseconds_instants(tmp_path: Path) -> None:
    file = read_bar_file(make_zip(tmp_path), FileOptions())

    assert file.bars.select("symbol", "ts", "open", "high", "low", "close", "volume").row(0) == (
        "SPY",
        datetime(2013, 10, 7, 8, 0, tzinfo=UTC),
        167.41,
        167.42,
        167.25,
        167.2701,
        3197.0,
    )
    assert file.raw.row(0) == ("14400000", "1674100", "1674200", "1672500", "1672701", "3197")
    assert file.notes == ()


def test_winter_and_the_day_of_a_clock_change(tmp_path: Path) -> None:
    # Milliseconds count on the clock on the wall: 09:30 is 34,200,000 on a day of 23 hours too.
    row = "34200000,1,1,1,1,1\n"
    winter = make_zip(tmp_path, "equity/usa/minute/brk.b/20240115_trade.zip", row, "x.csv")
    change = make_zip(tmp_path, "equity/usa/minute/spy/20240310_trade.zip", row, "x.csv")

    found = read_bar_file(winter, FileOptions())

    assert found.bars.select("symbol", "ts").row(0) == ("BRK.B", datetime(2024, 1, 15, 14, 30, tzinfo=UTC))
    assert read_bar_file(change, FileOptions()).bars["ts"][0] == datetime(2024, 3, 10, 13, 30, tzinfo=UTC)


def test_options_for_other_files_change_nothing(tmp_path: Path) -> None:
    options = FileOptions(tz="US/Central", label="end", mapping={"px": "close"}, table="bars")

    file = read_bar_file(make_zip(tmp_path), options)

    assert file.bars["ts"][0] == datetime(2013, 10, 7, 8, 0, tzinfo=UTC)
    assert file.notes == (
        "--table bars was not needed: no database",
        "--label end was left out: LEAN bars carry their start",
        "--tz US/Central was not needed: times carry their zone",
    )


def test_rows_that_cannot_be_read_stay_for_quarantine(tmp_path: Path) -> None:
    path = make_zip(tmp_path, content=ROWS + "99999999999,1,1,1,1,1\nabc,1,x,1,1,1\n")

    bars = read_bar_file(path, FileOptions()).bars

    assert bars["ts"].null_count() == 2
    assert bars["high"].to_list() == [167.42, 167.25, 0.0001, None]


REFUSED = {
    "no csv": ({"inside": "readme.txt"}, r"0 CSV files in the zip, needed one; found readme\.txt"),
    "empty csv": ({"content": ""}, "the CSV in the zip has no rows"),
    "quotes in a trade zip": ({"content": "1,2,3,4,5,6,7,8,9,10,11\n"}, "11 columns, needed 6"),
    "another day inside": (
        {"inside": "20131008_spy_minute_trade.csv"},
        "holds 20131008_spy_minute_trade.csv, needed trade bars of 2013-10-07",
    ),
    "bomb": ({"content": "0" * 5_000_000}, "unpacks to more than 4000000 bytes"),
    "quote": ({"place": "equity/usa/minute/spy/20131007_quote.zip"}, "LEAN quote data: only trade"),
    "tick": ({"place": "equity/usa/tick/spy/20131007_trade.zip"}, "LEAN tick bars: only minute"),
    "second": ({"place": "equity/usa/second/spy/20131007_trade.zip"}, "LEAN second bars: only minute"),
    "hour": ({"place": "equity/usa/hour/spy.zip"}, "LEAN hour bars: only minute"),
    "daily": ({"place": "equity/usa/daily/spy.zip"}, "LEAN daily bars: only minute"),
    "option": ({"place": "option/usa/minute/spy/20131007_trade_american.zip"}, "LEAN option of usa"),
    "other market": ({"place": "equity/india/minute/spy/20131007_trade.zip"}, "LEAN equity of india"),
    "no date": ({"place": "equity/usa/minute/spy/20131341_trade.zip"}, "20131341, which is no date"),
    "no name": ({"place": "equity/usa/minute/spy/prices.zip"}, "no LEAN name"),
    "no place": ({"place": "20131007_trade.zip"}, "no place in a LEAN folder"),
}


@pytest.mark.parametrize(("made", "message"), REFUSED.values(), ids=REFUSED)
def test_other_zips_get_one_clear_error(tmp_path: Path, made: dict[str, str], message: str) -> None:
    with pytest.raises(BadBarsError, match=message):
        read_bar_file(make_zip(tmp_path, **made), FileOptions())


def test_damaged_zips(tmp_path: Path) -> None:
    path = make_zip(tmp_path, content=ROWS * 200)
    whole = path.read_bytes()

    for damaged in (whole[: len(whole) // 2], b"no zip", whole[:60] + b"\xff" * 20 + whole[80:]):
        path.write_bytes(damaged)
        with pytest.raises(BadBarsError, match="zip is truncated or damaged"):
            read_bar_file(path, FileOptions())

    path.write_bytes(b"")
    with pytest.raises(BadBarsError, match="empty"):
        read_bar_file(path, FileOptions())


def test_of_a_data_folder_only_minute_trades_are_taken(tmp_path: Path) -> None:
    make_zip(tmp_path)
    for place in ("equity/usa/minute/spy/20131007_quote.zip", "equity/usa/daily/spy.zip"):
        make_zip(tmp_path, place)
    for name in ("map_files/spy.csv", "factor_files/spy.csv"):
        (tmp_path / "equity/usa" / name).parent.mkdir()
        (tmp_path / "equity/usa" / name).write_text("19980102,spy\n", encoding="utf-8")

    found = find_files([tmp_path])

    assert [path.name for path in found.paths] == ["20131007_trade.zip"]
    reasons = {
        path.relative_to(tmp_path / "equity/usa").as_posix(): why for path, why in found.skipped.items()
    }
    assert reasons == {
        "daily/spy.zip": "LEAN daily bars: only minute bars are read",
        "factor_files/spy.csv": "LEAN factor file, no bars: `quantmill actions import` reads its splits and dividends",
        "map_files/spy.csv": "LEAN map file: names of a symbol over time, no bars",
        "minute/spy/20131007_quote.zip": "LEAN quote data: only trade bars are read",
    }


def test_a_ticker_may_be_named_like_a_resolution(tmp_path: Path) -> None:
    place = lean_place(tmp_path / "equity/usa/minute/hour/20131007_trade.zip")

    assert not isinstance(place, str)
    assert place.ticker == "hour"
