"""Features of stored bars: built, extended, reused, read back; on a real lake in a temporary folder."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from quantmill.core.bars import BarArrays
from quantmill.core.calendar import calendar_for
from quantmill.core.clock import FixedClock
from quantmill.core.span import Span
from quantmill.errors import CommitConflictError, NoDataError, NotFoundError, UsageError
from quantmill.features.build import build_features, prepare_build, publish_build
from quantmill.features.compute import compute_features
from quantmill.features.declaration import Feature
from quantmill.features.read import (
    describe_features,
    feature_statistics,
    find_features,
    list_feature_sets,
    read_certified,
    read_features,
)
from quantmill.features.registry import FEATURES
from quantmill.features.sets import FeatureSet, feature_set_named, features_named
from quantmill.features.stored_set import read_set_columns
from quantmill.lake.store import Lake
from quantmill.testing.lakes import open_lake
from tests.databases import Databases
from tests.unit.features.leaks import leaking_features
from tests.unit.features.market import bar_frame, minute_bars

CORE = feature_set_named()
SMALL = FeatureSet("core", features_named(["sma_20", "rsi_14", "obv", "ibs", "is_lunch"]))


@pytest.fixture
def new_lake(databases: Databases, tmp_path: Path) -> Iterator[Callable[[str], Lake]]:
    clock = FixedClock(datetime(2024, 5, 1, tzinfo=UTC))
    with ExitStack() as opened, databases.dropping():

        def make(name: str) -> Lake:
            lake = open_lake(tmp_path / name, state=databases.fresh(tmp_path / name), clock=clock)
            opened.callback(lake.state.close)
            return lake

        yield make


@pytest.fixture
def lake(new_lake: Callable[[str], Lake]) -> Lake:
    return new_lake("home")


def market(n_sessions: int, seed: int = 0) -> pl.DataFrame:
    return bar_frame("AAA", minute_bars(n_sessions=n_sessions, seed=seed))


def test_stored_features_are_the_computed_ones_in_float32(lake: Lake) -> None:
    lake.write("bars", market(3))

    report = build_features(lake, lake.state, CORE, "AAA")

    stored = read_features(lake, lake.state, "AAA")
    arrays = BarArrays.of(lake.read_bars("AAA"), calendar_for("XNYS"))
    assert stored.columns == ["symbol", "ts", *CORE.names]
    for one in compute_features(CORE.columns, arrays):
        column = stored[one.feature.name]
        assert str(column.dtype) == one.feature.dtype
        assert not (column.dtype.is_float() and column.is_nan().any())
        np.testing.assert_array_equal(
            column.cast(pl.Float32).fill_null(float("nan")).to_numpy(), one.values.astype(np.float32)
        )
    assert (report.rows, report.sessions_built, report.sessions_reused) == (1170, 3, 0)
    assert report.null_counts["sma_20"] == {"warm-up": 19}
    assert report.uncertified == ()


def test_extended_history_equals_a_full_rebuild_and_keeps_old_files(new_lake: Callable[[str], Lake]) -> None:
    grown, fresh = new_lake("grown"), new_lake("fresh")
    bars = market(45)
    # 45 sessions from 2023-11-01: the first step ends within November, the second within December.
    steps = [
        datetime(2023, 11, 20, tzinfo=UTC),
        datetime(2023, 12, 12, tzinfo=UTC),
        datetime(2025, 1, 1, tzinfo=UTC),
    ]
    files: list[set[str]] = []
    reports = []
    for until in steps:
        grown.write("bars", bars.filter(pl.col("ts") < until))
        reports.append(build_features(grown, grown.state, CORE, "AAA"))
        files.append({file.path for file in grown.files(CORE.dataset)})
    fresh.write("bars", bars)
    build_features(fresh, fresh.state, CORE, "AAA")

    assert read_features(grown, grown.state, "AAA").equals(read_features(fresh, fresh.state, "AAA"))
    contents = [[file.content_sha256 for file in one.files(CORE.dataset)] for one in (grown, fresh)]
    assert contents[0] == contents[1]
    november = {path for path in files[1] if "2023-11" in path}
    assert november
    assert november <= files[2]
    built = [(report.sessions_built, report.sessions_reused) for report in reports]
    assert built[0] == (13, 0)
    assert [sum(pair) for pair in built] == [13, 28, 45]
    assert [reused for _, reused in built] == [0, 13, 28]


def test_build_with_nothing_new_changes_nothing(lake: Lake) -> None:
    lake.write("bars", market(3))
    build_features(lake, lake.state, SMALL, "AAA")
    snapshot = lake.snapshot()

    again = build_features(lake, lake.state, SMALL, "AAA")
    forced = build_features(lake, lake.state, SMALL, "AAA", force=True)

    assert lake.snapshot() == snapshot
    for report in (again, forced):
        assert (report.sessions_built, report.sessions_reused) == (0, 3)
        assert report.null_counts == {
            "ibs": {},
            "is_lunch": {},
            "obv": {},
            "rsi_14": {"warm-up": 14},
            "sma_20": {"warm-up": 19},
        }


def test_a_late_split_changes_features_from_its_date_on_alone(lake: Lake) -> None:
    lake.write("bars", market(25))
    build_features(lake, lake.state, SMALL, "AAA")
    before = read_features(lake, lake.state, "AAA")
    split = {"symbol": ["AAA"], "ex_date": [date(2023, 12, 1)], "kind": ["split"], "ratio": [2.0]}
    lake.write("corporate_actions", pl.DataFrame(split))

    report = build_features(lake, lake.state, SMALL, "AAA")

    after = read_features(lake, lake.state, "AAA")
    early = pl.col("ts") < datetime(2023, 12, 1, tzinfo=UTC)
    assert after.filter(early).equals(before.filter(early))
    assert not after.filter(~early)["sma_20"].equals(before.filter(~early)["sma_20"])
    assert report.sessions_reused == before.filter(early)["ts"].dt.date().n_unique()


def test_missing_volume_is_null_with_its_cause(lake: Lake) -> None:
    bars = market(2).with_columns(volume=pl.lit(None, dtype=pl.Float64))
    lake.write("bars", bars)

    report = build_features(lake, lake.state, CORE, "AAA")

    stored = read_features(lake, lake.state, "AAA", columns=["vol_ratio_60", "ibs"])
    assert stored["vol_ratio_60"].null_count() == 780
    assert stored["ibs"].null_count() == 0
    assert report.null_counts["vol_ratio_60"] == {"warm-up": 59, "missing volume": 721}


def test_extended_hours_are_a_set_of_their_own(lake: Lake) -> None:
    regular = market(2)
    early = regular.head(30).with_columns(pl.col("ts") - pl.duration(minutes=30))
    lake.write("bars", pl.concat([early, regular]))

    build_features(lake, lake.state, CORE, "AAA")
    report = build_features(lake, lake.state, feature_set_named("core_extended"), "AAA")

    assert report.rows == 810
    assert report.null_counts["minutes_to_close"] == {"outside regular hours": 30}
    assert read_features(lake, lake.state, "AAA").height == 780
    assert read_features(lake, lake.state, "AAA", feature_set="core_extended").height == 810


def test_newest_version_is_read_unless_another_is_named(lake: Lake) -> None:
    lake.write("bars", market(2))
    old = build_features(lake, lake.state, SMALL, "AAA")
    lake.clock.instant = datetime(2024, 5, 2, tzinfo=UTC)
    new = build_features(lake, lake.state, FeatureSet("core", SMALL.columns[:2]), "AAA")

    assert read_features(lake, lake.state, "AAA").columns == ["symbol", "ts", "sma_20", "rsi_14"]
    assert read_features(lake, lake.state, "AAA", version=old.version).width == 7
    listed = list_feature_sets(lake.state)
    assert listed["version"].to_list() == [new.version, old.version]
    assert listed["certified"].to_list() == [2, 5]
    assert listed["symbols"].to_list() == [["AAA"], ["AAA"]]


def test_reads_can_be_narrowed(lake: Lake) -> None:
    lake.write("bars", market(3))
    build_features(lake, lake.state, SMALL, "AAA")
    span = Span(datetime(2023, 11, 2, tzinfo=UTC), datetime(2023, 11, 3, tzinfo=UTC))

    frame = read_features(lake, lake.state, "AAA", columns=["ibs", "sma_20"], span=span)

    assert frame.columns == ["symbol", "ts", "ibs", "sma_20"]
    assert frame.height == 390


def test_what_is_not_stored_is_named_with_the_nearest(lake: Lake) -> None:
    with pytest.raises(NotFoundError, match="no core features on 1m bars are stored for AAA") as caught:
        read_features(lake, lake.state, "AAA")
    assert "quantmill features build AAA" in caught.value.hint
    lake.write("bars", market(2))
    report = build_features(lake, lake.state, SMALL, "AAA")

    cases = [
        ({"symbol": "AAB"}, "stored for AAB", "did you mean AAA"),
        ({"columns": ["rsi_15"]}, "has no feature 'rsi_15'", "rsi_14"),
        ({"version": "00000000"}, "no features of core@00000000", report.version),
        ({"feature_set": "corr"}, "no feature set 'corr'", "did you mean core"),
    ]
    for changes, message, hint in cases:
        with pytest.raises(NotFoundError, match=message) as caught:
            read_features(lake, lake.state, **{"symbol": "AAA", **changes})  # type: ignore[arg-type]
        assert hint in caught.value.hint


def test_build_of_unknown_symbol_or_hours_or_interval_is_refused(lake: Lake) -> None:
    with pytest.raises(NotFoundError, match="no bars are stored for AAA"):
        build_features(lake, lake.state, SMALL, "AAA")
    lake.write("bars", market(1).head(30).with_columns(pl.col("ts") - pl.duration(minutes=30)))
    with pytest.raises(NoDataError, match="AAA has no bars in regular hours"):
        build_features(lake, lake.state, SMALL, "AAA")
    with pytest.raises(UsageError, match="features are built on 1m bars, not 5m"):
        build_features(lake, lake.state, FeatureSet("core", SMALL.columns, type(SMALL.interval)(5)), "AAA")


def test_a_leaking_feature_is_stored_without_certificate(lake: Lake) -> None:
    lake.write("bars", market(2))
    leaking = FeatureSet("core", (FEATURES["ibs"], leaking_features()[0]))

    report = build_features(lake, lake.state, leaking, "AAA")

    assert report.uncertified == (leaking_features()[0].name,)
    assert read_certified(lake.state, "core", report.version) == {"ibs"}


def test_changed_code_is_computed_and_certified_again(lake: Lake) -> None:
    lake.write("bars", market(2))
    honest = FeatureSet("core", (Feature("mine", lambda bars: bars.close, "other", 1, "the close"),))
    leaking = FeatureSet("core", (Feature("mine", leaking_features()[0].function, "other", 1, "the close"),))
    build_features(lake, lake.state, honest, "AAA")

    report = build_features(lake, lake.state, leaking, "AAA")

    assert leaking.version == honest.version
    assert report.uncertified == ("mine",)
    assert report.sessions_built == 2


def test_changed_declaration_is_recorded_though_the_version_stays(lake: Lake) -> None:
    lake.write("bars", market(2))
    build_features(lake, lake.state, SMALL, "AAA")
    changed = FeatureSet("core", (replace(SMALL.columns[0], scaling="robust"), *SMALL.columns[1:]))

    build_features(lake, lake.state, changed, "AAA", force=True)

    assert changed.version == SMALL.version
    columns = read_set_columns(lake.state, "core", SMALL.version)
    assert [column.name for column in columns] == list(SMALL.names)
    assert columns[0].scaling == "robust"


def test_of_two_builds_at_once_the_second_is_told(lake: Lake) -> None:
    lake.write("bars", market(2))
    first, second = (prepare_build(lake, lake.state, SMALL, "AAA") for _ in range(2))
    with lake.state.write() as connection:
        publish_build(lake, first, connection)

    with pytest.raises(CommitConflictError), lake.state.write() as connection:
        publish_build(lake, second, connection)

    assert read_features(lake, lake.state, "AAA").height == 780


def test_statistics_and_catalogue_show_what_a_person_asks(lake: Lake) -> None:
    lake.write("bars", market(2))
    build_features(lake, lake.state, SMALL, "AAA")

    statistics = feature_statistics(read_features(lake, lake.state, "AAA"))
    catalogue = describe_features(SMALL)

    sma = statistics.filter(feature="sma_20").row(0, named=True)
    assert (sma["rows"], sma["missing"]) == (780, 19)
    assert sma["min"] < sma["mean"] < sma["max"]
    assert catalogue["name"].to_list() == list(SMALL.names)
    assert catalogue["formula"][0].startswith("Simple moving average")
    assert find_features(lake.state, "AAA").sessions == 2


@pytest.mark.parametrize("symbol", ["SPY", "AAPL"])
def test_real_bars_make_features_without_a_cause_unknown(real_data: Path, lake: Lake, symbol: str) -> None:
    source = pl.scan_parquet(real_data / "bars" / "em2015_1m.parquet").filter(pl.col("symbol") == symbol)
    bars = source.filter(pl.col("ts") < datetime(2015, 1, 15, tzinfo=UTC)).collect()
    kept = bars.select("symbol", "ts", "open", "high", "low", pl.col("close", "volume").cast(pl.Float64))
    lake.write(
        "bars",
        kept.with_columns(
            pl.col("ts").cast(pl.Datetime("us", "UTC")), provider=pl.lit("files"), feed=pl.lit("em")
        ),
    )

    report = build_features(lake, lake.state, CORE, symbol)

    stored = read_features(lake, lake.state, symbol)
    assert report.rows == stored.height > 10_000
    causes = {cause for counts in report.null_counts.values() for cause in counts}
    assert "undefined" not in causes
    # No index fund is stored beside this one: the market's columns are null with that cause.
    own = [one.name for one in CORE.columns if one.context is None]
    statistics = feature_statistics(stored.select("symbol", "ts", *own))
    assert statistics["std"].null_count() == 0
    # No feature is missing in more than a tenth of a liquid symbol's bars.
    assert (statistics["missing"] < 0.1 * report.rows).all()
    assert report.null_counts["qqq_return"] == {"no context": report.rows}
    assert statistics.filter(feature="rsi_14")["mean"][0] == pytest.approx(50.0, abs=3.0)
