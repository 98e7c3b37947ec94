"""The verbs on schemas, called as methods of an open home."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from quantmill.core.clock import FixedClock
from quantmill.errors import NotFoundError, UsageError
from quantmill.verbs.mill import Mill

HEADER = "ts,open,high,low,close,volume,vwap"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

Bar = Callable[..., Path]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def mill(tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mill]:
    monkeypatch.chdir(tmp_path)
    with Mill.open(tmp_path / "home", clock=clock) as opened:
        yield opened


@pytest.fixture
def bar(tmp_path: Path) -> Bar:
    """Function `(minute, header)` that writes a CSV of one bar of SPY; columns beyond the usual ones hold x."""

    def write(minute: int, header: str = HEADER) -> Path:
        path = tmp_path / "inbox" / f"SPY_{minute}.csv"
        path.parent.mkdir(exist_ok=True)
        values = dict(
            zip(HEADER.split(","), f"2024-03-12T13:{minute}:00Z,1,1,1,1,5,1".split(","), strict=True)
        )
        path.write_text(f"{header}\n{','.join(values.get(name, 'x') for name in header.split(','))}\n")
        return path

    return write


def test_check_fails_while_drift_is_open(mill: Mill, bar: Bar) -> None:
    mill.import_(bar(30))
    before = mill.schema.check()
    mill.import_(bar(31, HEADER.replace(",vwap", "")))

    after = mill.schema.check()

    assert (before.ok, before.succeeded) == (True, True)
    assert [(one.source, one.columns, one.drift) for one in before.sources] == [
        ("csv:inbox", 7, ()),
        ("lake:bars", 12, ()),
    ]
    assert (after.ok, after.sources[0].waiting_files) == (False, 1)
    assert after.sources[0].drift[0].startswith("column 'vwap' (number) is missing, first in ")
    assert after.lines()[-1] == "open drift: 1; sources: 2"


def test_check_of_a_date_shows_what_stood_then(mill: Mill, bar: Bar, clock: FixedClock) -> None:
    mill.import_(bar(30))
    clock.instant = NOW + timedelta(days=3)
    mill.import_(bar(31, HEADER + ",venue"))
    clock.instant = NOW + timedelta(days=5)
    mill.schema.accept("csv:inbox")

    open_by_day = {
        day: [len(one.drift) for one in mill.schema.check(date=date(2026, 11, day)).sources]
        for day in (19, 20, 23, 25)
    }

    # The lake's bars are of 2024, so no file holds these days.
    assert open_by_day == {19: [], 20: [0], 23: [1], 25: [0]}
    assert [one.source for one in mill.schema.check(date=date(2024, 3, 12)).sources] == ["lake:bars"]


def test_check_of_files_compares_them_and_changes_nothing(mill: Mill, bar: Bar) -> None:
    mill.import_(bar(30))

    verdict = mill.schema.check(bar(31, HEADER + ",venue"), bar(32, HEADER + ",venue"))

    assert verdict.sources[0].drift == ("column 'venue' (text) is new: SPY_31.csv and 1 more",)
    assert mill.schema.events().is_empty()
    assert mill.schema.check().ok


def test_accept_stores_what_waits_and_events_tell(mill: Mill, bar: Bar) -> None:
    mill.import_(bar(30))
    assert not mill.import_(bar(31, HEADER.replace(",vwap", ""))).succeeded

    done = mill.schema.accept("csv:inbox")

    assert (done.rows_stored, done.succeeded, done.still_open) == (1, True, ())
    columns = ("source", "kind", "column", "expected", "decision")
    assert mill.schema.events().select(columns).rows() == [
        ("csv:inbox", "missing", "vwap", "number", "accepted")
    ]
    assert mill.schema.events(only_open=True).is_empty()
    assert mill.schema.accept("csv:inbox").lines() == ["csv:inbox: nothing is open and no file waits"]


def test_refuse_drops_what_waits(mill: Mill, bar: Bar) -> None:
    mill.import_(bar(30))
    mill.import_(bar(31, HEADER.replace(",vwap", "")))

    done = mill.schema.refuse("csv:inbox")

    assert (len(done.files), done.rows) == (1, 1)
    assert mill.schema.check().ok


def test_baseline_is_shown_and_set(mill: Mill, bar: Bar) -> None:
    mill.import_(bar(30))
    shown = mill.schema.baseline(source="csv:inbox")
    lake = mill.schema.baseline(source="lake:bars")

    new = mill.schema.baseline(bar(31, HEADER + ",venue"))

    assert shown.select("column", "types", "is_needed", "reason").row(6) == ("vwap", "number", True, "first")
    assert lake.filter(~lake["is_needed"])["column"].to_list() == [
        "volume",
        "vwap",
        "trade_count",
        "ingested_at",
    ]
    assert new.filter(new["column"] == "venue").select("types", "reason").rows() == [("text", "set")]
    assert new.equals(mill.schema.baseline(source="csv:inbox"))


def test_settings_hold_unless_the_import_says_otherwise(
    mill: Mill, bar: Bar, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mill.import_(bar(30))
    monkeypatch.setenv("QUANTMILL_DRIFT__AUTO_UPDATE", "true")
    monkeypatch.setenv("QUANTMILL_DRIFT__ALERT_NEW", "false")
    with Mill.open(tmp_path / "home") as set_so:
        quiet = set_so.import_(bar(31, HEADER + ",venue"))
        set_so.import_(bar(32, HEADER + ",depth"), auto_update=False)

    assert not any("drift" in note for note in quiet.notes)
    assert mill.schema.events().select("column", "decision").rows() == [("venue", "auto"), ("depth", "open")]


def test_a_source_that_is_not_known_is_refused(mill: Mill, bar: Bar) -> None:
    mill.import_(bar(30))

    for call in (
        lambda: mill.schema.check(source="csv:other"),
        lambda: mill.schema.baseline(source="csv:other"),
        lambda: mill.schema.baseline(bar(31), source="lake:bars"),
        lambda: mill.schema.accept("csv:other"),
        lambda: mill.schema.refuse("csv:other"),
    ):
        with pytest.raises(NotFoundError):
            call()


@pytest.mark.parametrize("name", ["", "  ", " polygon", "lake:bars", "x" * 201])
def test_a_source_has_a_name_that_can_be_said(mill: Mill, bar: Bar, name: str) -> None:
    with pytest.raises(UsageError):
        mill.import_(bar(30), source=name)
