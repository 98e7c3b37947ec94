"""All regimes of a market, computed from its benchmark and volatility source."""

import numpy as np

from quantmill.core.bars import BarArrays
from quantmill.features.context.volatility import VolatilitySource
from quantmill.features.regimes.conditions import market_conditions
from quantmill.features.regimes.definition import REGIMES, RegimeDefinition
from quantmill.features.regimes.quadrant import market_quadrant
from quantmill.features.regimes.series import Regimes
from quantmill.features.regimes.walk_forward import FindMixture, label_walk_forward

__all__ = ["compute_regimes"]


def compute_regimes(
    benchmark: BarArrays,
    source: VolatilitySource,
    *,
    find_mixture: FindMixture,
    definition: RegimeDefinition = REGIMES,
) -> Regimes:
    """Quadrants and mixture states per regular bar of the benchmark.

    Args:
        benchmark: The benchmark's bars; others than regular ones are left out.
        source: The volatility source.
        find_mixture: Fits rows, or finds the fit of equal rows.
        definition: The constants.

    Returns:
        Columns `regime_vix`, `regime_gmm` (four states), `regime_gmm_2` (two) and `regime_gmm_stability`; the value
        at a bar uses bars that start no later.
    """
    if not benchmark.labels.is_regular.all():
        benchmark = benchmark[benchmark.labels.is_regular]
    with np.errstate(all="ignore"):
        conditions = market_conditions(benchmark, source, definition)
        quadrant = market_quadrant(benchmark, source, sessions=definition.trend_sessions)
    four, two = (
        label_walk_forward(benchmark, conditions, definition, n_states=n_states, find_mixture=find_mixture)
        for n_states in (4, 2)
    )
    columns = {
        "regime_vix": quadrant,
        "regime_gmm": four.labels,
        "regime_gmm_2": two.labels,
        "regime_gmm_stability": four.stability,
    }
    return Regimes(benchmark.ts_us, columns, (*four.refits, *two.refits))
