"""Stored columns against declared ones, by footers alone, and columns that keep their type over files."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from quantmill.core.bars import UTC_TIME
from quantmill.core.span import Span
from quantmill.errors import SchemaDriftError
from quantmill.lake import Lake
from quantmill.lake.schema_checking import StoredDrift
from quantmill.testing.lakes import FIRST_MINUTE, make_bars

FEATURES = "features/core@0123abcd/1m"


def features(symbol: str, month: int = 3, **columns: pl.Series) -> pl.DataFrame:
    ts = pl.Series([datetime(2024, month, 12, 13, 30, tzinfo=UTC)], dtype=UTC_TIME)
    return pl.DataFrame({"symbol": [symbol], "ts": ts, **columns})


def only_file(lake: Lake) -> Path:
    return next(lake.root.glob("bars/**/*.parquet"))


def drifts(lake: Lake) -> list[StoredDrift]:
    return [drift for checked in lake.check_schemas() for drift in checked.drifts]


def test_a_lake_as_declared_has_no_drift(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 3))
    lake.write(FEATURES, features("SPY", rsi=pl.Series([1.0], dtype=pl.Float32)))

    checked = {one.name: one for one in lake.check_schemas()}

    assert checked.keys() == {"bars", FEATURES}
    assert checked[FEATURES].columns == {"symbol": "str", "ts": "time", "rsi": "f32"}
    assert checked["bars"].needed >= {"ts", "close"}
    assert "vwap" not in checked["bars"].needed
    assert drifts(lake) == []


def test_footers_that_differ_are_named_by_column(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 3))
    path = only_file(lake)
    changed = (
        pl.read_parquet(path)
        .drop("close")
        .with_columns(pl.col("volume").cast(pl.Int64), pl.lit("x").alias("venue"))
    )
    changed.write_parquet(path)

    relative = path.relative_to(lake.root).as_posix()
    assert drifts(lake) == [
        StoredDrift("missing", "close", "f64", "", relative),
        StoredDrift("type", "volume", "f64", "i64", relative),
        StoredDrift("new", "venue", "", "str", relative),
    ]
    assert str(drifts(lake)[1]) == f"{relative}: column 'volume' is i64, needed is f64"


def test_a_damaged_file_is_named(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 3))
    only_file(lake).write_bytes(b"PAR1 is not enough")

    assert [drift.kind for drift in drifts(lake)] == ["unreadable"]


def test_only_what_is_asked_for_is_checked(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 3))
    later = Span(FIRST_MINUTE + timedelta(days=1), FIRST_MINUTE + timedelta(days=2))

    assert lake.check_schemas(dataset="trials") == []
    assert lake.check_schemas(span=later) == []
    assert [one.n_files for one in lake.check_schemas(dataset="bars")] == [1]


def test_a_new_feature_column_leaves_older_partitions_readable(lake: Lake) -> None:
    lake.write(FEATURES, features("SPY", rsi=pl.Series([1.0], dtype=pl.Float32)))
    lake.write(
        FEATURES,
        features("SPY", 4, rsi=pl.Series([2.0], dtype=pl.Float32), atr=pl.Series([3.0], dtype=pl.Float32)),
    )

    assert lake.scan(FEATURES).select("rsi", "atr").collect().rows() == [(1.0, None), (2.0, 3.0)]
    assert lake.sql("SELECT rsi, atr FROM features ORDER BY ts").rows() == [(1.0, None), (2.0, 3.0)]
    assert drifts(lake) == []


def test_a_column_of_another_type_than_stored_ones_is_refused_by_name(lake: Lake) -> None:
    lake.write(FEATURES, features("SPY", rsi=pl.Series([1.0], dtype=pl.Float32)))

    with pytest.raises(
        SchemaDriftError, match="column 'rsi' is Float64, other files of the dataset hold Float32"
    ):
        lake.write(FEATURES, features("QQQ", rsi=pl.Series([1.0])))

    assert lake.scan(FEATURES).collect().height == 1
    assert len(list(lake.root.rglob("*.parquet"))) == 1


def test_a_column_may_change_its_type_where_every_file_is_replaced(lake: Lake) -> None:
    lake.write(FEATURES, features("SPY", rsi=pl.Series([1.0], dtype=pl.Float32)))

    lake.write(FEATURES, features("SPY", rsi=pl.Series([1.0])))

    assert lake.scan(FEATURES).collect()["rsi"].dtype == pl.Float64


def test_two_writes_of_one_commit_must_agree(lake: Lake) -> None:
    staged = [
        lake.stage(FEATURES, features("SPY", rsi=pl.Series([1.0], dtype=pl.Float32))),
        lake.stage(FEATURES, features("QQQ", rsi=pl.Series([1]))),
    ]

    with pytest.raises(SchemaDriftError, match="'rsi'"):
        lake.commit(staged)

    assert lake.snapshot() == 0
