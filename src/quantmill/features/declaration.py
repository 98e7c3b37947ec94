"""What a feature declares about itself, from which schema, catalogue and scaling derive."""

import hashlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar, get_args

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays
from quantmill.core.digest import canonical_json
from quantmill.errors import ConfigError
from quantmill.features.context.as_of import MAX_AGE_MINUTES, Beside, Timed

__all__ = [
    "CATEGORIES",
    "Category",
    "ContextRole",
    "Feature",
    "FeatureDtype",
    "FeatureHours",
    "FeatureKind",
    "FeatureRegistry",
    "Memory",
    "Scaling",
    "feature_into",
]

Category = Literal[
    "trend",
    "momentum",
    "volatility",
    "volume",
    "liquidity",
    "mean-reversion",
    "benchmark",
    "market-context",
    "regime",
    "time",
    "option",
    "other",
]
CATEGORIES: Final[tuple[str, ...]] = get_args(Category)
FeatureKind = Literal["level", "stationary"]
Scaling = Literal["robust", "standard", "passthrough", "category"]
FeatureDtype = Literal["Float32", "Int8"]
FeatureHours = Literal["any", "regular"]
Memory = Literal["window", "session", "history"]
ContextRole = Literal["benchmark", "volatility", "regimes"]

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_RESERVED: Final = frozenset({"symbol", "ts", "prediction", "fold"})

FeatureFunction = Callable[..., Floats]
Declared = TypeVar("Declared", bound=FeatureFunction)


@dataclass(frozen=True)
class Feature:
    """One column computed from a symbol's bars up to and including its own, and from what is known beside them.

    `lookback_bars` is how many bars, its own included, a first value needs: the values before are masked,
    at the start of the history or, with `crosses_sessions` off, of each session. `memory` says what a value
    depends on: the last `lookback_bars`, the session so far, or the whole history (recursive averages).
    `hours` = "regular" means: computed on regular bars alone and null on others. `null_when` names the
    cause of a null that neither the warm-up nor a missing input explains. `scaling` = "category" marks
    labels without an order for a linear model.

    `context` names what the function sees beside the bars: the `benchmark`'s bars, the `volatility` source, or
    the market's `regimes`. The newest row that is known at the bar's close counts, unless it is more than
    `context_max_age_minutes` older (None: whatever its age); a value then needs `context_lookback_bars` rows of
    the source and its `context_inputs`.
    """

    name: str
    function: FeatureFunction
    category: Category
    lookback_bars: int
    explains: str
    parameters: tuple[tuple[str, Any], ...] = ()
    kind: FeatureKind = "stationary"
    scaling: Scaling = "standard"
    dtype: FeatureDtype = "Float32"
    inputs: tuple[str, ...] = ("close",)
    hours: FeatureHours = "any"
    crosses_sessions: bool = True
    memory: Memory = "window"
    null_when: str = ""
    twin: str | None = None
    revision: int = 1
    context: ContextRole | None = None
    context_lookback_bars: int = 1
    context_inputs: tuple[str, ...] = ()
    context_max_age_minutes: int | None = MAX_AGE_MINUTES

    def __post_init__(self) -> None:
        """Refuse a declaration that cannot be meant."""
        if not _NAME.fullmatch(self.name) or self.name in _RESERVED:
            raise ValueError(f"feature name {self.name!r} must be lower_case letters, digits and underscores")
        if self.category not in CATEGORIES:
            raise ValueError(f"{self.name}: category {self.category!r} is none of {', '.join(CATEGORIES)}")
        if min(self.lookback_bars, self.context_lookback_bars, self.revision) < 1:
            raise ValueError(f"{self.name}: look-back and revision must be at least 1")
        if self.kind == "level" and self.twin is None:
            raise ValueError(f"{self.name}: a price level must name its stationary twin")
        if not self.explains:
            raise ValueError(f"{self.name}: a sentence must explain its value to a person")

    def __hash__(self) -> int:
        """Equal features hash alike, also with parameters that cannot be hashed."""
        return hash((self.name, self.function, self.revision))

    def __call__(self, bars: BarArrays, *beside: Beside[Timed]) -> Floats:
        """The feature's raw values in float64, shape (n_bars,), before masking and rounding.

        A feature with context takes it as second argument.
        """
        return self.function(bars, *beside, **dict(self.parameters))

    @property
    def formula(self) -> str:
        """Definition and source: the docstring of the function."""
        return inspect.getdoc(self.function) or ""

    @property
    def source_sha256(self) -> str:
        """Digest of the function's source text, recorded with each set version."""
        try:
            text = inspect.getsource(self.function)
        except (OSError, TypeError):
            text = repr(self.function.__qualname__)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def identity(self) -> dict[str, Any]:
        """What the version of a set is the digest of."""
        own: dict[str, Any] = {
            "name": self.name,
            "parameters": dict(self.parameters),
            "revision": self.revision,
            "dtype": self.dtype,
        }
        if self.context is None:
            return own
        return {**own, "context": [self.context, self.context_lookback_bars, self.context_max_age_minutes]}

    @property
    def declaration(self) -> dict[str, Any]:
        """Everything declared, as JSON values."""
        plain = (
            "category",
            "lookback_bars",
            "explains",
            "kind",
            "scaling",
            "inputs",
            "hours",
            "crosses_sessions",
            "memory",
            "null_when",
            "twin",
            "context",
            "context_lookback_bars",
            "context_inputs",
            "context_max_age_minutes",
        )
        return {**self.identity, **{name: getattr(self, name) for name in plain}, "formula": self.formula}


class FeatureRegistry(Mapping[str, Feature]):
    """Features by name, in the order of their declaration; `load` fills it before the first look."""

    def __init__(self, load: Callable[[], None] | None = None) -> None:
        self._features: dict[str, Feature] = {}
        self._load = load

    def add(self, feature: Feature) -> Feature:
        """Take in a feature.

        Raises:
            ConfigError: If its name is taken by another function.
        """
        known = self._features.get(feature.name)
        if known is not None and (_origin(known), known.identity) != (_origin(feature), feature.identity):
            raise ConfigError(
                f"feature {feature.name!r} is declared twice: by {_origin(known)} and by {_origin(feature)}",
                hint="rename one of them",
            )
        self._features[feature.name] = feature
        return feature

    def __getitem__(self, name: str) -> Feature:
        self._fill()
        return self._features[name]

    def __iter__(self) -> Iterator[str]:
        self._fill()
        return iter(tuple(self._features))

    def __len__(self) -> int:
        self._fill()
        return len(self._features)

    def _fill(self) -> None:
        if self._load is not None:
            load, self._load = self._load, None
            try:
                load()
            except BaseException:
                self._load = load
                raise


def feature_into(
    registry: FeatureRegistry,
    name: str,
    *,
    category: Category,
    lookback_bars: int,
    explains: str,
    kind: FeatureKind = "stationary",
    scaling: Scaling = "standard",
    dtype: FeatureDtype = "Float32",
    inputs: tuple[str, ...] = ("close",),
    hours: FeatureHours = "any",
    crosses_sessions: bool = True,
    memory: Memory = "window",
    null_when: str = "",
    twin: str | None = None,
    revision: int = 1,
    context: ContextRole | None = None,
    context_lookback_bars: int = 1,
    context_inputs: tuple[str, ...] = (),
    context_max_age_minutes: int | None = MAX_AGE_MINUTES,
    **parameters: Any,  # noqa: ANN401 - whatever the function takes
) -> Callable[[Declared], Declared]:
    """A decorator that declares a function as a feature in `registry`; see `Feature` for the arguments.

    The function takes `BarArrays`, with a `context` what it sees `Beside`, and the `parameters` by keyword; it
    returns one float64 array of shape (n_bars,) whose value `i` uses bars `0 .. i` only. Decorating it several times declares several features.
    """
    canonical_json(parameters)

    def declare(function: Declared) -> Declared:
        registry.add(
            Feature(
                name=name,
                function=function,
                category=category,
                lookback_bars=lookback_bars,
                explains=explains,
                parameters=tuple(sorted(parameters.items())),
                kind=kind,
                scaling=scaling,
                dtype=dtype,
                inputs=inputs,
                hours=hours,
                crosses_sessions=crosses_sessions,
                memory=memory,
                null_when=null_when,
                twin=twin,
                revision=revision,
                context=context,
                context_lookback_bars=context_lookback_bars,
                context_inputs=context_inputs,
                context_max_age_minutes=context_max_age_minutes,
            )
        )
        return function

    return declare


def _origin(feature: Feature) -> str:
    return f"{feature.function.__module__}.{feature.function.__qualname__}"
