"""Configurations drawn at random or by a Sobol sequence, each at most once."""

import hashlib
import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple, cast

import numpy as np

from quantmill.core.arrays import Bools, Floats, Ints
from quantmill.core.seeds import derive_seed
from quantmill.errors import UsageError
from quantmill.optimize.axis import Axis, Value
from quantmill.optimize.space import ParameterSpace
from quantmill.optimize.value_range import ValueRange, is_range

__all__ = ["MOST_TRIALS", "Sample", "SampleKind", "SampledSpace"]

SampleKind = Literal["random", "sobol"]
MOST_TRIALS: Final = 5_000_000
_PURPOSE: Final = "sample of configurations"
_THRESHOLD: Final = "threshold"
# Blocks of a fixed sequence of sizes, powers of two: how many trials are wanted changes no point.
_FIRST_BLOCK: Final = 4096
_LARGEST_BLOCK: Final = 1 << 20
_POINTS_PER_CONFIGURATION: Final = 4


@dataclass(frozen=True, slots=True)
class Sample:
    """How many configurations are drawn, and how."""

    kind: SampleKind
    n_trials: int
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a sample of nothing, and one beyond all use."""
        if not 1 <= self.n_trials <= MOST_TRIALS:
            raise UsageError(f"a sample of {self.n_trials:,} trials; it must have 1 to {MOST_TRIALS:,}")


class _Drawn(NamedTuple):
    """Configurations as arrays of shape (n_trials,): the number in the grid of the listed axes, the ranged value."""

    number: Ints
    value: Floats


@dataclass(frozen=True)
class SampledSpace:
    """Configurations drawn from axes, in the order in which they were drawn; none occurs twice.

    Values of a list are drawn by their place, each as likely as the others, those of a range anywhere in it.
    A repeated configuration is skipped, so trials are drawn without replacement; of a finite space each order
    ends with what the points had missed, shuffled. The same axes, kind and seed give the same sequence, and a
    longer sample begins with the whole of a shorter one. For that, trials of one stream of signals do not stand
    together: a chunk of trials is grouped by stream when it is run, and prepares each of its streams once.

    A configuration takes 16 bytes: it is computed from its number.
    """

    axes: tuple[Axis | ValueRange, ...]
    sample: Sample

    def __post_init__(self) -> None:
        """Refuse more trials than there are distinct configurations."""
        if self.n_distinct is not None and self.sample.n_trials > self.n_distinct:
            raise UsageError(
                f"{self.sample.n_trials:,} trials are asked for, the parameters have {self.n_distinct:,} distinct "
                "configurations",
                hint="ask for fewer trials, give more values, or a range of thresholds such as log:0.0001..0.002",
            )

    @classmethod
    def parse(cls, parameters: Mapping[str, object], sample: Sample) -> "SampledSpace":
        """A sample of a configuration's `parameters`; parameters left out keep their default values.

        Besides what a grid takes, the threshold may be one range: `LOW..HIGH` or `log:LOW..HIGH`.

        Raises:
            UsageError: If a parameter is unknown, its values are not usable, or there are too few of them.
        """
        text = _only_range(parameters.get(_THRESHOLD))
        if text is None:
            return cls(ParameterSpace.parse(parameters).axes, sample)
        ranged = ValueRange.parse(_THRESHOLD, text)
        listed = ParameterSpace.parse(
            {name: given for name, given in parameters.items() if name != _THRESHOLD}
        )
        return cls((ranged, *(axis for axis in listed.axes if axis.name != _THRESHOLD)), sample)

    @property
    def n_distinct(self) -> int | None:
        """How many distinct configurations the axes have; None where one of them is a range."""
        return None if self._ranged is not None else len(self._listed)

    @property
    def n_streams(self) -> int:
        """How many different signals the drawn configurations have: combinations of filters and gates."""
        first = self._listed.axes[0]
        n_thresholds = len(first.values) if first.name == _THRESHOLD else 1
        return int(np.unique(self._drawn.number // n_thresholds).size)

    def __len__(self) -> int:
        """How many configurations were drawn."""
        return self.sample.n_trials

    def __getitem__(self, number: int) -> dict[str, Value]:
        """The configuration of a number from 0 on, in the order of drawing."""
        if not 0 <= number < len(self):
            raise IndexError(f"configuration {number} of {len(self)}")
        listed = self._listed[int(self._drawn.number[number])]
        if self._ranged is None:
            return listed
        return {self._ranged.name: float(self._drawn.value[number]), **listed}

    def __iter__(self) -> Iterator[dict[str, Value]]:
        """All configurations in the order of drawing."""
        return (self[number] for number in range(len(self)))

    def values_of(self, name: str) -> tuple[Value, ...]:
        """The values that a listed parameter can take."""
        return self._listed.values_of(name)

    def with_values(self, name: str, values: tuple[Value, ...]) -> "SampledSpace":
        """A sample of the same kind, size and seed from other values of one listed parameter.

        Raises:
            UsageError: If too few configurations are left.
        """
        axes = tuple(Axis(name, values) if axis.name == name else axis for axis in self.axes)
        return SampledSpace(axes, self.sample)

    def recipe(self) -> dict[str, object]:
        """The axes and the sample, with the digest of what was drawn: another library may draw otherwise."""
        axes = {
            axis.name: axis.text if isinstance(axis, ValueRange) else list(axis.values) for axis in self.axes
        }
        hasher = hashlib.sha256(self._drawn.number.tobytes())
        hasher.update(self._drawn.value.tobytes())
        sample = {
            "kind": self.sample.kind,
            "n_trials": self.sample.n_trials,
            "seed": self.sample.seed,
            "sha256": hasher.hexdigest(),
        }
        return {**axes, "sample": sample}

    @cached_property
    def _ranged(self) -> ValueRange | None:
        return next((axis for axis in self.axes if isinstance(axis, ValueRange)), None)

    @cached_property
    def _listed(self) -> ParameterSpace:
        return ParameterSpace(tuple(axis for axis in self.axes if isinstance(axis, Axis)))

    @cached_property
    def _drawn(self) -> _Drawn:
        wanted = self.sample.n_trials
        n_dimensions = len(self._varying) + (self._ranged is not None)
        if n_dimensions == 0:
            return _Drawn(np.zeros(1, dtype=np.int64), np.zeros(1))
        points = _points(self.sample, n_dimensions)
        drawn = _Drawn(np.empty(0, dtype=np.int64), np.empty(0))
        n_points, block = 0, _FIRST_BLOCK
        while drawn.number.size < wanted:
            if self.n_distinct is not None and n_points >= _POINTS_PER_CONFIGURATION * self.n_distinct:
                drawn = self._with_missed(drawn, self.n_distinct)
                break
            drawn = _distinct(drawn, self._configurations(points(block)))
            n_points += block
            block = min(n_points, _LARGEST_BLOCK)
        return _Drawn(drawn.number[:wanted].copy(), drawn.value[:wanted].copy())

    @property
    def _varying(self) -> list[int]:
        """Places of the listed axes that have more than one value."""
        return [place for place, axis in enumerate(self._listed.axes) if len(axis.values) > 1]

    def _configurations(self, points: Floats) -> _Drawn:
        """The configurations of points in the cube; the range is the first dimension."""
        value = np.zeros(points.shape[0])
        if self._ranged is not None:
            value, points = self._ranged.at(points[:, 0]), points[:, 1:]
        number = np.zeros(points.shape[0], dtype=np.int64)
        dimension = dict(zip(self._varying, range(points.shape[1]), strict=True))
        for place in reversed(range(len(self._listed.axes))):
            size = len(self._listed.axes[place].values)
            number *= size
            if place in dimension:
                number += np.minimum((points[:, dimension[place]] * size).astype(np.int64), size - 1)
        return _Drawn(number, value)

    def _with_missed(self, drawn: _Drawn, n_distinct: int) -> _Drawn:
        missed = np.setdiff1d(np.arange(n_distinct, dtype=np.int64), drawn.number)
        random = np.random.default_rng(derive_seed(self.sample.seed, _PURPOSE, self.sample.kind, "missed"))
        number = np.append(drawn.number, random.permutation(missed))
        return _Drawn(number, np.zeros(number.size))


def _only_range(given: object) -> str | None:
    """The text of a range when it is the only value given."""
    parts = list(cast("list[object]", given)) if isinstance(given, list | tuple) else [given]
    return str(parts[0]) if len(parts) == 1 and is_range(parts[0]) else None


def _points(sample: Sample, n_dimensions: int) -> Callable[[int], Floats]:
    """The next points of the sample's sequence, shape (n, n_dimensions), in [0, 1)."""
    seed = derive_seed(sample.seed, _PURPOSE, sample.kind)
    if sample.kind == "sobol":
        # scipy's samplers take a second to load: only who samples so waits for them.
        sobol: Any = importlib.import_module("quantmill.optimize.sobol")
        return sobol.sobol_points(n_dimensions, seed)
    random = np.random.default_rng(seed)
    return lambda n: random.random((n, n_dimensions))


def _distinct(before: _Drawn, more: _Drawn) -> _Drawn:
    """What was drawn so far and then, in that order, what is new in `more`."""
    number, value = np.append(before.number, more.number), np.append(before.value, more.value)
    order = np.lexsort((value, number))
    # A stable order: of equal ones the one drawn first comes first.
    differs = (np.diff(number[order]) != 0) | (np.diff(value[order]) != 0)
    is_first: Bools = np.zeros(number.size, dtype=np.bool_)
    is_first[order[np.append(True, differs)]] = True
    return _Drawn(number[is_first], value[is_first])
