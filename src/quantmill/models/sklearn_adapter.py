"""A fitted scikit-learn Pipeline: preprocessing and model in one."""

# pyright: basic
# scikit-learn ships no types.

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from quantmill.core.arrays import Floats
from quantmill.errors import ArtifactError, FeatureMismatchError
from quantmill.models.pipeline import N_THREADS
from quantmill.models.preprocessing import STEPS, feature_frame

__all__ = ["SklearnPipeline", "wrap"]

_STEPS: Final = [*STEPS, "model"]


@dataclass(frozen=True, slots=True)
class SklearnPipeline:
    """A fitted scikit-learn Pipeline that takes raw feature rows by name."""

    estimator: Any

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names in the order in which `predict` takes them."""
        return tuple(str(name) for name in self.estimator.feature_names_in_)

    def predict(self, x: Floats) -> Floats:
        """Expected log return, or probability of a rise, per row of raw features; NaN is missing.

        Raises:
            FeatureMismatchError: If the number of columns is not that of `names`.
        """
        if x.ndim != 2 or x.shape[1] != len(self.names):
            raise FeatureMismatchError(
                f"the model takes {len(self.names)} features, found an array of shape {x.shape}",
                hint=f"give the columns {', '.join(self.names)}",
            )
        if x.shape[0] == 0:
            return np.empty(0)
        frame = feature_frame(x, self.names)
        with threadpool_limits(limits=N_THREADS):
            if hasattr(self.estimator[-1], "predict_proba"):
                return np.asarray(self.estimator.predict_proba(frame)[:, 1], dtype=np.float64)
            return np.asarray(self.estimator.predict(frame), dtype=np.float64)


def wrap(loaded: object) -> SklearnPipeline:
    """A pipeline that was loaded from an artifact.

    Raises:
        ArtifactError: If it is no pipeline of ours.
    """
    if not isinstance(loaded, Pipeline) or [name for name, _ in loaded.steps] != _STEPS:
        raise ArtifactError(
            f"the artifact holds a {type(loaded).__name__}, not a pipeline of {', '.join(_STEPS)}",
            hint="train the model again with --force",
        )
    return SklearnPipeline(loaded)
