"""Whatever is written in whatever order: the lake holds what a plain dictionary would hold."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantmill.core.bars import BAR_SCHEMA, ts_of
from quantmill.core.instants import MINUTE_US, to_us
from quantmill.errors import ConflictError
from quantmill.lake import Lake
from quantmill.lake.merging import OnConflict
from quantmill.testing.lakes import open_lake
from tests.databases import Databases

Key = tuple[str, int]
Rows = dict[Key, float]

# Minutes around two month ends, one in a closed year and one in the open one.
MINUTES = [
    to_us(datetime(year, month, 28, 20, 55, tzinfo=UTC)) + day * 1440 * MINUTE_US + minute * MINUTE_US
    for year, month in ((2024, 12), (2026, 9))
    for day in range(0, 8, 2)
    for minute in range(3)
]
TYPES = {name: BAR_SCHEMA[name] for name in ("symbol", "open", "high", "low", "close", "provider", "feed")}
rows_of_one_write = st.dictionaries(
    st.tuples(st.sampled_from(["SPY", "QQQ", "I:VIX"]), st.sampled_from(MINUTES)),
    st.sampled_from([1.0, 2.0, 3.0]),
    min_size=1,
    max_size=25,
)


def frame_of(rows: Rows, order: Sequence[int] | None = None) -> pl.DataFrame:
    items = list(rows.items()) if order is None else [list(rows.items())[at] for at in order]
    price = [value for _, value in items]
    return pl.DataFrame(
        {
            "symbol": [symbol for (symbol, _), _ in items],
            "ts": ts_of(np.array([us for (_, us), _ in items], dtype=np.int64)),
            **dict.fromkeys(("open", "high", "low", "close"), price),
            "provider": ["files"] * len(items),
            "feed": ["test"] * len(items),
        },
        schema_overrides=TYPES,
    )


def stored(lake: Lake) -> list[tuple[str, int, float]]:
    frame = lake.scan("bars").select("symbol", pl.col("ts").to_physical(), "close").collect()
    return sorted(frame.rows())


def flat(rows: Rows) -> list[tuple[str, int, float]]:
    return sorted((symbol, us, value) for (symbol, us), value in rows.items())


@contextmanager
def new_lake(databases: Databases) -> Generator[Lake]:
    with TemporaryDirectory() as folder, databases.dropping():
        lake = open_lake(Path(folder), state=databases.fresh(Path(folder)))
        yield lake
        lake.state.close()


@settings(max_examples=15)
@given(
    writes=st.lists(st.tuples(rows_of_one_write, st.sampled_from(["keep", "replace", "fail"])), max_size=4)
)
def test_writes_equal_a_dictionary(databases: Databases, writes: list[tuple[Rows, OnConflict]]) -> None:
    with new_lake(databases) as lake:
        oracle: Rows = {}
        superseded: list[tuple[str, int, float]] = []
        for rows, policy in writes:
            differing = {key for key, value in rows.items() if oracle.get(key, value) != value}
            known = {key for key in rows if key in oracle}
            if policy == "fail" and differing:
                with pytest.raises(ConflictError, match=f"{len(differing)} rows differ"):
                    lake.write("bars", frame_of(rows), on_conflict=policy)
                continue
            commit = lake.write("bars", frame_of(rows), on_conflict=policy)
            if policy == "replace":
                superseded += [(*key, oracle[key]) for key in differing]
                oracle |= rows
            else:
                oracle = rows | oracle
            assert commit.inserted + commit.existing == len(rows)
            assert (commit.existing, commit.conflicts) == (len(known), len(differing))
            assert commit.replaced == (len(differing) if policy == "replace" else 0)

        assert stored(lake) == flat(oracle)
        revisions = lake.scan("revisions").filter(pl.col("reason") == "replaced").collect()
        assert sorted(revisions.select("symbol", pl.col("ts").to_physical(), "close").rows()) == sorted(
            superseded
        )
        assert sum(lake.symbols()["rows"]) == len(oracle)
        assert lake.verify().findings == []


@settings(max_examples=8)
@given(rows=rows_of_one_write, data=st.data())
def test_order_and_repetition_of_writes_do_not_matter(
    databases: Databases, rows: Rows, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(rows))))
    cut = data.draw(st.integers(0, len(rows)))
    with new_lake(databases) as at_once, new_lake(databases) as in_parts:
        at_once.write("bars", frame_of(rows))
        for part in (order[:cut], order[cut:], order):
            in_parts.write("bars", frame_of(rows, part))
        snapshot = in_parts.snapshot()

        again = in_parts.write("bars", frame_of(rows), on_conflict="fail")

        assert stored(in_parts) == stored(at_once) == flat(rows)
        assert (again.snapshot, again.inserted, again.files) == (snapshot, 0, 0)


@settings(max_examples=8)
@given(writes=st.lists(rows_of_one_write, min_size=1, max_size=4))
def test_every_snapshot_stays_what_it_was(databases: Databases, writes: list[Rows]) -> None:
    with new_lake(databases) as lake:
        seen: dict[int, list[tuple[str, int, float]]] = {}
        for rows in writes:
            commit = lake.write("bars", frame_of(rows), on_conflict="replace")
            seen[commit.snapshot] = stored(lake)

        for snapshot, rows in seen.items():
            frame = (
                lake.scan("bars", as_of=snapshot)
                .select("symbol", pl.col("ts").to_physical(), "close")
                .collect()
            )
            assert sorted(frame.rows()) == rows
