"""The planted signal: how strongly past bars foretell the next minute."""

from dataclasses import dataclass
from math import sqrt
from typing import Final

__all__ = ["DEFAULT_STRENGTH", "MAX_STRENGTH", "MEMORY_BARS", "PlantedSignal", "planted_signal"]

MEMORY_BARS: Final = 30
DEFAULT_STRENGTH: Final = 0.12
MAX_STRENGTH: Final = 0.25


@dataclass(frozen=True, slots=True)
class PlantedSignal:
    """What the price path needs: decay of the average, pull per unit of distance, and scale of what is unforeseen."""

    decay: float
    pull: float
    calm: float


def planted_signal(strength: float) -> PlantedSignal:
    """The signal whose correlation with the next one-minute log return is `strength`.

    Within a session, with C the close and the moving average started at the session's first price,

        distance[i] = log C[i] - EMA(log C, 30 bars)[i]
        E[log C[i+1] - log C[i] | bars up to i] = pull * distance[i]        (+ -variance/2)

    so the signal is linear in past returns, needs past bars only, is what a feature "distance to the
    EMA" measures, and fades by half in about 12 to 20 minutes. With decay b = 1 - 2/31 and pull k the
    distance is an AR(1) with coefficient b(1+k), hence for constant volatility

        correlation² / (1 - correlation²) = k² b² / (1 - b² (1+k)²)

    which is solved for k here. A shock of 1 moves the price by g = 1 + k b / (1 - b (1+k)) in the end
    (g is 2.3 at strength 0.15), so what is unforeseen, nights included, is scaled by 1/√g: minutes are then somewhat
    calmer and days somewhat livelier than without a signal. Changing volatility, rounding to ticks and the restart
    at each open lower the correlation seen in bars a little.

    Args:
        strength: Correlation, 0 (nothing planted) to 0.25.

    Source:
        Ours; the derivation is the one above.
    """
    decay = 1.0 - 2.0 / (MEMORY_BARS + 1)
    odds = strength**2 / (1.0 - strength**2)
    square = decay**2
    # square (1 + odds) k² + 2 odds square k - odds (1 - square) = 0, the positive root.
    half = odds * square
    root = sqrt(half**2 + square * (1.0 + odds) * odds * (1.0 - square))
    pull = (root - half) / (square * (1.0 + odds))
    impact = 1.0 + pull * decay / (1.0 - decay * (1.0 + pull))
    return PlantedSignal(decay, pull, 1.0 / sqrt(impact))
