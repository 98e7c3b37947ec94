"""Builds the market's regimes once, before any symbol: a dataset of their own, extended without relabeling."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import polars as pl

from quantmill.core.bars import BarArrays, ts_of, us_of
from quantmill.core.calendar import calendar_for
from quantmill.core.digest import digest
from quantmill.core.instants import date_of_day
from quantmill.core.symbols import describe_symbol
from quantmill.core.version import VERSION
from quantmill.errors import CommitConflictError
from quantmill.features.context.as_of import join_as_of
from quantmill.features.context.sources import ContextSources
from quantmill.features.market import Market
from quantmill.features.regimes.definition import REGIME_COLUMNS, REGIMES
from quantmill.features.regimes.fits import KeptFits
from quantmill.features.regimes.records import (
    StoredRegimes,
    find_fits,
    find_regimes,
    record_fits,
    record_regimes,
)
from quantmill.features.regimes.series import Regimes
from quantmill.lake.reading import Hours
from quantmill.lake.store import Lake
from quantmill.state.engine import State

__all__ = ["context_digest", "ensure_regimes", "load_market", "rebuild_market"]

_ATTEMPTS: Final = 5


def ensure_regimes(
    lake: Lake, state: State, sources: ContextSources, *, as_of: int | None = None
) -> StoredRegimes | None:
    """Bring the stored regimes up to date with the market's bars; None without a benchmark.

    Nothing is computed when the bars and splits of both sources are those of the last build. A fit whose window
    was fitted before is found, not repeated, and months whose labels are as stored are not written.

    Args:
        lake: Where bars come from and labels go.
        state: Remembers builds and fits.
        sources: What the regimes are made of; each choice has labels of its own.
        as_of: Snapshot to read, the newest when None.
    """
    key = sources.regime_key
    if key is None:
        return None
    snapshot = lake.snapshot() if as_of is None else as_of
    inputs = context_digest(lake, sources, as_of=snapshot)
    for attempt in range(1, _ATTEMPTS + 1):
        with state.read() as connection:
            last = find_regimes(connection, key, REGIMES.version)
            known = find_fits(connection)
        if last is not None and last.input_digest == inputs:
            return last
        try:
            return _build(lake, state, sources, key, inputs, snapshot=snapshot, fits=KeptFits(known))
        except CommitConflictError:
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def context_digest(lake: Lake, sources: ContextSources, *, as_of: int, package_version: str = VERSION) -> str:
    """Digest of everything that context depends on: which sources, their bars and splits, and how regimes are made."""
    symbols = sorted({name for name in (sources.benchmark, sources.volatility) if name is not None})
    contents = [
        lake.input_digest(name, keys=symbols, as_of=as_of)
        for name in ("bars", "corporate_actions")
        if symbols
    ]
    return digest(sources.benchmark, sources.volatility_label, contents, REGIMES.version, package_version)


def load_market(
    lake: Lake, sources: ContextSources, *, hours: Hours, as_of: int, with_regimes: bool
) -> Market:
    """The market as a build sees it: bars of the sources in these hours, regimes as they are stored.

    Raises:
        NotFoundError: If regimes are wanted that were never built.
    """
    market = _bars_of(lake, sources, hours=hours, as_of=as_of)
    if not with_regimes or sources.regime_key is None:
        return market
    return _with_regimes(market, lake.scan(REGIMES.dataset, keys=[sources.regime_key]).collect())


def rebuild_market(
    lake: Lake, state: State, sources: ContextSources, *, hours: Hours, as_of: int, with_regimes: bool
) -> Market:
    """The market as a build on an older snapshot saw it, its regimes computed again from bars; nothing is written.

    Mixtures that were fitted before are found by their window, not fitted again.

    Raises:
        NotFoundError: If bars of a source or the snapshot are unknown.
        DamagedFileError: If a file of the snapshot is gone.
    """
    market = _bars_of(lake, sources, hours=hours, as_of=as_of)
    key = sources.regime_key
    if not with_regimes or key is None:
        return market
    with state.read() as connection:
        known = find_fits(connection)
    regimes = _bars_of(lake, sources, hours="regular", as_of=as_of, fits=KeptFits(known)).regimes
    assert regimes is not None
    return _with_regimes(market, _regime_frame(regimes, key))


def _with_regimes(market: Market, stored: pl.DataFrame) -> Market:
    columns = {
        name: np.array(stored[name].cast(pl.Float64).fill_null(float("nan")).to_numpy())
        for name in REGIME_COLUMNS
    }
    return Market(
        market.benchmark, market.volatility, market.is_realized, Regimes(us_of(stored["ts"]), columns)
    )


def _bars_of(
    lake: Lake,
    sources: ContextSources,
    *,
    hours: Hours,
    as_of: int,
    fits: KeptFits | None = None,
) -> Market:
    sides: dict[str, BarArrays] = {}
    for symbol in {name for name in (sources.benchmark, sources.volatility) if name is not None}:
        bars = lake.read_bars(symbol, hours=hours, adjust="forward", as_of=as_of)
        sides[symbol] = BarArrays.of(bars, calendar_for(describe_symbol(symbol).calendar))
    benchmark, volatility = (
        None if name is None else sides[name] for name in (sources.benchmark, sources.volatility)
    )
    if fits is None:
        return Market(benchmark, volatility, sources.is_realized)
    return Market(benchmark, volatility, sources.is_realized, find_mixture=fits)


def _build(
    lake: Lake,
    state: State,
    sources: ContextSources,
    key: str,
    inputs: str,
    *,
    snapshot: int,
    fits: KeptFits,
) -> StoredRegimes:
    market = _bars_of(lake, sources, hours="regular", as_of=snapshot, fits=fits)
    regimes = market.regimes
    assert regimes is not None
    assert market.benchmark is not None
    frame = _regime_frame(regimes, key)
    staged = lake.stage(REGIMES.dataset, frame, key=key)
    build = StoredRegimes(
        key=key,
        version=REGIMES.version,
        input_digest=inputs,
        snapshot=snapshot,
        rows=frame.height,
        sessions=int(np.count_nonzero(market.benchmark.opens_session)),
        null_counts=_null_counts(market, regimes),
        refits=tuple(_refit_json(asdict(refit)) for refit in regimes.refits),
        context=sources.as_json(),
        notes=_notes(market, regimes),
        package_version=VERSION,
        built_us=lake.clock.now_us(),
    )
    with state.write() as connection:
        lake.commit([staged], connection=connection)
        record_fits(connection, fits.new, at_us=build.built_us)
        record_regimes(connection, build)
    lake.refresh_views()
    return build


def _regime_frame(regimes: Regimes, key: str) -> pl.DataFrame:
    """Regimes as they are stored: rounded once, missing is null."""
    return pl.DataFrame({"ts": ts_of(regimes.ts_us)}).with_columns(
        pl.lit(key).alias("symbol"),
        *(
            pl.Series(name, regimes.columns[name].astype(np.float32)).fill_nan(None).cast(dtype)
            for name, dtype in REGIME_COLUMNS.items()
        ),
    )


def _null_counts(market: Market, regimes: Regimes) -> dict[str, dict[str, int]]:
    """Nulls of each column by cause; a null with several causes counts for the first that applies."""
    assert market.source is not None
    as_of = join_as_of(regimes.ts_us, market.source.ts_us)
    fits = sorted({refit.session for refit in regimes.refits})
    days = calendar_for("XNYS").sessions_of(regimes.ts_us)
    number = np.cumsum(np.diff(days, prepend=-1) != 0) - 1
    is_new = number < REGIMES.trend_sessions
    counts: dict[str, dict[str, int]] = {}
    for name, values in regimes.columns.items():
        left = np.isnan(values)
        warm_up = (f"fewer than {REGIMES.trend_sessions} completed sessions", is_new)
        if name != "regime_vix":
            # The stability compares two fits.
            which, cause = (1, "second") if name == "regime_gmm_stability" else (0, "first")
            is_early = days < fits[which] if len(fits) > which else np.ones(days.size, dtype=np.bool_)
            warm_up = (f"before the {cause} fit", is_early)
        counts[name] = {}
        for cause, applies in (
            warm_up,
            ("stale or no volatility source", ~as_of.is_fresh),
            ("a market condition is missing", left),
        ):
            n_nulls = int(np.count_nonzero(left & applies))
            left = left & ~applies
            if n_nulls:
                counts[name][cause] = n_nulls
    return counts


def _notes(market: Market, regimes: Regimes) -> tuple[str, ...]:
    assert market.benchmark is not None
    n_sessions = int(np.count_nonzero(market.benchmark.opens_session))
    notes: list[str] = []
    if np.isnan(regimes.columns["regime_vix"]).all():
        notes.append(
            f"regime_vix is null throughout: it compares with {REGIMES.trend_sessions} completed sessions, "
            f"and {n_sessions} are stored"
        )
    if not regimes.refits:
        notes.append(
            f"regime_gmm and regime_gmm_2 are null throughout: the mixture is fitted at the first session of a month "
            f"that has at least {REGIMES.min_fit_sessions} sessions before it, and {n_sessions} are stored"
        )
    n_stuck = sum(not refit.has_converged for refit in regimes.refits)
    if n_stuck:
        notes.append(f"{n_stuck} of {len(regimes.refits)} fits of the mixture did not converge")
    return tuple(notes)


def _refit_json(refit: Mapping[str, Any]) -> dict[str, Any]:
    stability = refit["stability"]
    return {
        **refit,
        "session": date_of_day(refit["session"]).isoformat(),
        "stability": None if np.isnan(stability) else stability,
    }
