"""Regressors that learn the target in units of its training standard deviation."""

# pyright: basic
# scikit-learn ships no types.

from sklearn.compose import TransformedTargetRegressor
from sklearn.preprocessing import StandardScaler

from quantmill.models.learning import LibraryModel

__all__ = ["inner_model", "scaled_target"]


def scaled_target(regressor: LibraryModel) -> TransformedTargetRegressor:
    """A regressor whose target is divided by its training standard deviation; predictions come back in its unit.

    Penalties and tolerances then mean the same for every symbol and horizon.
    """
    return TransformedTargetRegressor(
        regressor=regressor, transformer=StandardScaler(with_mean=False), check_inverse=False
    )


def inner_model(model: LibraryModel) -> LibraryModel:
    """The model itself, without the scaling of its target."""
    return model.regressor_ if isinstance(model, TransformedTargetRegressor) else model
