"""The grid's sizes, order and refusals."""

import pytest

from quantmill.errors import UsageError
from quantmill.optimize.axis import Axis
from quantmill.optimize.space import ParameterSpace


def test_default_grid_has_the_size_of_the_requirement() -> None:
    # OPT-1 without the bot: 2 models × 3 symbols × 4 thresholds × 2 × 2 × 9 gates = 864, without gates 96.
    assert 2 * 3 * len(ParameterSpace()) == 864
    assert 2 * 3 * len(ParameterSpace.parse({"gates": "none"})) == 96
    assert ParameterSpace().values_of("gates") == (
        "none",
        *(f"vix:{state}" for state in range(4)),
        *(f"gmm:{state}" for state in range(4)),
    )


def test_thresholds_vary_fastest_so_that_a_stream_serves_neighbors() -> None:
    space = ParameterSpace()

    first = [space[number] for number in range(4)]

    assert [one["threshold"] for one in first] == ["p50", "p80", "p90", "p97"]
    assert {(one["z_score_check"], one["volatility_normalization"]) for one in first} == {(True, False)}
    assert {one["gates"] for one in first} == {"none"}
    assert space[4] == {
        "threshold": "p50",
        "z_score_check": False,
        "volatility_normalization": False,
        "gates": "none",
    }
    assert space[16]["gates"] == "vix:0"


def test_every_configuration_occurs_once() -> None:
    assert len({tuple(one.items()) for one in ParameterSpace()}) == 144


def test_classic_names_the_four_fixed_thresholds() -> None:
    # contracts.md 21.
    assert Axis.parse("threshold", "classic").values == (0.0001, 0.0005, 0.001, 0.002)


@pytest.mark.parametrize(
    ("start", "end", "step", "expected"),
    [
        (14, 16, 1, (14.0, 15.0, 16.0)),
        (25, 30, 5, (25.0, 30.0)),
        (0.1, 0.3, 0.1, (0.1, 0.2, 0.3)),
        (0, 1, 0.4, (0.0, 0.4, 0.8)),
        (2, 2, 1, (2.0,)),
    ],
)
def test_stepped_values_include_their_end(
    start: float, end: float, step: float, expected: tuple[float, ...]
) -> None:
    axis = Axis.parse("threshold", {"start": start, "end": end, "step": step})

    assert axis.values == expected


def test_steps_can_be_written_as_text_and_beside_other_values() -> None:
    axis = Axis.parse("threshold", ["p90", "0.1:0.3:0.1"])

    assert axis.values == ("p90", 0.1, 0.2, 0.3)


def test_a_recipe_of_a_grid_is_read_back() -> None:
    space = ParameterSpace.parse({"threshold": ["p90", "0.1:0.3:0.1"], "gates": ["gmm:0", "1", "none"]})

    assert ParameterSpace.parse(space.recipe()) == space
    assert space.n_streams * 4 == len(space)


def test_parameters_left_out_keep_their_default_values() -> None:
    space = ParameterSpace.parse({"z_score_check": False, "threshold": ["p90", 0.0003]})

    assert space.recipe() == {
        "threshold": ["p90", 0.0003],
        "z_score_check": [False],
        "volatility_normalization": [False, True],
        "gates": list(ParameterSpace().values_of("gates")),
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("none", ("none",)),
        (["gmm:0", "1", "none"], ("gmm:0,1", "none")),
        (["gmm:1,0", "vix:3"], ("gmm:0,1", "vix:3")),
        (["gmm:0+vix:3", "2"], ("gmm:0+vix:2,3",)),
        (["vix_z_score < 2", "exit roc_5>1e+2"], ("vix_z_score<2", "exit roc_5>100")),
    ],
)
def test_gates_are_kept_in_one_form(given: object, expected: tuple[str, ...]) -> None:
    assert Axis.parse("gates", given).values == expected


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("rsi_period", [14], "unknown parameter 'rsi_period'"),
        ("threshold", [], "no values"),
        ("threshold", [0.1, 0.1], "repeats a value"),
        ("threshold", "p42", "'p42'"),
        ("threshold", -0.1, "-0.1"),
        ("threshold", True, "True"),
        ("threshold", {"start": 1, "end": 2}, "has"),
        ("threshold", {"start": 1, "end": 0, "step": 1}, "steps from 1 to 0 by 1"),
        ("threshold", {"start": 1, "end": 2, "step": 0}, "by 0"),
        ("threshold", {"start": 0, "end": 1, "step": 1e-9}, "1,000,000,001 values"),
        ("threshold", "0.1:0.3", "'0.1:0.3'"),
        ("threshold", "a:b:c", "must be numbers"),
        ("threshold", ["0.1:0.2:0.1", 0.2], "repeats a value"),
        ("threshold", "0.1..0.2", "has the range 0.1..0.2, and a grid needs a list"),
        ("z_score_check", "yes", "'yes'"),
        ("z_score_check", 1, "1"),
        ("gates", "vix:9", "no state '9'"),
        ("gates", ["vix:1,0", "vix:0", "1"], "repeats a value"),
        ("gates", 3, "3"),
    ],
)
def test_what_cannot_be_meant_is_refused(name: str, given: object, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        ParameterSpace.parse({name: given})

    assert message in str(caught.value)


def test_a_number_outside_the_grid_is_an_index_error() -> None:
    with pytest.raises(IndexError):
        ParameterSpace()[144]
