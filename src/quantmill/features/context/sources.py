"""Which stored symbols serve as context: the one place where benchmark and volatility source are chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from quantmill.lake.store import Lake

__all__ = ["BENCHMARK", "MIN_COVERAGE", "ContextSources", "choose_sources", "sources_of"]

BENCHMARK: Final = "QQQ"
# Of which the realized volatility is taken, and whose sessions a source must cover.
_REFERENCES: Final = (BENCHMARK, "SPY")
_VOLATILITY: Final = ("I:VIX", "VIXY", "UVXY", "VXX", "VXXB")
MIN_COVERAGE: Final = 0.8
_MIN_SESSION_COVERAGE: Final = 0.5

_REALIZED: Final = "realized volatility of "

SessionBars = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class ContextSources:
    """The symbols that serve as context, None where there is none.

    `volatility` is the symbol whose bars are read: a volatility index or note, or with `is_realized` the symbol
    whose realized volatility stands in. `coverage` tells of each stored volatility symbol which part of the
    reference's sessions it covers.
    """

    benchmark: str | None
    volatility: str | None
    is_realized: bool
    coverage: Mapping[str, float]

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "ContextSources":
        """The choice that `as_json` wrote into the record of a build."""
        label: str | None = record["volatility"]
        is_realized = label is not None and label.startswith(_REALIZED)
        volatility = label.removeprefix(_REALIZED) if label is not None else None
        return cls(record["benchmark"], volatility, is_realized, dict(record["coverage"]))

    @property
    def volatility_label(self) -> str | None:
        """The volatility source in words: `I:VIX`, or `realized volatility of QQQ`."""
        return f"{_REALIZED}{self.volatility}" if self.is_realized else self.volatility

    @property
    def regime_key(self) -> str | None:
        """Name of the market's regimes made of these sources; None without a benchmark."""
        if self.benchmark is None:
            return None
        return f"{self.benchmark}+{'realized' if self.is_realized else self.volatility}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the choice, one sentence each."""
        notes: list[str] = []
        if self.benchmark is None:
            notes.append(
                f"no {BENCHMARK} is stored: features against {BENCHMARK} and the market's regimes are null"
            )
        if self.volatility is None:
            notes.append("no volatility source is stored: its features are null")
        elif self.is_realized:
            left_out = ", ".join(f"{name} {part:.0%}" for name, part in self.coverage.items())
            why = f" ({left_out} of the sessions, {MIN_COVERAGE:.0%} are needed)" if left_out else ""
            notes.append(
                f"no volatility index or note covers the history{why}: {self.volatility_label} stands in, "
                "which has neither range nor volume"
            )
        return tuple(notes)

    def as_json(self) -> dict[str, Any]:
        """The choice as plain values, for records and digests."""
        return {
            "benchmark": self.benchmark,
            "volatility": self.volatility_label,
            "coverage": dict(self.coverage),
        }


def choose_sources(session_bars: Mapping[str, SessionBars]) -> ContextSources:
    """The sources among stored symbols.

    The benchmark is QQQ. The volatility source is the first of I:VIX, VIXY, UVXY, VXX, VXXB that covers at
    least 80 % of the sessions of QQQ (of SPY where QQQ is not stored): has in them at least half as many regular
    bars. Where none does, the realized volatility of QQQ, else of SPY, stands in.

    Args:
        session_bars: Of each stored symbol the number of regular bars by session.
    """
    reference = next((name for name in _REFERENCES if session_bars.get(name)), None)
    candidates = [name for name in _VOLATILITY if session_bars.get(name)]
    whole: SessionBars = {} if reference is None else session_bars[reference]
    coverage = {name: _coverage(session_bars[name], whole) for name in candidates}
    chosen = next((name for name in candidates if coverage[name] >= MIN_COVERAGE), None)
    return ContextSources(
        benchmark=BENCHMARK if session_bars.get(BENCHMARK) else None,
        volatility=reference if chosen is None else chosen,
        is_realized=chosen is None and reference is not None,
        coverage=coverage,
    )


def sources_of(lake: Lake, symbol: str) -> ContextSources:
    """The sources for a stored symbol: real symbols see real ones, synthetic symbols synthetic ones."""
    known = lake.symbols()
    kind = known.filter(pl.col("symbol") == symbol)["is_synthetic"]
    same = known.filter(pl.col("is_synthetic").is_in(kind.implode()), pl.col("rows") > 0)["symbol"].to_list()
    wanted = [name for name in dict.fromkeys((*_REFERENCES, *_VOLATILITY)) if name in same]
    return choose_sources({name: _session_bars(lake, name) for name in wanted})


def _session_bars(lake: Lake, symbol: str) -> SessionBars:
    counts = lake.sessions(symbol).filter(pl.col("n_regular") > 0)
    days: Sequence[int] = counts["session"].cast(pl.Int32).to_list()
    return dict(zip(days, counts["n_regular"].to_list(), strict=True))


def _coverage(bars: SessionBars, whole: SessionBars) -> float:
    """Part of the reference's sessions that are covered; everything is where there is no reference."""
    if not whole:
        return 1.0
    covered = sum(bars.get(session, 0) >= _MIN_SESSION_COVERAGE * n_bars for session, n_bars in whole.items())
    return round(covered / len(whole), 4)
