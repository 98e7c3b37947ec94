"""Gates: on which bars a position may be held, by the state of a regime or the bounds of a feature."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from quantmill.core.arrays import Bools, Floats
from quantmill.errors import UsageError
from quantmill.features.sets import nearest_names

__all__ = [
    "NO_GATES",
    "REGIME_STATES",
    "FeatureGate",
    "GateColumn",
    "Gates",
    "RegimeGate",
    "parse_feature_gates",
    "parse_gates",
    "parse_regimes",
    "rejoin_states",
]

REGIME_STATES: Final[Mapping[str, int]] = {
    "regime_vix": 4,
    "regime_gmm": 4,
    "regime_gmm_2": 2,
    "regime_sma": 2,
}
"""How many states each regime has, from 0 on."""

_PREFIX: Final = "regime_"
_NONE: Final = "none"
_EXIT: Final = "exit "
_NUMBER: Final = r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_BOUNDS: Final = re.compile(
    rf"(?:(?P<lower>{_NUMBER})\s*(?P<from>[<≤]=?)\s*)?(?P<column>[A-Za-z_]\w*)"
    rf"(?:\s*(?P<sign>[<>≤≥]=?)\s*(?P<bound>{_NUMBER}))?"
)
# A plus inside a number such as 1e+5 separates nothing.
_AND: Final = re.compile(r"(?<![\d.][eE])\+")


@dataclass(frozen=True, slots=True, order=True)
class RegimeGate:
    """A position is held in these states of a regime alone; in others, and where it is unknown, it is closed."""

    column: str
    states: tuple[int, ...]

    @property
    def closes(self) -> bool:
        """Whether a position is closed outside: always."""
        return True

    @property
    def text(self) -> str:
        """As people write it: `gmm:0,1`."""
        return f"{self.column.removeprefix(_PREFIX)}:{self.allowed}"

    @property
    def allowed(self) -> str:
        """The states: `0,1`."""
        return ",".join(str(state) for state in self.states)

    def contains(self, values: Floats) -> Bools:
        """Which bars lie inside; a missing value does not."""
        return np.isin(values, np.array(self.states, dtype=np.float64))


@dataclass(frozen=True, slots=True)
class FeatureGate:
    """Bounds that a feature must keep, at least one of them; a missing value keeps none.

    Outside, orders are vetoed: a position is neither opened nor closed. With `closes` it is closed.
    """

    column: str
    lower: float | None = None
    upper: float | None = None
    includes_lower: bool = False
    includes_upper: bool = False
    closes: bool = False

    @property
    def bounds(self) -> str:
        """As people write it: `vix_z_score<2`, `-1<=roc_5<1`."""
        below = "<=" if self.includes_upper else "<"
        upper = "" if self.upper is None else f"{below}{_plain(self.upper)}"
        if self.lower is None:
            return f"{self.column}{upper}"
        if self.upper is None:
            return f"{self.column}{'>=' if self.includes_lower else '>'}{_plain(self.lower)}"
        return f"{_plain(self.lower)}{'<=' if self.includes_lower else '<'}{self.column}{upper}"

    @property
    def text(self) -> str:
        """The bounds, with `exit` before those that close."""
        return f"{_EXIT if self.closes else ''}{self.bounds}"

    def contains(self, values: Floats) -> Bools:
        """Which bars lie inside; a missing value does not."""
        inside = ~np.isnan(values)
        if self.lower is not None:
            inside &= values >= self.lower if self.includes_lower else values > self.lower
        if self.upper is not None:
            inside &= values <= self.upper if self.includes_upper else values < self.upper
        return inside


@dataclass(frozen=True, slots=True)
class Gates:
    """The gates of one configuration; all of them must hold. Made by `Gates.of`, which gives them one order."""

    regimes: tuple[RegimeGate, ...] = ()
    features: tuple[FeatureGate, ...] = ()

    @classmethod
    def of(cls, regimes: Iterable[RegimeGate] = (), features: Iterable[FeatureGate] = ()) -> "Gates":
        """Gates in their order, so that the same gates are the same configuration however they were written.

        Raises:
            UsageError: If a regime or a bound is given twice.
        """
        by_column = sorted(regimes)
        by_text = sorted(features, key=lambda gate: gate.text)
        for one, next_one in pairwise(by_column):
            if one.column == next_one.column:
                raise UsageError(
                    f"regime {one.text.partition(':')[0]} is given twice",
                    hint=f"list its states in one: {one.text},{next_one.allowed}",
                )
        for gate, next_gate in pairwise(by_text):
            if gate == next_gate:
                raise UsageError(f"gate {gate.text} is given twice")
        return cls(tuple(by_column), tuple(by_text))

    @property
    def columns(self) -> tuple[str, ...]:
        """The stored columns that the gates look at."""
        return tuple(dict.fromkeys(gate.column for gate in (*self.regimes, *self.features)))

    @property
    def text(self) -> str:
        """As `parse_gates` reads it: `none`, `gmm:0,1`, `vix:3+exit vix_z_score<2`."""
        return "+".join(gate.text for gate in (*self.regimes, *self.features)) or _NONE

    @property
    def parameters(self) -> dict[str, str | None]:
        """The leaderboard's columns: several regimes and their states are separated by semicolons."""
        return {
            "regime_col": ";".join(gate.column for gate in self.regimes) or None,
            "allowed_regimes": ";".join(gate.allowed for gate in self.regimes) or None,
            "feature_gates": ";".join(gate.text for gate in self.features) or None,
        }

    def __bool__(self) -> bool:
        """Whether there is any gate."""
        return bool(self.regimes or self.features)


NO_GATES: Final = Gates()


@dataclass(frozen=True, slots=True, eq=False)
class GateColumn:
    """Values of a stored column on the bars that are simulated, shape (n_bars,), NaN where missing, and their digest."""

    values: Floats
    digest: str


def parse_regimes(texts: Sequence[str]) -> tuple[RegimeGate, ...]:
    """Regime gates as people write them: `vix:3`, `gmm:0,1`; a number alone is a state of the regime before it.

    Raises:
        UsageError: If a regime is unknown, or a state is not one of it.
    """
    return tuple(_regime(text) for text in rejoin_states(texts))


def parse_feature_gates(texts: Sequence[str], *, closes: bool = False) -> tuple[FeatureGate, ...]:
    """Feature gates as people write them: `vix_z_score<2`, `-1<=roc_5<1`.

    Raises:
        UsageError: If a text has no bound, or nothing can lie within its bounds.
    """
    return tuple(_bounds(text, closes=closes) for text in texts)


def parse_gates(text: str) -> Gates:
    """The gates of one configuration in one text: `none`, or gates joined by `+`, all of which must hold.

    A gate is a regime's states (`gmm:0,1`), a feature's bounds that veto orders (`vix_z_score<2`), or bounds
    that close the position (`exit vix_z_score<2`).

    Raises:
        UsageError: If a part cannot be read.
    """
    if text.strip() == _NONE:
        return NO_GATES
    parts = [part.strip() for part in _AND.split(text)]
    regimes = [part for part in parts if ":" in part]
    closing = [part.removeprefix(_EXIT) for part in parts if part.startswith(_EXIT)]
    others = [part for part in parts if ":" not in part and not part.startswith(_EXIT)]
    return Gates.of(
        parse_regimes(regimes), (*parse_feature_gates(closing, closes=True), *parse_feature_gates(others))
    )


def rejoin_states(texts: Iterable[str]) -> list[str]:
    """Texts that were divided at their commas, each state again with its regime: `gmm:0`, `1` are `gmm:0,1`."""
    joined: list[str] = []
    for text in texts:
        if joined and ":" in joined[-1] and text.strip().isdigit():
            joined[-1] += f",{text.strip()}"
        else:
            joined.append(text)
    return joined


def _regime(text: str) -> RegimeGate:
    name, colon, states = text.partition(":")
    column = f"{_PREFIX}{name.strip().removeprefix(_PREFIX)}"
    known = [one.removeprefix(_PREFIX) for one in REGIME_STATES]
    if not colon or not states.strip():
        raise UsageError(
            f"regime {text!r} names no states", hint=f"such as gmm:0,1; regimes are {', '.join(known)}"
        )
    if column not in REGIME_STATES:
        raise UsageError(f"unknown regime {name.strip()!r}", hint=nearest_names(name.strip(), known))
    n_states = REGIME_STATES[column]
    allowed: set[int] = set()
    for state in states.split(","):
        if not state.strip().isdecimal() or int(state) >= n_states:
            raise UsageError(
                f"regime {name.strip()} has no state {state.strip()!r}",
                hint=f"its states are 0 to {n_states - 1}",
            )
        allowed.add(int(state))
    return RegimeGate(column, tuple(sorted(allowed)))


def _bounds(text: str, *, closes: bool) -> FeatureGate:
    found = _BOUNDS.fullmatch(text.strip())
    if found is None or (found["lower"] is None and found["sign"] is None):
        raise UsageError(
            f"gate {text!r} cannot be read",
            hint='give a feature with bounds, such as "vix_z_score<2" or "-1<=roc_5<1"',
        )
    lower, includes_lower = _bound(found["lower"]), found["from"] in {"<=", "≤"}
    upper, includes_upper = _bound(found["bound"]), found["sign"] in {"<=", ">=", "≤", "≥"}
    if found["sign"] is not None and found["sign"][0] in ">≥":
        if lower is not None:
            raise UsageError(f"gate {text!r} has two lower bounds", hint="such as -1<=roc_5<1")
        lower, includes_lower, upper, includes_upper = upper, includes_upper, None, False
    is_empty = (
        lower is not None
        and upper is not None
        and not (lower < upper or (lower == upper and includes_lower and includes_upper))
    )
    if is_empty:
        raise UsageError(f"nothing lies within {text!r}", hint="the lower bound stands first")
    return FeatureGate(found["column"], lower, upper, includes_lower, includes_upper, closes)


def _bound(text: str | None) -> float | None:
    if text is None:
        return None
    number = float(text)
    if not math.isfinite(number):
        raise UsageError(f"bound {text} is too large a number")
    # Zero has one form.
    return number + 0.0


def _plain(number: float) -> str:
    return repr(number).removesuffix(".0")
