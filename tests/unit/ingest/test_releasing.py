"""Release of quarantined rows: into the bars and marked at once, once for all."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from quantmill.errors import BadBarsError, CommitConflictError, ConflictError, NotFoundError, UsageError
from quantmill.ingest.importing import import_files
from quantmill.ingest.quarantine import Choice, list_quarantine
from quantmill.ingest.releasing import Released, plan_release, release_rows
from quantmill.lake import Lake
from quantmill.lake.merging import OnConflict
from quantmill.providers.files.options import FileOptions
from quantmill.testing.lakes import open_lake

Csv = Callable[..., Path]

SPIKE_AT = datetime(2024, 3, 12, 13, 35, tzinfo=UTC)
SPIKE = "2024-03-12T13:35:00Z,100,100,90,100,7"
SPY = FileOptions(symbol="SPY")
ALL_OF_SPY = Choice(symbol="SPY")


def minutes(*rows: str, without: str = "") -> list[str]:
    """Ten minutes at 100, some given in full; `without` leaves one out."""
    given_rows = {row[14:16]: row for row in rows}
    every = [given_rows.get(f"{at}", f"2024-03-12T13:{at}:00Z,100,100,100,100,5") for at in range(30, 40)]
    return [row for row in every if row[14:16] != without]


def release(lake: Lake, choice: Choice = ALL_OF_SPY, on_conflict: OnConflict = "keep") -> Released:
    return release_rows(lake, choice, on_conflict=on_conflict, completing=lake.state.write)


def prices(lake: Lake) -> list[tuple[float, float]]:
    return lake.read_bars("SPY").filter(pl.col("ts") == SPIKE_AT).select("low", "volume").rows()


def pending(lake: Lake) -> int:
    return list_quarantine(lake, ALL_OF_SPY).height


def test_released_row_is_a_bar_and_waits_no_longer(lake: Lake, csv: Csv) -> None:
    import_files(lake, [csv("SPY.csv", *minutes(SPIKE))], options=SPY)
    before = (prices(lake), pending(lake), lake.snapshot())

    done = release(lake)

    assert before == ([], 1, 1)
    assert (prices(lake), pending(lake), lake.snapshot()) == ([(90.0, 7.0)], 0, 2)
    assert done.rows["fate"].to_list() == ["stored"]
    assert list_quarantine(lake, Choice(status="released"))["released_at"].to_list() == [lake.clock.now()]


def test_plan_changes_nothing(lake: Lake, csv: Csv) -> None:
    import_files(lake, [csv("SPY.csv", *minutes(SPIKE))], options=SPY)

    plan = plan_release(lake, ALL_OF_SPY)

    assert (plan.rows["fate"].to_list(), plan.snapshot) == (["stored"], None)
    assert (prices(lake), pending(lake), lake.snapshot()) == ([], 1, 1)


def test_release_twice_is_release_once(lake: Lake, csv: Csv) -> None:
    import_files(lake, [csv("SPY.csv", *minutes(SPIKE))], options=SPY)
    release(lake)

    again = release(lake)

    assert (again.rows.height, again.n_before, again.snapshot, lake.snapshot()) == (0, 1, 2, 2)


def test_released_print_is_never_quarantined_again(lake: Lake, csv: Csv) -> None:
    import_files(lake, [csv("SPY.csv", *minutes(SPIKE))], options=SPY)
    release(lake)

    same = import_files(lake, [csv("SPY.csv", *minutes(SPIKE))], options=SPY)
    other_name = import_files(lake, [csv("again.csv", *minutes(SPIKE))], options=SPY)
    other_print = import_files(lake, [csv("SPY.csv", *minutes(SPIKE.replace("90", "80")))], options=SPY)

    assert (same.rows_quarantined, same.rows_existing, same.rows_stored, same.snapshot) == (0, 10, 0, 2)
    assert (other_name.rows_quarantined, other_name.rows_existing) == (0, 10)
    assert "1 rows were released from quarantine before" in same.files[0].notes
    assert other_print.quarantine_reasons == {"spike": 1}
    assert prices(lake) == [(90.0, 7.0)]


def test_bars_and_mark_come_in_one_transaction(lake: Lake, csv: Csv) -> None:
    import_files(lake, [csv("SPY.csv", *minutes(SPIKE))], options=SPY)

    @contextmanager
    def failing() -> Generator[Connection]:
        with lake.state.write() as connection:
            yield connection
            raise RuntimeError("the power fails")

    with pytest.raises(RuntimeError, match="the power fails"):
        release_rows(lake, ALL_OF_SPY, completing=failing)

    assert (prices(lake), pending(lake), lake.snapshot()) == ([], 1, 1)
    release(lake)
    assert (prices(lake), pending(lake), lake.snapshot()) == ([(90.0, 7.0)], 0, 2)


@pytest.mark.parametrize(
    ("policy", "fate", "stored", "waiting"),
    [("keep", "kept", 100.0, 1), ("replace", "replaced", 90.0, 0)],
)
def test_another_bar_of_the_minute(
    lake: Lake, csv: Csv, policy: OnConflict, fate: str, stored: float, waiting: int
) -> None:
    import_files(lake, [csv("SPY.csv", *minutes(SPIKE))], options=SPY)
    import_files(lake, [csv("good.csv", *minutes())], options=SPY)

    done = release(lake, on_conflict=policy)

    assert done.rows["fate"].to_list() == [fate]
    assert [low for low, _ in prices(lake)] == [stored]
    assert pending(lake) == waiting
    assert lake.scan("revisions").collect()["low"].to_list() == ([100.0] if policy == "replace" else [])


def test_another_bar_of_the_minute_is_refused_under_fail(lake: Lake, csv: Csv) -> None:
    import_files(lake, [csv("SPY.csv", *minutes(SPIKE))], options=SPY)
    import_files(lake, [csv("good.csv", *minutes())], options=SPY)

    with pytest.raises(
        ConflictError, match="1 of 1 rows differ from stored bars, first SPY 2024-03-12 13:35"
    ):
        release(lake, on_conflict="fail")


def test_bar_that_came_meanwhile_means_once_more(
    lake: Lake, csv: Csv, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_files(lake, [csv("SPY.csv", *minutes(SPIKE))], options=SPY)
    plan = plan_release(lake, ALL_OF_SPY)
    import_files(lake, [csv("good.csv", *minutes())], options=SPY)
    monkeypatch.setattr("quantmill.ingest.releasing.plan_release", lambda *_, **__: plan)

    with pytest.raises(CommitConflictError):
        release(lake)

    assert pending(lake) == 1


def test_row_that_cannot_be_a_bar_is_refused_and_nothing_released(lake: Lake, csv: Csv) -> None:
    bad = "2024-03-12T13:38:00Z,100,99,101,100,5"
    import_files(lake, [csv("SPY.csv", *minutes(SPIKE, bad))], options=SPY)

    with pytest.raises(
        BadBarsError, match="1 of 2 chosen rows cannot be bars, first SPY 2024-03-12 13:38: high"
    ):
        release(lake)

    assert (prices(lake), pending(lake)) == ([], 2)
    assert release(lake, Choice(symbol="SPY", reason="spike")).rows.height == 1


def test_two_bars_of_one_minute_are_refused(lake: Lake, csv: Csv) -> None:
    files = [csv("a.csv", *minutes(SPIKE)), csv("b.csv", *minutes(SPIKE.replace("90", "80")))]
    import_files(lake, files, options=SPY)

    with pytest.raises(BadBarsError, match="have the minute of another chosen row"):
        release(lake)

    ids = list_quarantine(lake).filter(pl.col("low") == 80.0)["row_digest"].to_list()
    release(lake, Choice(ids=(ids[0][:10],)))
    assert prices(lake) == [(80.0, 7.0)]


def test_same_row_of_two_files_is_one_bar_and_both_are_marked(lake: Lake, csv: Csv) -> None:
    import_files(lake, [csv(name, *minutes(SPIKE)) for name in ("a.csv", "b.csv")], options=SPY)
    assert pending(lake) == 2

    release(lake)

    assert (prices(lake), pending(lake)) == ([(90.0, 7.0)], 0)


def test_choices(lake: Lake, csv: Csv) -> None:
    import_files(lake, [csv("SPY.csv", *minutes(SPIKE), "nonsense,100,100,100,100,1")], options=SPY)
    import_files(lake, [csv("SPY.csv", *minutes(SPIKE))], options=FileOptions(symbol="QQQ"))

    def count(**words: object) -> int:
        return list_quarantine(lake, Choice(**words)).height  # pyright: ignore[reportArgumentType] - words by name

    day = date(2024, 3, 12)
    assert (count(), count(symbol="QQQ"), count(reason="spike"), count(symbol="IWM")) == (3, 1, 2, 0)
    assert (count(start=day), count(start=date(2024, 3, 13)), count(end=day)) == (2, 0, 0)
    with pytest.raises(UsageError, match="no rows are chosen"):
        plan_release(lake, Choice())
    with pytest.raises(NotFoundError, match="no quarantined rows have an id that begins with 'zz'"):
        plan_release(lake, Choice(ids=("zz",)))
    with pytest.raises(NotFoundError, match="3 quarantined rows have an id that begins with ''"):
        plan_release(lake, Choice(ids=("",)))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lows=st.lists(st.sampled_from([100, 90, 80]), min_size=6, max_size=6), chosen=st.sets(st.integers(0, 5))
)
def test_each_row_is_a_bar_or_waits(
    tmp_path_factory: pytest.TempPathFactory, lows: list[int], chosen: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("release")
    lake = open_lake(folder / "home")
    # Each minute that may dip lies between three at 100 on either side.
    rows = [
        f"2024-03-12T{13 + (30 + at) // 60}:{(30 + at) % 60:02d}:00Z,100,100,{lows[at // 7] if at % 7 == 3 else 100},100,5"
        for at in range(42)
    ]
    path = folder / "SPY.csv"
    path.write_text("\n".join(("ts,open,high,low,close,volume", *rows, "")), encoding="utf-8")
    import_files(lake, [path], options=SPY)
    waiting = list_quarantine(lake)["row_digest"].to_list()
    ids = tuple(waiting[at] for at in sorted(chosen) if at < len(waiting))

    if ids:
        release(lake, Choice(ids=ids))
    import_files(lake, [path], options=SPY)

    bars, left = lake.read_bars("SPY"), list_quarantine(lake)
    assert bars.height + left.height == 42
    assert left.height == sum(low < 100 for low in lows) - len(ids)
    assert not set(bars["ts"]) & set(left["ts"])
    assert all(json.loads(raw)["low"] != "100" for raw in left["raw"])
    lake.state.close()
