"""Stored features against what their builds recorded: made again bit for bit, or what differs and why."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import update

from quantmill.core.bars import UTC_TIME
from quantmill.core.calendar import calendar_for
from quantmill.core.progress import NO_PROGRESS
from quantmill.core.span import Span
from quantmill.features.build import build_features
from quantmill.features.declaration import Feature
from quantmill.features.read import find_features
from quantmill.features.reproduce import ColumnVerdict, Reproduction, reproduce_features
from quantmill.features.sets import FeatureSet, feature_set_named, features_named
from quantmill.ingest.importing import import_files
from quantmill.lake.store import Lake
from quantmill.providers.sim.provider import SimProvider
from quantmill.state.tables.features import FEATURE, FEATURE_BUILD
from quantmill.testing.lakes import open_lake
from quantmill.verbs.mill import Mill
from tests.command_line import answer, command
from tests.databases import Place
from tests.unit.features.market import bar_frame, minute_bars

CORE = feature_set_named()
SMALL = FeatureSet("core", features_named(["sma_20", "rsi_14", "obv", "ibs", "is_lunch"]))


@pytest.fixture
def lake(tmp_path: Path, state_place: Place) -> Iterator[Lake]:
    opened = open_lake(tmp_path / "home", state=state_place)
    yield opened
    opened.state.close()


@pytest.fixture
def built(lake: Lake) -> Lake:
    """Three sessions of AAA with features of the small set."""
    lake.write("bars", bar_frame("AAA", minute_bars(n_sessions=3)))
    build_features(lake, lake.state, SMALL, "AAA")
    return lake


def reproduced(lake: Lake, symbol: str = "AAA") -> Reproduction:
    return reproduce_features(lake, lake.state, find_features(lake.state, symbol))


def open_columns(made: Reproduction) -> list[ColumnVerdict]:
    return [column for column in made.columns if column.verdict != "identical"]


def store_changed(lake: Lake, column: str, row: int, value: float | None) -> datetime:
    """Commit the stored features with one value changed; the `ts` of its row."""
    stored = lake.scan(SMALL.dataset, keys=["AAA"]).collect()
    values = stored[column].to_list()
    values[row] = value
    changed = stored.with_columns(pl.Series(column, values, dtype=stored.schema[column]))
    lake.write(SMALL.dataset, changed, key="AAA")
    return stored["ts"][row]


def test_features_are_reproduced_whatever_was_stored_after_their_build(lake: Lake) -> None:
    bars = bar_frame("AAA", minute_bars(n_sessions=5))
    third = bars["ts"].dt.date().unique().sort()[2]
    lake.write("bars", bars.filter(pl.col("ts").dt.date() <= third))
    build_features(lake, lake.state, CORE, "AAA")
    lake.write("bars", bars.with_columns(pl.col("volume") + 1.0), on_conflict="replace")
    split = {"symbol": ["AAA"], "ex_date": [date(2023, 11, 2)], "kind": ["split"], "ratio": [2.0]}
    lake.write("corporate_actions", pl.DataFrame(split))
    snapshot = lake.snapshot()

    made = reproduced(lake)

    assert open_columns(made) == []
    assert [column.column for column in made.columns] == ["ts", *CORE.names]
    assert made.rows == 3 * 390
    assert lake.snapshot() == snapshot


@pytest.mark.parametrize(
    ("column", "row", "value"),
    [
        ("rsi_14", 500, 50.25),
        ("rsi_14", 500, None),
        ("sma_20", 3, 100.0),
        ("is_lunch", 0, 1),
        ("obv", 0, -0.0),
    ],
)
def test_one_changed_value_is_found_with_its_column_and_time(
    built: Lake, column: str, row: int, value: float | None
) -> None:
    before = built.scan(SMALL.dataset, keys=["AAA"]).collect()[column][row]
    ts = store_changed(built, column, row, value)

    made = reproduced(built)

    found = ColumnVerdict(column, "differs", 1, ts, value, before)
    assert open_columns(made) == [found]
    assert made.count("identical") == 5


def test_stored_rows_without_a_bar_and_bars_without_a_row_are_found(built: Lake) -> None:
    stored = built.scan(SMALL.dataset, keys=["AAA"]).collect()
    other = stored.head(1).with_columns(
        pl.lit(datetime(2023, 11, 1, 3, 0, tzinfo=UTC)).cast(UTC_TIME).alias("ts")
    )
    built.write(SMALL.dataset, pl.concat([other, stored[:700], stored[702:]]), key="AAA")

    (rows,) = open_columns(reproduced(built))

    assert (rows.column, rows.verdict, rows.n_differ) == ("ts", "differs", 3)
    assert rows.first_ts == other["ts"][0]
    assert rows.reason == "1 stored rows have no bar, 2 bars have no stored row"


def test_a_difference_under_other_code_is_no_proof_of_damage(built: Lake) -> None:
    store_changed(built, "rsi_14", 500, 50.25)
    with built.state.write() as connection:
        connection.execute(update(FEATURE).where(FEATURE.c.name == "rsi_14").values(source_sha256="0" * 64))

    (column,) = open_columns(reproduced(built))

    assert (column.column, column.verdict) == ("rsi_14", "not rebuilt")
    # The record of the build covers the code of all columns together.
    assert column.reason.startswith(
        "its code has changed; the bars, splits, dividends or context of snapshot 1"
    )


def test_a_difference_under_another_package_version_is_no_proof_of_damage(built: Lake) -> None:
    store_changed(built, "rsi_14", 500, 50.25)
    with built.state.write() as connection:
        connection.execute(update(FEATURE_BUILD).values(package_version="0.0.1"))

    (column,) = open_columns(reproduced(built))

    assert column.verdict == "not rebuilt"
    assert "built by quantmill 0.0.1, this is" in column.reason


def test_features_that_are_gone_or_declared_otherwise_are_named(lake: Lake) -> None:
    lake.write("bars", bar_frame("AAA", minute_bars(n_sessions=2)))
    mine = Feature("mine", lambda bars: bars.close, "other", 1, "the close")
    build_features(lake, lake.state, FeatureSet("core", (*SMALL.columns, mine)), "AAA")
    with lake.state.write() as connection:
        declared = '{"dtype":"Float32","name":"obv","parameters":{},"revision":7}'
        connection.execute(update(FEATURE).where(FEATURE.c.name == "obv").values(declaration=declared))

    obv, gone = open_columns(reproduced(lake))

    assert (gone.column, gone.verdict) == ("mine", "not rebuilt")
    assert gone.reason == "no feature of this name is declared any more"
    assert (obv.column, obv.verdict) == ("obv", "not rebuilt")
    assert "revision 7 then, 1 now" in obv.reason


def test_a_snapshot_whose_files_are_gone_is_said_to_be(built: Lake) -> None:
    (old,) = built.files("bars", keys=["AAA"])
    built.write("bars", bar_frame("AAA", minute_bars(n_sessions=4)))
    (built.root / old.path).unlink()

    made = reproduced(built)

    assert made.count("not rebuilt") == len(made.columns) == 6
    assert all("its inputs, snapshot 1, cannot be read any more" in column.reason for column in made.columns)


def test_context_and_regimes_are_made_again_from_the_recorded_sources(lake: Lake) -> None:
    # Four months: the mixture is fitted once, at the first session of April.
    names = ["ibs", "qqq_return", "vix_z_score", "regime_vix", "regime_gmm", "regime_sma"]
    chosen = FeatureSet("core", features_named(names))
    provider, calendar = SimProvider(), calendar_for("XNYS")
    days = calendar.next_sessions(date(2023, 1, 3), 66)
    span = Span(calendar.session_span(days[0]).start, calendar.session_span(days[-1]).end)
    for symbol in ("SPY", "QQQ"):
        lake.write("bars", pl.concat(list(provider.bars(symbol, span, progress=NO_PROGRESS))))
    build_features(lake, lake.state, chosen, "SPY")
    # A volatility note that is stored later would be chosen now.
    lake.write("bars", pl.concat(list(provider.bars("VIXY", span, progress=NO_PROGRESS))))
    stored = lake.scan(chosen.dataset, keys=["SPY"]).collect()

    made = reproduced(lake, "SPY")

    assert stored["regime_gmm"].null_count() < stored.height
    assert open_columns(made) == []
    with lake.state.write() as connection:
        context = '{"benchmark":"QQQ","coverage":{},"notes":[],"volatility":"I:VIX"}'
        connection.execute(update(FEATURE_BUILD).values(context=context))
    assert all("no bars are stored for I:VIX" in column.reason for column in reproduced(lake, "SPY").columns)


def test_the_verb_says_what_it_found_and_fails_when_something_differs(tmp_path: Path) -> None:
    home = tmp_path / "home"
    answer("ingest", "SPY", "--start", "2023-01-03", "--end", "2023-01-06", home=home)
    nothing = command("verify", "reproduce", home=home)
    answer("features", "build", "SPY", home=home)

    good = answer("verify", "reproduce", home=home)
    with Mill.open(home) as mill:
        stored = mill.lake.scan(CORE.dataset, keys=["SPY"]).collect()
        mill.lake.write(CORE.dataset, stored.with_columns(pl.col("ibs") * 2), key="SPY")
    bad = command("verify", "reproduce", "SPY", home=home)
    unknown = command("verify", "reproduce", "AAPL", home=home)

    assert (nothing.code, unknown.code) == (3, 3)
    assert "no features are stored" in nothing.err
    assert (good["ok"], good["by_symbol"][0]["identical"]) == (True, len(CORE.names) + 1)
    assert bad.code == 1
    assert "not every stored feature is reproduced: 1 findings" in bad.out
    assert "SPY core@" in bad.out
    assert "ibs: differs: " in bad.out


def test_features_of_real_bars_are_reproduced(real_data: Path, lake: Lake, tmp_path: Path) -> None:
    source = pl.scan_parquet(real_data / "bars" / "em2015_1m.parquet")
    wanted = pl.col("symbol").is_in(["SPY", "QQQ"]) & (pl.col("ts") < datetime(2015, 2, 1, tzinfo=UTC))
    source.filter(wanted).collect().write_parquet(tmp_path / "bars.parquet")
    import_files(lake, [tmp_path / "bars.parquet"])
    build_features(lake, lake.state, CORE, "SPY")

    made = reproduced(lake, "SPY")

    assert made.rows > 17_000
    assert open_columns(made) == []
