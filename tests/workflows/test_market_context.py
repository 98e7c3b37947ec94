"""Context and regimes on real lakes: chosen, recorded, joined, extended, and said when they are missing."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sqlalchemy import func, select

from quantmill.core.calendar import calendar_for
from quantmill.core.progress import NO_PROGRESS
from quantmill.core.span import Span
from quantmill.features.build import BuildReport, build_features
from quantmill.features.context.sources import sources_of
from quantmill.features.read import find_features, list_feature_sets, read_features
from quantmill.features.regime_build import ensure_regimes
from quantmill.features.regimes.definition import REGIMES
from quantmill.features.regimes.records import StoredRegimes
from quantmill.features.sets import FeatureSet, features_named
from quantmill.ingest.importing import import_files
from quantmill.lake.store import Lake
from quantmill.providers.sim.provider import SimProvider
from quantmill.state.tables.features import REGIME_FIT
from quantmill.testing.lakes import open_lake
from tests.databases import Databases

LABELS = ("regime_vix", "regime_gmm", "regime_gmm_2")
CONTEXT = FeatureSet(
    "core", features_named(["ibs", "qqq_return", "qqq_age_minutes", "vix_z_score", "vix_atr_ratio", *LABELS])
)
# Six weeks into April: two fits of the mixture.
N_SESSIONS = 88
DAYS = calendar_for("XNYS").next_sessions(date(2023, 1, 3), N_SESSIONS)


@pytest.fixture(scope="module")
def market() -> dict[str, pl.DataFrame]:
    """Synthetic bars of a market whose volatility note falls when it rises."""
    provider, calendar = SimProvider(), calendar_for("XNYS")
    span = Span(calendar.session_span(DAYS[0]).start, calendar.session_span(DAYS[-1]).end)
    return {
        symbol: pl.concat(list(provider.bars(symbol, span, progress=NO_PROGRESS)))
        for symbol in ("SPY", "QQQ", "VIXY")
    }


@pytest.fixture
def new_lake(databases: Databases, tmp_path: Path) -> Iterator[Callable[[str], Lake]]:
    with ExitStack() as opened, databases.dropping():

        def make(name: str) -> Lake:
            lake = open_lake(tmp_path / name, state=databases.fresh(tmp_path / name))
            opened.callback(lake.state.close)
            return lake

        yield make


def fill(lake: Lake, market: dict[str, pl.DataFrame], symbols: Sequence[str], n_sessions: int) -> None:
    end = calendar_for("XNYS").session_span(DAYS[n_sessions - 1]).end
    for symbol in symbols:
        lake.write("bars", market[symbol].filter(pl.col("ts") < end))


def build(lake: Lake, symbol: str = "SPY", *, force: bool = False) -> BuildReport:
    return build_features(lake, lake.state, CONTEXT, symbol, force=force)


def stored_regimes(lake: Lake) -> StoredRegimes:
    found = ensure_regimes(lake, lake.state, sources_of(lake, "SPY"))
    assert found is not None
    return found


def n_fits(lake: Lake) -> int:
    with lake.state.read() as connection:
        return connection.execute(select(func.count()).select_from(REGIME_FIT)).scalar_one()


def test_extending_the_history_changes_no_stored_label_and_refits_nothing_old(
    new_lake: Callable[[str], Lake], market: dict[str, pl.DataFrame]
) -> None:
    grown, fresh = new_lake("grown"), new_lake("fresh")
    frames: list[pl.DataFrame] = []
    fits: list[int] = []
    for n_sessions in (65, 80, N_SESSIONS):
        fill(grown, market, ("SPY", "QQQ", "VIXY"), n_sessions)
        build(grown)
        frames.append(grown.scan(REGIMES.dataset, keys=["QQQ+VIXY"]).collect())
        fits.append(n_fits(grown))
    fill(fresh, market, ("SPY", "QQQ", "VIXY"), N_SESSIONS)
    build(fresh)

    # April and May each have one fit per number of states.
    assert fits == [2, 2, 4]
    for before, after in pairwise(frames):
        assert after.head(before.height).equals(before)
    assert frames[-1].equals(fresh.scan(REGIMES.dataset).collect())
    assert read_features(grown, grown.state, "SPY").equals(read_features(fresh, fresh.state, "SPY"))
    for name, n_states in (("regime_vix", 4), ("regime_gmm", 4), ("regime_gmm_2", 2)):
        labels = frames[-1][name]
        assert labels.dtype == pl.Int8
        assert labels.null_count() < labels.len()
        assert set(labels.drop_nulls()) <= set(range(n_states))


def test_symbols_share_the_labels_and_the_source_is_recorded(
    new_lake: Callable[[str], Lake], market: dict[str, pl.DataFrame]
) -> None:
    lake = new_lake("home")
    fill(lake, market, ("SPY", "QQQ", "VIXY"), 65)

    reports = [build(lake, symbol) for symbol in ("SPY", "QQQ", "VIXY")]

    frames = [
        read_features(lake, lake.state, symbol, columns=LABELS).drop("symbol") for symbol in ("SPY", "VIXY")
    ]
    assert frames[0].equals(frames[1])
    assert {report.context["volatility"] for report in reports if report.context} == {"VIXY"}
    build_of_spy = find_features(lake.state, "SPY")
    assert build_of_spy.context == {
        "benchmark": "QQQ",
        "volatility": "VIXY",
        "coverage": {"VIXY": 1.0},
        "notes": [],
    }
    assert list_feature_sets(lake.state)["volatility_sources"].to_list() == [["VIXY"]]


def test_a_source_that_is_imported_later_makes_features_anew(
    new_lake: Callable[[str], Lake], market: dict[str, pl.DataFrame]
) -> None:
    lake = new_lake("home")
    fill(lake, market, ("SPY", "QQQ"), 65)
    first = build(lake)
    before = read_features(lake, lake.state, "SPY")
    fill(lake, market, ("VIXY",), 65)

    second = build(lake)

    after = read_features(lake, lake.state, "SPY")
    assert first.context is not None
    assert second.context is not None
    assert first.context["volatility"] == "realized volatility of QQQ"
    assert second.context["volatility"] == "VIXY"
    assert "stands in" in first.notes[0]
    assert not after["vix_z_score"].equals(before["vix_z_score"])
    assert before["vix_atr_ratio"].null_count() == before.height
    assert after["qqq_return"].equals(before["qqq_return"])
    # Labels of each source stay under its name.
    assert lake.keys(REGIMES.dataset) == ["QQQ+VIXY", "QQQ+realized"]
    assert build(lake).sessions_built == 0


def test_new_bars_of_the_benchmark_alone_are_noticed(
    new_lake: Callable[[str], Lake], market: dict[str, pl.DataFrame]
) -> None:
    lake = new_lake("home")
    fill(lake, market, ("SPY",), 3)
    fill(lake, market, ("QQQ",), 2)
    first = build(lake)
    fill(lake, market, ("QQQ",), 3)

    second = build(lake)

    assert first.null_counts["qqq_return"]["stale"] == 390
    assert "stale" not in second.null_counts["qqq_return"]
    assert (second.sessions_built, second.sessions_reused) == (1, 2)


def test_without_benchmark_or_source_nothing_fails_and_everything_is_said(
    new_lake: Callable[[str], Lake], market: dict[str, pl.DataFrame]
) -> None:
    lake = new_lake("home")
    fill(lake, market, ("VIXY",), 2)

    alone = build(lake, "VIXY")
    fill(lake, market, ("SPY",), 2)
    with_spy = build(lake, "SPY")

    for report in (alone, with_spy):
        assert report.null_counts["qqq_return"] == {"no context": 780}
        assert report.null_counts["regime_gmm"] == {"no context": 780}
        assert "no QQQ is stored" in report.notes[0]
    assert with_spy.context is not None
    assert with_spy.context["volatility"] == "VIXY"
    assert read_features(lake, lake.state, "SPY")["qqq_age_minutes"].null_count() == 780


def test_real_symbols_never_see_synthetic_context(
    new_lake: Callable[[str], Lake], market: dict[str, pl.DataFrame]
) -> None:
    lake = new_lake("home")
    fill(lake, market, ("QQQ", "VIXY"), 2)
    end = calendar_for("XNYS").session_span(DAYS[1]).end
    real = market["SPY"].filter(pl.col("ts") < end).with_columns(provider=pl.lit("files"))
    lake.write("bars", real)

    report = build(lake, "SPY")

    assert report.context is not None
    assert report.context["benchmark"] is None
    assert report.context["volatility"] == "realized volatility of SPY"


def test_extended_hours_see_extended_context_and_no_regime(
    new_lake: Callable[[str], Lake], market: dict[str, pl.DataFrame]
) -> None:
    lake = new_lake("home")
    fill(lake, market, ("SPY", "QQQ"), 2)
    for symbol in ("SPY", "QQQ"):
        early = market[symbol].head(60).with_columns(pl.col("ts") - pl.duration(minutes=60))
        lake.write("bars", early)
    extended = FeatureSet("core_extended", CONTEXT.columns, hours="extended")

    report = build_features(lake, lake.state, extended, "SPY")

    assert "no context" not in report.null_counts["qqq_age_minutes"]
    assert report.null_counts["regime_vix"]["no context"] == 60


def write_real(lake: Lake, real_data: Path, name: str, symbols: Sequence[str], *, until: date) -> None:
    """The symbols of one file of real bars as `quantmill import` stores them."""
    path = real_data / "bars" / f"{name}_1m.parquet"
    source = pl.scan_parquet(path).filter(
        pl.col("symbol").is_in(symbols),
        pl.col("ts") < datetime(until.year, until.month, until.day, tzinfo=UTC),
    )
    part = lake.root.parent / f"{name}.parquet"
    source.collect().write_parquet(part)
    report = import_files(lake, [part])
    assert report.rows_stored > 0


def test_em2015_has_too_little_of_the_index_and_says_so(
    new_lake: Callable[[str], Lake], real_data: Path
) -> None:
    lake = new_lake("em2015")
    symbols = ("SPY", "QQQ", "$VIX", "I:VIX", "VIX")
    write_real(lake, real_data, "em2015", symbols, until=date(2015, 4, 10))

    report = build(lake)

    assert report.context is not None
    assert report.context["volatility"] == "realized volatility of QQQ"
    assert 0.1 < report.context["coverage"]["I:VIX"] < 0.3
    assert "I:VIX" in report.notes[0]
    assert "realized volatility of QQQ stands in" in report.notes[0]
    stored = read_features(lake, lake.state, "SPY")
    for name in LABELS:
        # The first fit of March 2015 labels about a third of this span; quadrants need 20 sessions.
        assert stored[name].null_count() < 0.8 * stored.height, name
    assert list_feature_sets(lake.state)["volatility_sources"].to_list() == [["realized volatility of QQQ"]]
    # Realized volatility of the index fund is highest in the states that are meant to be the wild ones.
    moves = stored.with_columns(move=pl.col("qqq_return").abs()).group_by("regime_gmm_2").agg(pl.mean("move"))
    by_state = dict(moves.drop_nulls().iter_rows())
    assert by_state[1] > 1.3 * by_state[0]


@pytest.mark.parametrize(
    ("name", "symbols", "source", "n_sessions"),
    [
        ("eqker", ("SPY", "QQQ", "VIX", "VXXB"), "I:VIX", 5),
        ("yahoo2026", ("SPY", "QQQ", "UVXY"), "UVXY", 14),
    ],
)
def test_short_real_histories_build_from_their_own_source(
    new_lake: Callable[[str], Lake],
    real_data: Path,
    name: str,
    symbols: Sequence[str],
    source: str,
    n_sessions: int,
) -> None:
    lake = new_lake(name)
    write_real(lake, real_data, name, symbols, until=date(2030, 1, 1))

    report = build(lake)

    assert report.context is not None
    assert report.context["volatility"] == source
    regimes = stored_regimes(lake)
    assert regimes.key == f"QQQ+{source}"
    assert regimes.sessions == n_sessions
    assert list(regimes.null_counts["regime_vix"]) == ["fewer than 20 completed sessions"]
    assert list(regimes.null_counts["regime_gmm"]) == ["before the first fit"]
    said = " ".join(report.notes)
    assert f"regime_vix is null throughout: it compares with 20 completed sessions, and {n_sessions}" in said
    assert "at least 42 sessions before it" in said
    stored = read_features(lake, lake.state, "SPY")
    assert all(stored[label].null_count() == stored.height for label in LABELS)
    assert stored["vix_z_score"].null_count() < 0.1 * stored.height
    assert np.isfinite(stored["vix_z_score"].drop_nulls().to_numpy()).all()
