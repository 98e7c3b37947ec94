"""Proof of no look-ahead: a feature's past does not change, whatever follows."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays
from quantmill.core.digest import digest
from quantmill.core.instants import from_us
from quantmill.core.seeds import derive_seed
from quantmill.features.compute import compute_feature
from quantmill.features.cuts import Cut, choose_cuts
from quantmill.features.declaration import Feature
from quantmill.features.futures import other_worlds
from quantmill.features.market import Market
from quantmill.features.sample import sample_bars, sample_market

__all__ = ["Certificate", "Finding", "certify"]

_RANDOM_CUTS: Final = 8


@dataclass(frozen=True, slots=True)
class Finding:
    """A feature that knew its future: where it was cut, what was done to the future, what changed before it."""

    feature: str
    place: str
    cut_us: int
    future: str
    changed_us: int
    n_changed: int
    whole: float
    cut_short: float

    def __str__(self) -> str:
        return (
            f"{self.feature}: with the future {self.future} from {from_us(self.cut_us):%Y-%m-%d %H:%M} UTC "
            f"({self.place}), {self.n_changed} values before it change, "
            f"first {self.whole:.6g} to {self.cut_short:.6g} at {from_us(self.changed_us):%Y-%m-%d %H:%M}"
        )


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the proof found, the first finding of each feature; `digest` ties it to features, bars and cuts."""

    features: tuple[str, ...]
    findings: tuple[Finding, ...]
    cuts: tuple[Cut, ...]
    n_bars: int
    seed: int
    digest: str

    @property
    def ok(self) -> bool:
        """Whether no feature saw its future."""
        return not self.findings

    def findings_of(self, name: str) -> tuple[Finding, ...]:
        """What was found on one feature."""
        return tuple(finding for finding in self.findings if finding.feature == name)


def certify(
    features: Sequence[Feature],
    bars: BarArrays | None = None,
    market: Market | None = None,
    *,
    seed: int = 0,
    n_random: int = _RANDOM_CUTS,
) -> Certificate:
    """Cut a history at many places and compare each feature's values before the cut, bit for bit.

    At each cut the future is removed, replaced by other prices and volumes, and replaced by missing values, of
    the symbol and of the market beside it; the values before must equal those from the whole history each time.

    Args:
        features: What to prove.
        bars: A symbol's history; a few sessions suffice. A fixed awkward sample when None.
        market: What the features see beside it; a fixed sample when None. Regimes are computed anew.
        seed: Draws the cuts and the false futures.
        n_random: How many random cuts stand beside the structural ones.
    """
    bars = sample_bars() if bars is None else bars
    market = (sample_market() if market is None else market).changed(lambda same: same)
    cuts = choose_cuts(bars, market, seed=derive_seed(seed, "certificate cuts"), n_random=n_random)
    whole = {one.name: compute_feature(one, bars, market) for one in features}
    findings: dict[str, Finding] = {}
    for cut in cuts:
        for world in other_worlds(bars, market, cut, seed=seed):
            for one in features:
                if one.name not in findings:
                    short = compute_feature(one, world.bars, world.market)
                    found = _difference(one, bars, cut, world.future, whole[one.name], short)
                    findings.update({} if found is None else {one.name: found})
    return Certificate(
        tuple(one.name for one in features),
        tuple(findings.values()),
        cuts,
        bars.n_bars,
        seed,
        digest(
            [[one.identity, one.source_sha256] for one in features],
            [[cut.bar, cut.place] for cut in cuts],
            seed,
            _bars_digest(bars),
            [None if side is None else _bars_digest(side) for side in (market.benchmark, market.volatility)],
        ),
    )


def _difference(
    feature: Feature, bars: BarArrays, cut: Cut, future: str, whole: Floats, short: Floats
) -> Finding | None:
    """How the values before a cut differ between two futures, if they do."""
    before, after = whole[: cut.bar], short[: cut.bar]
    changed = np.flatnonzero((before != after) & ~(np.isnan(before) & np.isnan(after)))
    if changed.size == 0:
        return None
    first = int(changed[0])
    return Finding(
        feature.name,
        cut.place,
        int(bars.ts_us[cut.bar]),
        future,
        int(bars.ts_us[first]),
        changed.size,
        float(before[first]),
        float(after[first]),
    )


def _bars_digest(bars: BarArrays) -> str:
    hasher = hashlib.sha256()
    for column in (bars.ts_us, bars.open, bars.high, bars.low, bars.close, bars.volume):
        hasher.update(np.ascontiguousarray(column).tobytes())
    return hasher.hexdigest()
