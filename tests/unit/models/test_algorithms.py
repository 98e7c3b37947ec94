import pytest

from quantmill.datasets.targets import TargetKind
from quantmill.errors import NotFoundError, UsageError
from quantmill.models.algorithms import ALGORITHMS, default_algorithm, find_algorithm
from quantmill.models.families import FAMILIES


def test_every_algorithm_can_be_fitted() -> None:
    assert set(ALGORITHMS) == set(FAMILIES)


def test_parameters_are_completed_and_read_from_text() -> None:
    params = find_algorithm("elasticnet").resolve({"alpha": "1e-3", "max_iter": "200", "l1_ratio": 1})

    assert params == {"alpha": 0.001, "l1_ratio": 1.0, "max_iter": 200, "tol": 1e-6}
    assert isinstance(params["max_iter"], int)


def test_unknown_algorithm_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="no algorithm 'elastic_net'") as caught:
        find_algorithm("elastic_net")

    assert "did you mean elasticnet?" in caught.value.hint


def test_elasticnet_without_parameters_is_searched() -> None:
    elasticnet = find_algorithm("elasticnet")

    nothing, both = elasticnet.resolve({}), elasticnet.resolve({"alpha": 0.01, "l1_ratio": 0.5})

    assert (nothing["alpha"], nothing["l1_ratio"]) == ("auto", "auto")
    assert elasticnet.is_searched(nothing)
    assert elasticnet.is_searched(elasticnet.resolve({"alpha": 0.01, "l1_ratio": "auto"}))
    assert not elasticnet.is_searched(both)


def test_xgboost_has_the_defaults_of_the_specification() -> None:
    params = find_algorithm("xgboost_classifier").resolve({})

    wanted = {
        "n_estimators": 300,
        "max_depth": 6,
        "learning_rate": 0.05,
        "subsample": 0.8,
        "colsample_bytree": 0.8,
        "min_child_weight": 5.0,
        "gamma": 0.1,
    }
    assert {name: params[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("kind", "two_phase", "name"),
    [
        (None, False, "elasticnet"),
        ("direction", False, "logistic"),
        ("log_return", True, "xgboost_regressor"),
        ("direction", True, "xgboost_classifier"),
    ],
)
def test_an_algorithm_is_chosen_when_none_is_named(
    kind: TargetKind | None, two_phase: bool, name: str
) -> None:
    assert default_algorithm(kind, two_phase=two_phase) == name
    assert find_algorithm(name).target_kind == (kind or "log_return")


def test_a_choice_outside_the_list_is_refused() -> None:
    with pytest.raises(UsageError, match="not among the choices") as caught:
        find_algorithm("random_forest_regressor").resolve({"regime_encoding": "category"})

    assert "one of ordinal, onehot" in caught.value.hint


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"alhpa": 0.1}, "no parameter 'alhpa'", "did you mean alpha?"),
        ({"alpha": 0.0}, "out of range", "alpha goes from 1e-08 to 1000.0, or auto [auto]"),
        ({"l1_ratio": 1.1}, "out of range", "l1_ratio goes from 0.0 to 1.0"),
        ({"alpha": "much"}, "not of type float", "alpha goes from"),
        ({"alpha": "nan"}, "not of type float", "alpha goes from"),
        ({"max_iter": 1.5}, "not of type int", "max_iter goes from"),
        ({"alpha": True}, "not of type float", "alpha goes from"),
    ],
)
def test_wrong_parameter_is_refused(given: dict[str, float | str], message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        find_algorithm("elasticnet").resolve(given)

    assert hint in caught.value.hint


def test_defaults_lie_in_their_ranges() -> None:
    for algorithm in ALGORITHMS.values():
        for parameter in algorithm.parameters:
            assert parameter.read(parameter.default) == parameter.default
