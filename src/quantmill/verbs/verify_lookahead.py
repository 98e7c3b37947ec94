"""The verb `verify lookahead`: features cut at many places, their past compared bit for bit."""

from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np
import polars as pl
from pydantic import Field

from quantmill.core.arrays import Ints
from quantmill.core.bars import BarArrays, us_of
from quantmill.core.calendar import calendar_for
from quantmill.core.progress import Progress
from quantmill.core.symbols import describe_symbol
from quantmill.errors import NoDataError
from quantmill.features.certificate import certify
from quantmill.features.context.sources import sources_of
from quantmill.features.market import Market
from quantmill.features.regime_build import load_market
from quantmill.features.sets import feature_set_named, features_named
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, Request, Symbol

__all__ = ["READS_ONLY", "LookaheadVerdict", "VerifyLookaheadRequest", "run"]

READS_ONLY: Final = True
# A mixture needs 42 sessions before a month's first one, and a month has up to 23.
_SESSIONS_BEFORE: Final = 66


class VerifyLookaheadRequest(Request):
    """Prove that no feature sees its future.

    Without a symbol a fixed awkward sample of bars is used, and no home is needed.
    """

    names: Annotated[tuple[str, ...], POSITIONAL] = Field(
        default=(), description="Features; those of the set when left out."
    )
    features: str = Field(default="core", description="Feature set.")
    symbol: Symbol | None = Field(default=None, description="Use the last stored sessions of this symbol.")
    sessions: int = Field(default=9, ge=2, le=250, description="How many of them.")
    seed: int = Field(default=0, ge=0, description="Draws the cuts and the false futures.")


@dataclass(frozen=True)
class LookaheadVerdict(Outcome):
    """Whether every feature's past stayed the same; each finding is one sentence."""

    ok: bool
    findings: tuple[str, ...]
    features: tuple[str, ...]
    n_cuts: int
    n_bars: int
    seed: int
    digest: str

    @property
    def succeeded(self) -> bool:
        """Whether nothing was found."""
        return self.ok

    def lines(self) -> list[str]:
        """The verdict, then each finding."""
        verdict = "no feature sees its future" if self.ok else "features see their future"
        tried = f"{len(self.features)} features, {self.n_cuts} cuts of {self.n_bars:,} bars, seed {self.seed}"
        return [f"{verdict} ({tried}; certificate {self.digest[:12]})", *self.findings]


def run(mill: Mill, request: VerifyLookaheadRequest, progress: Progress) -> LookaheadVerdict:
    """Compares each feature's values before a cut with the future removed and replaced.

    Raises:
        NotFoundError: If a feature, the set or the symbol is unknown.
        NoDataError: If the symbol has no regular bars.
    """
    columns = feature_set_named(request.features).columns
    chosen = features_named(request.names) if request.names else columns
    bars = None if request.symbol is None else _last_sessions(mill, request.symbol, request.sessions)
    market = None if request.symbol is None or bars is None else _market_beside(mill, request.symbol, bars)
    progress.start("cutting features", len(chosen))
    certificate = certify(chosen, bars, market, seed=request.seed)
    progress.advance(len(chosen))
    return LookaheadVerdict(
        ok=certificate.ok,
        findings=tuple(str(finding) for finding in certificate.findings),
        features=certificate.features,
        n_cuts=len(certificate.cuts),
        n_bars=certificate.n_bars,
        seed=certificate.seed,
        digest=certificate.digest,
    )


def _last_sessions(mill: Mill, symbol: str, n_sessions: int) -> BarArrays:
    mill.require_home()
    calendar = calendar_for(describe_symbol(symbol).calendar)
    stored = mill.lake.read_bars(symbol)
    sessions = pl.Series("session", calendar.sessions_of(us_of(stored["ts"])))
    last = sessions.unique().sort().tail(n_sessions)
    if last.is_empty():
        raise NoDataError(
            f"{symbol} has no regular bars", hint=f"`quantmill gaps {symbol}` shows what is stored"
        )
    return BarArrays.of(stored.filter(sessions >= last[0]), calendar)


def _market_beside(mill: Mill, symbol: str, bars: BarArrays) -> Market:
    """The market over these bars and over the sessions before that its regimes need."""
    market = load_market(
        mill.lake,
        sources_of(mill.lake, symbol),
        hours="regular",
        as_of=mill.lake.snapshot(),
        with_regimes=False,
    )

    def recent(side: BarArrays) -> BarArrays:
        first = int(np.searchsorted(side.ts_us, int(bars.ts_us[0])))
        opens: Ints = np.flatnonzero(side.opens_session[:first])[-_SESSIONS_BEFORE:]
        return side[int(opens[0]) if opens.size else 0 :]

    return market.changed(recent)
