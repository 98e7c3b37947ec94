"""How each registered algorithm is fitted and read."""

from typing import Final

from quantmill.models.forest_family import FOREST_FAMILIES
from quantmill.models.learning import Family
from quantmill.models.lightgbm_adapter import LIGHTGBM_FAMILIES
from quantmill.models.linear_family import LINEAR_FAMILIES
from quantmill.models.xgboost_adapter import XGBOOST_FAMILIES

__all__ = ["FAMILIES"]

FAMILIES: Final[dict[str, Family]] = {
    **LINEAR_FAMILIES,
    **FOREST_FAMILIES,
    **XGBOOST_FAMILIES,
    **LIGHTGBM_FAMILIES,
}
