import pytest

from quantmill.errors import NotFoundError, UsageError
from quantmill.models.algorithms import ALGORITHMS, find_algorithm
from quantmill.models.sklearn_adapter import FITTERS


def test_every_algorithm_can_be_fitted() -> None:
    assert set(ALGORITHMS) == set(FITTERS)


def test_parameters_are_completed_and_read_from_text() -> None:
    params = find_algorithm("elasticnet").resolve({"alpha": "1e-3", "max_iter": "200", "l1_ratio": 1})

    assert params == {"alpha": 0.001, "l1_ratio": 1.0, "max_iter": 200, "tol": 1e-6}
    assert isinstance(params["max_iter"], int)


def test_unknown_algorithm_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="no algorithm 'elastic_net'") as caught:
        find_algorithm("elastic_net")

    assert "did you mean elasticnet?" in caught.value.hint


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"alhpa": 0.1}, "no parameter 'alhpa'", "did you mean alpha?"),
        ({"alpha": 0.0}, "out of range", "alpha goes from 1e-08 to 1000.0"),
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
