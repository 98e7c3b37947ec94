"""Stored splits and dividends: what is refused, how they merge, files from before dividends were kept."""

import math
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from quantmill.errors import ConflictError, DataError
from quantmill.lake import Lake
from quantmill.lake.datasets import CORPORATE_ACTIONS, DATASETS
from quantmill.testing.lakes import make_bars

SCHEMA = {name: CORPORATE_ACTIONS.columns[name] for name in ("symbol", "ex_date", "kind", "ratio", "amount")}


def action(
    kind: str, *, ratio: float | None = None, amount: float | None = None, **more: str
) -> pl.DataFrame:
    row = {"symbol": "AA", "ex_date": date(2024, 3, 13), "kind": kind, "ratio": ratio, "amount": amount}
    return pl.DataFrame([{**row, **more}], schema_overrides=SCHEMA)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (action("spinoff", ratio=2.0), "kind is neither split nor dividend"),
        (action("split"), "a split has no ratio above zero"),
        (action("split", ratio=0.0), "a split has no ratio above zero"),
        (action("split", ratio=math.inf), "a split has no ratio above zero"),
        (action("dividend", amount=-0.1), "a dividend has no amount above zero"),
        (action("dividend"), "a dividend has no amount above zero"),
        (action("split", ratio=2.0, amount=0.1), "a split has an amount"),
        (action("dividend", ratio=2.0, amount=0.1), "a dividend has a ratio"),
        (action("split", ratio=2.0, symbol="aa"), "'aa' is stored as 'AA'"),
        (action("split", ratio=math.nan), "column 'ratio' is NaN"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_an_action_is_refused(lake: Lake, wrong: pl.DataFrame, says: str) -> None:
    with pytest.raises(DataError, match=says):
        lake.write("corporate_actions", wrong)

    assert lake.snapshot() == 0


def test_a_split_and_a_dividend_of_one_day_are_two_actions(lake: Lake) -> None:
    both = pl.concat([action("split", ratio=2.0), action("dividend", amount=0.5)])

    commit = lake.write("corporate_actions", both)

    assert (commit.inserted, commit.conflicts) == (2, 0)
    assert lake.scan("corporate_actions").collect()["ingested_at"].null_count() == 0


def test_the_same_action_from_another_source_is_no_conflict(lake: Lake) -> None:
    lake.write("corporate_actions", action("dividend", amount=0.5, provider="files", source="one.csv"))

    commit = lake.write(
        "corporate_actions",
        action("dividend", amount=0.5, provider="other", source="two.csv"),
        on_conflict="fail",
    )

    assert (commit.existing, commit.conflicts, commit.files) == (1, 0, 0)
    assert lake.scan("corporate_actions").collect()["source"].to_list() == ["one.csv"]


def test_another_amount_is_kept_out_replaces_or_fails(lake: Lake) -> None:
    lake.write("corporate_actions", action("dividend", amount=0.5))
    other = action("dividend", amount=0.6)

    def stored() -> list[float]:
        return lake.scan("corporate_actions").collect()["amount"].to_list()

    with pytest.raises(ConflictError, match="1 rows differ from stored ones, first AA, 2024-03-13, dividend"):
        lake.write("corporate_actions", other, on_conflict="fail")
    assert lake.write("corporate_actions", other).conflicts == 1
    assert stored() == [0.5]
    assert lake.write("corporate_actions", other, on_conflict="replace").replaced == 1
    assert stored() == [0.6]


@pytest.fixture
def with_old_file(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake with a file from before dividends, sources and times were kept."""
    names = ("symbol", "ex_date", "kind", "ratio")
    old = replace(
        CORPORATE_ACTIONS,
        columns={name: CORPORATE_ACTIONS.columns[name] for name in names},
        optional=(),
        nullable=(),
        provenance=("ingested_at",),
    )
    with monkeypatch.context() as patch:
        patch.setitem(DATASETS, "corporate_actions", old)
        lake.write("corporate_actions", action("split", ratio=7.0).select(names))
    return lake


def test_old_files_still_read_and_take_part_in_merges(with_old_file: Lake) -> None:
    lake = with_old_file
    lake.write("bars", make_bars("AA", 2))

    assert lake.scan("corporate_actions").collect().row(0) == (
        *("AA", date(2024, 3, 13), "split", 7.0),
        *(None, None, None, None),
    )
    assert lake.read_bars("AA", adjust="back")["volume"].to_list() == [7000.0, 7000.0]
    again = lake.write("corporate_actions", action("split", ratio=7.0, source="new.csv"))
    assert (again.existing, again.conflicts, again.files) == (1, 0, 0)
    assert lake.write("corporate_actions", action("dividend", amount=0.5)).inserted == 1
    assert lake.scan("corporate_actions").collect()["amount"].to_list() == [0.5, None]
    assert lake.verify().ok


def test_sql_sees_all_columns_over_old_and_new_files(with_old_file: Lake) -> None:
    query = "SELECT symbol, ratio, amount, source FROM corporate_actions ORDER BY symbol"

    assert with_old_file.sql(query).rows() == [("AA", 7.0, None, None)]
    with_old_file.write("corporate_actions", action("dividend", amount=0.5, source="b.csv", symbol="BB"))
    assert with_old_file.sql(query).rows() == [("AA", 7.0, None, None), ("BB", None, 0.5, "b.csv")]
    assert with_old_file.sql("FROM corporate_actions").columns == list(CORPORATE_ACTIONS.columns)
