"""The algorithms made of trees with their parameters; regressors and classifiers take the same ones."""

from typing import Final

from quantmill.models.algorithm import Algorithm, AlgorithmKind
from quantmill.models.parameters import Parameter

__all__ = ["TREE_ALGORITHMS"]


def _count(name: str, default: int, explains: str, *, low: int = 1, high: int = 100_000) -> Parameter:
    return Parameter(name, default, explains, low=low, high=high)


def _share(name: str, default: float, explains: str) -> Parameter:
    return Parameter(name, default, explains, low=0.01, high=1.0)


def _penalty(name: str, default: float, explains: str) -> Parameter:
    return Parameter(name, default, explains, low=0.0, high=1e6)


def _encoding(*choices: str) -> Parameter:
    return Parameter("regime_encoding", "ordinal", "how labels such as regimes enter", choices=choices)


_RATE: Final = Parameter("learning_rate", 0.05, "weight of each tree", low=1e-5, high=1.0)
_PATIENCE: Final = _count(
    "early_stopping_rounds",
    30,
    "trees without gain on the last 20 % of the training sessions before boosting stops; 0 for never, which trains on them",
    low=0,
)
_FOREST: Final = (
    _count("n_estimators", 100, "trees"),
    _count("max_depth", 6, "splits in a row", high=50),
    _count("min_samples_leaf", 50, "rows in a leaf at least"),
    _share("max_features", 0.2, "share of the features that a split chooses from"),
    _share("max_samples", 0.5, "share of the rows that a tree sees"),
    _encoding("ordinal", "onehot"),
)
_GRADIENT_BOOSTING: Final = (
    _count("n_estimators", 100, "trees"),
    _RATE,
    _count("max_depth", 3, "splits in a row", high=50),
    _count("min_samples_leaf", 50, "rows in a leaf at least"),
    _share("max_features", 0.2, "share of the features that a split chooses from"),
    _share("subsample", 0.5, "share of the rows that a tree sees"),
    _encoding("ordinal", "onehot"),
)
_XGBOOST: Final = (
    _count("n_estimators", 300, "trees at most"),
    _RATE,
    _count("max_depth", 6, "splits in a row", high=50),
    _share("subsample", 0.8, "share of the rows that a tree sees"),
    _share("colsample_bytree", 0.8, "share of the features that a tree sees"),
    _penalty("min_child_weight", 5.0, "weight of the rows in a leaf at least"),
    _penalty("gamma", 0.1, "loss that a split must save, over all rows"),
    _penalty("reg_lambda", 1.0, "squared penalty on leaf values"),
    _penalty("reg_alpha", 0.0, "absolute penalty on leaf values"),
    _PATIENCE,
    _encoding("ordinal", "category", "onehot"),
)
_LIGHTGBM: Final = (
    _count("n_estimators", 300, "trees at most"),
    _RATE,
    _count("num_leaves", 31, "leaves of a tree at most", low=2),
    _count("max_depth", 6, "splits in a row", high=50),
    _share("subsample", 0.8, "share of the rows that a tree sees"),
    _share("colsample_bytree", 0.8, "share of the features that a tree sees"),
    _count("min_child_samples", 50, "rows in a leaf at least"),
    _penalty("min_split_gain", 0.0, "gain that a split must bring"),
    _penalty("reg_lambda", 1.0, "squared penalty on leaf values"),
    _penalty("reg_alpha", 0.0, "absolute penalty on leaf values"),
    _PATIENCE,
    _encoding("ordinal", "category", "onehot"),
)


def _pair(family: str, parameters: tuple[Parameter, ...], explains: str) -> tuple[Algorithm, ...]:
    kinds: tuple[AlgorithmKind, ...] = ("regressor", "classifier")
    return tuple(Algorithm(f"{family}_{kind}", kind, parameters, explains) for kind in kinds)


TREE_ALGORITHMS: Final = (
    *_pair("random_forest", _FOREST, "mean of many trees, each grown on other rows"),
    *_pair("gradient_boosting", _GRADIENT_BOOSTING, "sum of small trees, by scikit-learn"),
    *_pair("xgboost", _XGBOOST, "sum of trees that stops before it learns noise, by XGBoost"),
    *_pair("lightgbm", _LIGHTGBM, "sum of trees that stops before it learns noise, by LightGBM"),
)
