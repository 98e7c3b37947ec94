"""Fits kept by the digest of their window, so that equal rows are never fitted twice."""

from quantmill.features.regimes.conditions import Matrix
from quantmill.features.regimes.definition import REGIMES, RegimeDefinition
from quantmill.features.regimes.fitting import fitter
from quantmill.features.regimes.mixture import Mixture, window_digest

__all__ = ["KeptFits"]


class KeptFits:
    """Finds the mixture of rows among `known` ones or fits it; `new` holds those fitted here, by digest."""

    def __init__(
        self, known: dict[str, Mixture] | None = None, *, definition: RegimeDefinition = REGIMES
    ) -> None:
        self._known = {} if known is None else dict(known)
        self._definition = definition
        self._fit = fitter(definition)
        self.new: dict[str, Mixture] = {}

    def __call__(self, rows: Matrix, n_states: int) -> Mixture:
        """The mixture of complete rows."""
        key = window_digest(rows, n_states, self._definition)
        if key not in self._known:
            self._known[key] = self.new[key] = self._fit(rows, n_states)
        return self._known[key]
