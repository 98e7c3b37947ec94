"""Samples of configurations: none twice, decided by the seed, a longer one beginning with a shorter one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantmill.core.digest import canonical_json
from quantmill.errors import UsageError
from quantmill.optimize.sampling import MOST_TRIALS, Sample, SampledSpace, SampleKind
from quantmill.optimize.space import ParameterSpace

KINDS: tuple[SampleKind, ...] = ("random", "sobol")
RANGE = "log:0.0001..0.002"
each_kind = pytest.mark.parametrize("kind", KINDS)


def drawn(kind: SampleKind, n_trials: int, seed: int = 0, **parameters: object) -> SampledSpace:
    return SampledSpace.parse(parameters, Sample(kind, n_trials, seed))


@given(
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 2**63),
    n_short=st.integers(1, 60),
    n_more=st.integers(0, 84),
    threshold=st.sampled_from(["auto", RANGE, "0..0.01", "0:0.001:0.00001"]),
)
def test_a_longer_sample_begins_with_a_shorter_one_and_repeats_nothing(
    kind: SampleKind, seed: int, n_short: int, n_more: int, threshold: str
) -> None:
    short = list(drawn(kind, n_short, seed, threshold=threshold))
    long = list(drawn(kind, n_short + n_more, seed, threshold=threshold))

    assert long[:n_short] == short
    assert len({canonical_json(one) for one in long}) == len(long)


@each_kind
def test_a_sample_far_beyond_the_first_points_keeps_its_beginning(kind: SampleKind) -> None:
    short, long = drawn(kind, 100, threshold=RANGE), drawn(kind, 200_000, threshold=RANGE)

    assert [long[number] for number in range(100)] == list(short)


@each_kind
def test_as_many_trials_as_there_are_configurations_are_the_whole_grid_in_another_order(
    kind: SampleKind,
) -> None:
    found = [canonical_json(one) for one in drawn(kind, 144)]
    grid = [canonical_json(one) for one in ParameterSpace()]

    assert sorted(found) == sorted(grid)
    assert found != grid


@each_kind
def test_more_trials_than_configurations_are_refused(kind: SampleKind) -> None:
    with pytest.raises(UsageError, match="145 trials are asked for, the parameters have 144 distinct"):
        drawn(kind, 145)
    assert drawn(kind, 1_000, threshold=RANGE).n_distinct is None


@each_kind
def test_the_seed_decides(kind: SampleKind) -> None:
    first, again, other = (drawn(kind, 50, seed, threshold=RANGE) for seed in (1, 1, 2))

    assert first.recipe() == again.recipe()
    assert list(first) != list(other)
    assert first.recipe() != other.recipe()


@each_kind
def test_a_space_of_one_configuration_can_be_drawn(kind: SampleKind) -> None:
    one = {"threshold": 0.001, "z_score_check": True, "volatility_normalization": False, "gates": "none"}

    assert list(drawn(kind, 1, **one)) == [one]


def test_sobol_points_fall_one_into_each_part_of_the_range() -> None:
    # Owen: the first 2^m points of a scrambled sequence are a net, in one dimension one point per 2^-m.
    space = drawn(
        "sobol", 64, 5, threshold="1..2", z_score_check=True, volatility_normalization=False, gates="none"
    )
    parts = [int(64 * (float(one["threshold"]) - 1.0)) for one in space]

    assert sorted(parts) == list(range(64))


@each_kind
def test_listed_values_are_drawn_equally_often(kind: SampleKind) -> None:
    space = drawn(kind, 9_000, threshold=RANGE)
    gates = [str(one["gates"]) for one in space]
    counts = [gates.count(str(gate)) for gate in space.values_of("gates")]

    # 1,000 each; five standard deviations of a binomial count are 149.
    assert max(abs(count - 1_000) for count in counts) < 149


def test_streams_are_counted_as_they_were_drawn() -> None:
    space = drawn("random", 20, 3, threshold=RANGE)

    streams = {(one["z_score_check"], one["volatility_normalization"], one["gates"]) for one in space}
    assert space.n_streams == len(streams)
    assert drawn("sobol", 144).n_streams == ParameterSpace().n_streams == 36


def test_other_gates_make_another_sample_of_the_same_kind() -> None:
    space = drawn("sobol", 16).with_values("gates", ("none",))

    assert sorted(canonical_json(one) for one in space) == sorted(
        canonical_json(one) for one in ParameterSpace.parse({"gates": "none"})
    )
    with pytest.raises(UsageError, match="have 16 distinct"):
        drawn("sobol", 17).with_values("gates", ("none",))


@each_kind
def test_a_recipe_is_read_back(kind: SampleKind) -> None:
    space = drawn(kind, 30, 7, threshold=RANGE, gates=["gmm:0", "1", "none"])
    recipe = space.recipe()
    axes = {name: values for name, values in recipe.items() if name != "sample"}

    assert list(SampledSpace.parse(axes, Sample(kind, 30, 7))) == list(space)


def test_a_configuration_costs_sixteen_bytes() -> None:
    space = drawn("random", 100_000, threshold=RANGE)

    assert space._drawn.number.nbytes + space._drawn.value.nbytes == 16 * 100_000
    assert np.unique(space._drawn.value).size == 100_000


@pytest.mark.parametrize("n_trials", [0, -1, MOST_TRIALS + 1])
def test_samples_of_nothing_and_of_too_much_are_refused(n_trials: int) -> None:
    with pytest.raises(UsageError, match="it must have 1 to"):
        Sample("random", n_trials)


def test_a_range_beside_other_thresholds_is_refused() -> None:
    with pytest.raises(UsageError, match="has the range"):
        drawn("sobol", 5, threshold=["p50", RANGE])


def test_a_number_outside_the_sample_is_an_index_error() -> None:
    with pytest.raises(IndexError):
        drawn("random", 5)[5]
