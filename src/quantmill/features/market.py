"""The market that every symbol's features may see beside its own bars."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from quantmill.core.arrays import Ints
from quantmill.core.bars import BarArrays
from quantmill.features.context.as_of import AsOf, Beside, Timed, join_as_of
from quantmill.features.context.volatility import VolatilitySource, realized_source
from quantmill.features.declaration import Feature
from quantmill.features.regimes.fits import KeptFits
from quantmill.features.regimes.labels import compute_regimes
from quantmill.features.regimes.mixture import FitMixture
from quantmill.features.regimes.series import Regimes

__all__ = ["NO_MARKET", "Market"]


@dataclass(frozen=True)
class Market:
    """Bars of the benchmark and of the volatility symbol, each None where there is none.

    With `is_realized` the realized volatility of the `volatility` bars is the volatility source. `stored` are
    regimes made before; without them they are computed when first asked for, with `find_mixture`.
    """

    benchmark: BarArrays | None = None
    volatility: BarArrays | None = None
    is_realized: bool = False
    stored: Regimes | None = None
    find_mixture: FitMixture = field(default_factory=KeptFits)
    _joins: dict[tuple[object, ...], tuple[Ints, AsOf]] = field(
        default_factory=dict[tuple[object, ...], tuple[Ints, AsOf]], init=False, repr=False, compare=False
    )

    @cached_property
    def source(self) -> VolatilitySource | None:
        """The volatility source."""
        if self.volatility is None:
            return None
        return realized_source(self.volatility) if self.is_realized else VolatilitySource(self.volatility)

    @cached_property
    def regimes(self) -> Regimes | None:
        """The market's regimes; None without a benchmark or a volatility source."""
        if self.stored is not None or self.benchmark is None or self.source is None:
            return self.stored
        return compute_regimes(self.benchmark, self.source, find_mixture=self.find_mixture)

    def beside(self, feature: Feature, ts_us: Ints) -> Beside[Timed] | None:
        """What a feature sees beside bars that start at `ts_us`; None when there is no such source."""
        source: Timed | None = None
        if feature.context == "benchmark":
            source = self.benchmark
        elif feature.context == "volatility":
            source = None if self.source is None else self.source.bars
        elif feature.context == "regimes":
            source = self.regimes
        if source is None:
            return None
        return Beside(source, self._joined(feature, ts_us, source.ts_us))

    def changed(self, change: Callable[[BarArrays], BarArrays]) -> "Market":
        """A market with other bars of every source, its regimes computed anew."""
        benchmark = None if self.benchmark is None else change(self.benchmark)
        volatility = None if self.volatility is None else change(self.volatility)
        return replace(self, benchmark=benchmark, volatility=volatility, stored=None)

    def _joined(self, feature: Feature, ts_us: Ints, source_ts_us: Ints) -> AsOf:
        """The join for these very bars, made once for all features that need it."""
        key = (feature.context, feature.context_max_age_minutes)
        kept = self._joins.get(key)
        if kept is None or kept[0] is not ts_us:
            as_of = join_as_of(ts_us, source_ts_us, max_age_minutes=feature.context_max_age_minutes)
            kept = self._joins[key] = (ts_us, as_of)
        return kept[1]


NO_MARKET: Final = Market()
