"""What a reader must know before believing a run, one sentence per label."""

from typing import Final

from quantmill.simulation.fill_models import FILL_MODELS
from quantmill.simulation.fills import Costs
from quantmill.simulation.regulatory_fees import RATES_KNOWN, has_regulatory_fees, n_sessions_outside
from quantmill.simulation.signal import SignalSource

__all__ = ["FEW_SESSIONS", "labels_of"]

FEW_SESSIONS: Final = 60


def labels_of(source: SignalSource, costs: Costs) -> dict[str, str]:
    """Labels of a run by name; empty when nothing needs to be said."""
    labels: dict[str, str] = {}
    if source.is_synthetic:
        labels["synthetic"] = f"the bars of {source.market.symbol} are synthetic"
    naive = FILL_MODELS[costs.fill].label
    if naive is not None:
        labels["naive_fill"] = naive
    if source.is_external:
        labels["external_predictions"] = "external predictions: nothing is known about what they have seen"
    n_sessions = source.market.n_sessions
    n_outside = n_sessions_outside(source.market.session)
    if costs.regulatory_fees and n_outside and has_regulatory_fees(source.market.symbol):
        labels["regulatory_fees"] = (
            f"rates of regulatory fees are known from {RATES_KNOWN[0]} to {RATES_KNOWN[1]}: on {n_outside} of "
            f"{n_sessions} sessions the nearest ones were charged"
        )
    if n_sessions < FEW_SESSIONS:
        labels["few_sessions"] = f"rests on {n_sessions} sessions, fewer than {FEW_SESSIONS}"
    return labels
