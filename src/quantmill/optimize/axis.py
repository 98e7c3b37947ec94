"""One listed parameter of a batch and the values it takes, as people write them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast

from quantmill.errors import UsageError
from quantmill.optimize.value_range import is_range
from quantmill.simulation.gates import NO_GATES, REGIME_STATES, parse_gates, rejoin_states
from quantmill.simulation.thresholds import AUTO_RULES, CLASSIC_THRESHOLDS, parse_threshold

__all__ = ["DEFAULT_AXES", "DEFAULT_GATES", "Axis", "Value", "axis_names"]

Value = str | int | float | bool

_NAMED_THRESHOLDS: Final[dict[str, tuple[Value, ...]]] = {
    "auto": AUTO_RULES,
    "classic": CLASSIC_THRESHOLDS,
}
DEFAULT_GATES: Final = (
    NO_GATES.text,
    *(
        f"{column.removeprefix('regime_')}:{state}"
        for column in ("regime_vix", "regime_gmm")
        for state in range(REGIME_STATES[column])
    ),
)
"""No gate, and each state of both regimes of the market alone."""

_GATES: Final = "gates"
_FLAGS: Final = ("z_score_check", "volatility_normalization")
_MOST_VALUES: Final = 1_000_000
_STEPS: Final = ("start", "end", "step")


@dataclass(frozen=True, slots=True)
class Axis:
    """One parameter and the values it takes, in the order in which they are tried."""

    name: str
    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        """Refuse an axis without values and one that repeats a value."""
        if not self.values:
            raise UsageError(f"parameter {self.name!r} has no values", hint="give at least one")
        if len({(type(value) is bool, value) for value in self.values}) != len(self.values):
            raise UsageError(f"parameter {self.name!r} repeats a value: {list(self.values)}")

    @classmethod
    def parse(cls, name: str, given: object) -> "Axis":
        """An axis as people write it.

        Args:
            name: The parameter: `threshold`, `z_score_check`, `volatility_normalization` or `gates`.
            given: One value, a list, `{start, end, step}` with `end` included, or for thresholds
                `auto` (p50, p80, p90, p97 of the training part) or `classic` (0.0001 … 0.002) and in a list also
                `start:end:step`, for gates `default` (`DEFAULT_GATES`); a value of gates is what `parse_gates` reads.

        Raises:
            UsageError: If the parameter is unknown or a value cannot be one of it.
        """
        if name not in axis_names():
            raise UsageError(
                f"unknown parameter {name!r}", hint=f"a batch has the parameters {', '.join(axis_names())}"
            )
        check = _flag if name in _FLAGS else _gates if name == _GATES else _threshold
        return cls(name, tuple(check(name, value) for value in _listed(name, given)))


DEFAULT_AXES: Final = (
    Axis("threshold", AUTO_RULES),
    Axis("z_score_check", (True, False)),
    Axis("volatility_normalization", (False, True)),
    Axis(_GATES, DEFAULT_GATES),
)


def axis_names() -> tuple[str, ...]:
    """The parameters that a batch has, in the order of their axes."""
    return tuple(axis.name for axis in DEFAULT_AXES)


def _listed(name: str, given: object) -> list[object]:
    if isinstance(given, str) and name == "threshold" and given in _NAMED_THRESHOLDS:
        return list(_NAMED_THRESHOLDS[given])
    if name == _GATES:
        return _listed_gates(given)
    if isinstance(given, Mapping):
        return list(_steps(name, cast("Mapping[str, Any]", given)))
    parts = list(cast("list[object]", given)) if isinstance(given, list | tuple) else [given]
    return [value for part in parts for value in (_stepped(part) if name == "threshold" else [part])]


def _stepped(part: object) -> list[object]:
    """`start:end:step` written out; anything else as it is."""
    if not isinstance(part, str) or part.count(":") != len(_STEPS) - 1 or is_range(part):
        return [part]
    return list(_steps("threshold", dict(zip(_STEPS, part.split(":"), strict=True))))


def _listed_gates(given: object) -> list[object]:
    parts = list(cast("list[object]", given)) if isinstance(given, list | tuple) else [given]
    if parts == ["default"]:
        return list(DEFAULT_GATES)
    if all(isinstance(part, str) for part in parts):
        return list(rejoin_states(cast("list[str]", parts)))
    return parts


def _steps(name: str, given: Mapping[str, Any]) -> Iterator[float | int]:
    """Values from `start` by `step` up to and including `end`, in decimal arithmetic so that 0.1 steps meet it."""
    if set(given) != set(_STEPS):
        raise UsageError(
            f"parameter {name!r} has {sorted(given)}", hint="a stepped parameter needs start, end and step"
        )
    try:
        start, end, step = (Decimal(str(given[key])) for key in _STEPS)
    except InvalidOperation as error:
        raise UsageError(
            f"parameter {name!r}: start, end and step must be numbers, got {dict(given)}"
        ) from error
    if not all(value.is_finite() for value in (start, end, step)) or step <= 0 or end < start:
        raise UsageError(
            f"parameter {name!r} steps from {start} to {end} by {step}",
            hint="step must be above 0 and end not before start",
        )
    count = int((end - start) / step) + 1
    if count > _MOST_VALUES:
        raise UsageError(f"parameter {name!r} takes {count:,} values, at most {_MOST_VALUES:,} are possible")
    is_whole = all(isinstance(given[key], int) for key in _STEPS)
    for place in range(count):
        value = start + place * step
        yield int(value) if is_whole else float(value)


def _flag(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise UsageError(f"parameter {name!r} is {value!r}", hint="give true, false or [true, false]")


def _gates(name: str, value: object) -> Value:
    if isinstance(value, str):
        return parse_gates(value).text
    raise UsageError(
        f"parameter {name!r} is {value!r}",
        hint="give `default`, `none`, or gates such as vix:0, gmm:0,1 or vix_z_score<2",
    )


def _threshold(name: str, value: object) -> Value:
    if is_range(value):
        raise UsageError(
            f"parameter {name!r} has the range {value}, and a grid needs a list",
            hint="draw from a range with --sample random or sobol and --trials N, the range being the only "
            "threshold, or step through it: START:END:STEP",
        )
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return parse_threshold(value)
    raise UsageError(
        f"parameter {name!r} is {value!r}",
        hint=f"give `auto`, `classic`, {', '.join(AUTO_RULES)}, or numbers of at least 0 in log-return units",
    )
