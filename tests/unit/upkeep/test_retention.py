"""Retention: what is old goes, as a whole, and nothing else does."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import polars as pl
import pytest
from sqlalchemy import func, insert, select

from quantmill.config.home import Home
from quantmill.config.settings import RetentionSettings
from quantmill.core.clock import FixedClock
from quantmill.jobs.queue import JobQueue
from quantmill.lake.store import Lake
from quantmill.state.engine import open_state
from quantmill.state.tables.features import FEATURE_BUILD, FEATURE_SET, REGIME_FIT
from quantmill.state.tables.optimize import TRIAL_LEDGER
from quantmill.state.tables.schema_drift import SCHEMA_BASELINE, SCHEMA_DRIFT
from quantmill.testing.lakes import make_bars
from quantmill.upkeep.categories import CATEGORIES
from quantmill.upkeep.place import Place
from quantmill.upkeep.retention import find_due, remove_due
from quantmill.verbs.retention_run import CategoryName

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def open_place(root: Path, *, days_ago: float = 0.0) -> Place:
    """The home as it is opened some days before `NOW`."""
    root.mkdir(exist_ok=True)
    clock = FixedClock(NOW - timedelta(days=days_ago))
    lake = Lake.open(root / "lake", open_state(root / "state.db"), clock)
    return Place(Home(root), lake)


def trials(batch_id: str) -> pl.DataFrame:
    return pl.DataFrame({"batch_id": [batch_id], "trial": [1]})


def test_every_category_has_its_setting_and_its_word() -> None:
    assert {f"{name}_days" for name in CATEGORIES} == set(RetentionSettings.model_fields)
    assert set(get_args(CategoryName)) == set(CATEGORIES)


def test_bars_go_file_by_file_by_the_time_of_their_rows(tmp_path: Path) -> None:
    place = open_place(tmp_path / "home")
    place.lake.write("bars", make_bars("SPY", 5, start=datetime(2020, 3, 2, 15, tzinfo=UTC)))
    place.lake.write("bars", make_bars("SPY", 7, start=datetime(2025, 3, 3, 15, tzinfo=UTC)))

    # Of 2020 to 2026 the last bar is 6.7 years old, of 2025 1.7 years.
    due = find_due(place, CATEGORIES["raw_data"], days=3 * 365)
    gone = remove_due(place, [CATEGORIES["raw_data"]], {"raw_data": 3 * 365})

    assert [(find.what, find.key, find.detail, find.files, find.rows) for find in due] == [
        ("bars", "SPY", "2020", 1, 5)
    ]
    assert gone == [("raw_data", due[0])]
    assert place.lake.read_bars("SPY", hours="extended").height == 7


def test_a_removal_finds_nothing_the_second_time(tmp_path: Path) -> None:
    place = open_place(tmp_path / "home")
    place.lake.write("bars", make_bars("SPY", 5, start=datetime(2020, 3, 2, 15, tzinfo=UTC)))
    remove_due(place, [CATEGORIES["raw_data"]], {"raw_data": 30})
    snapshot = place.lake.snapshot()

    again = remove_due(place, [CATEGORIES["raw_data"]], {"raw_data": 30})

    assert again == []
    assert place.lake.snapshot() == snapshot


def test_a_category_without_days_keeps_everything(tmp_path: Path) -> None:
    place = open_place(tmp_path / "home")
    place.lake.write("bars", make_bars("SPY", 5, start=datetime(2020, 3, 2, 15, tzinfo=UTC)))

    assert remove_due(place, list(CATEGORIES.values()), {"heartbeat": 1}) == []


def test_a_batch_goes_as_a_whole_once_nothing_of_it_is_new(tmp_path: Path) -> None:
    old = open_place(tmp_path / "home", days_ago=40)
    for period in ("000000", "000001"):
        old.lake.write("trials", trials("opt_old"), key="opt_old", period=period)
    old.lake.write("trials", trials("opt_new"), key="opt_new", period="000000")
    place = open_place(tmp_path / "home")
    place.lake.write("trials", trials("opt_new"), key="opt_new", period="000001")

    gone = remove_due(place, [CATEGORIES["performance_metrics"]], {"performance_metrics": 30})

    assert [(find.key, find.files) for _name, find in gone] == [("opt_old", 2)]
    assert place.lake.keys("trials") == ["opt_new"]


def test_retired_features_are_built_again(tmp_path: Path) -> None:
    dataset = "features/core@0123abcd/1m"
    old = open_place(tmp_path / "home", days_ago=40)
    frame = make_bars("SPY", 5).select("symbol", "ts", pl.lit(1.0).alias("rsi_14"))
    old.lake.write(dataset, frame, key="SPY")
    own = {"feature_set": "core", "version": "0123abcd"}
    with old.state.write() as connection:
        set_row = {
            "name": "core",
            "version": "0123abcd",
            "interval": "1m",
            "hours": "regular",
            "n_columns": 1,
        }
        connection.execute(insert(FEATURE_SET).values(**set_row, package_version="1", created_us=1))
        build = {**own, "interval": "1m", "symbol": "SPY", "input_digest": "d", "snapshot": 1, "rows": 5}
        connection.execute(
            insert(FEATURE_BUILD).values(
                **build, sessions=1, null_counts="{}", package_version="1", built_us=1
            )
        )

    remove_due(open_place(tmp_path / "home"), [CATEGORIES["processed_data"]], {"processed_data": 30})

    with old.state.read() as connection:
        assert connection.execute(select(func.count()).select_from(FEATURE_BUILD)).scalar_one() == 0
    assert old.lake.keys(dataset) == []


def test_only_ended_jobs_go(tmp_path: Path) -> None:
    old = open_place(tmp_path / "home", days_ago=40)
    queue = JobQueue(old.state, old.clock)
    cancelled = queue.cancel(queue.enqueue("train", ("a",)).id)
    waiting = queue.enqueue("train", ("b",))
    running = queue.claim(queue.enqueue("train", ("c",)).id, "w:1", is_alive=lambda _: True)

    place = open_place(tmp_path / "home")
    gone = remove_due(place, [CATEGORIES["heartbeat"]], {"heartbeat": 30})

    assert [find.rows for _name, find in gone] == [1]
    assert {job.id for job in queue.list()} == {waiting.id, running.id}
    assert cancelled.id not in {waiting.id, running.id}


def test_old_fits_and_kernels_go_but_not_those_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = open_place(tmp_path / "home")
    with place.state.write() as connection:
        for digest, fitted_us in (("old", 1), ("new", place.clock.now_us())):
            row = {
                "digest": digest,
                "n_states": 2,
                "mixture": "{}",
                "package_version": "1",
                "fitted_us": fitted_us,
            }
            connection.execute(insert(REGIME_FIT).values(**row))
    folders = [place.home.root / "cache" / f"numba-{name}" for name in ("gone", "used", "fresh")]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "kernel").write_bytes(b"12345")
    for folder in folders[:2]:
        os.utime(folder / "kernel", (1e9, 1e9))
    os.utime(folders[2] / "kernel", (NOW.timestamp(), NOW.timestamp()))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(folders[1]))

    gone = remove_due(place, [CATEGORIES["checkpoints"]], {"checkpoints": 30})

    assert [(find.what, find.rows, find.files) for _name, find in gone] == [
        ("fitted regimes", 1, 0),
        ("numba-gone", 0, 1),
    ]
    assert gone[1][1].n_bytes == 5
    assert [folder.exists() for folder in folders] == [False, True, True]


def test_drift_that_waits_for_a_decision_stays(tmp_path: Path) -> None:
    place = open_place(tmp_path / "home")
    with place.state.write() as connection:
        baseline = {"id": 1, "source": "a", "columns": "[]", "reason": "first", "since_us": 1}
        connection.execute(insert(SCHEMA_BASELINE).values(**baseline))
        event = {
            "source": "a",
            "baseline_id": 1,
            "kind": "new",
            "expected": "",
            "found": "",
            "path": "",
            "at_us": 1,
        }
        for name in ("open", "accepted"):
            connection.execute(insert(SCHEMA_DRIFT).values(**event, column_name=name, decision=name))

    gone = remove_due(place, [CATEGORIES["schema_drift"]], {"schema_drift": 30})

    assert [(find.what, find.rows) for _name, find in gone] == [("drift events", 1)]
    with place.state.read() as connection:
        assert connection.execute(select(SCHEMA_DRIFT.c.decision)).scalars().all() == ["open"]


def test_nothing_removes_the_trial_ledger(tmp_path: Path) -> None:
    place = open_place(tmp_path / "home")
    row = {"symbol": "SPY", "first_session": 1, "last_session": 2, "configuration": 3, "recorded_us": 1}
    with place.state.write() as connection:
        connection.execute(insert(TRIAL_LEDGER).values(**row))

    remove_due(place, list(CATEGORIES.values()), dict.fromkeys(CATEGORIES, 1))

    with place.state.read() as connection:
        assert connection.execute(select(func.count()).select_from(TRIAL_LEDGER)).scalar_one() == 1
