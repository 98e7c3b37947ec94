"""What a declaration must say, and how features get into the registry."""

from importlib.metadata import EntryPoint

import numpy as np
import pytest

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays
from quantmill.errors import ConfigError
from quantmill.features import registry as registry_module
from quantmill.features.declaration import Feature, FeatureRegistry, feature_into
from quantmill.features.registry import FEATURES, load_entry_points


def closes(bars: BarArrays, *, factor: float = 1.0) -> Floats:
    """Closing prices.

    Source:
        None.
    """
    return bars.close * factor


def other(bars: BarArrays) -> Floats:
    return bars.open


def declared(name: str = "twice_close", **changes: object) -> Feature:
    registry = FeatureRegistry()
    options = {"category": "other", "lookback_bars": 1, "explains": "twice the close", **changes}
    feature_into(registry, name, **options)(closes)  # type: ignore[arg-type]
    return registry[name]


def test_decorator_leaves_the_function_as_it_is_and_registers_it() -> None:
    registry = FeatureRegistry()

    decorated = feature_into(
        registry, "twice_close", category="other", lookback_bars=1, explains="twice the close", factor=2.0
    )(closes)

    assert decorated is closes
    assert registry["twice_close"].parameters == (("factor", 2.0),)
    assert registry["twice_close"].formula.startswith("Closing prices.")


def test_one_function_may_declare_several_features() -> None:
    registry = FeatureRegistry()
    for factor in (1.0, 2.0):
        feature_into(
            registry, f"close_{factor:.0f}", category="other", lookback_bars=1, explains="x", factor=factor
        )(closes)

    assert list(registry) == ["close_1", "close_2"]


def test_a_name_is_declared_once() -> None:
    registry = FeatureRegistry()
    registry.add(declared())
    twin = Feature("twice_close", other, "other", 1, "the open")

    with pytest.raises(ConfigError, match=r"'twice_close' is declared twice: by .*closes and by .*other"):
        registry.add(twin)


def test_declaring_the_same_again_changes_nothing() -> None:
    registry = FeatureRegistry()
    registry.add(declared())

    registry.add(declared())

    assert len(registry) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Twice Close"}, "must be lower_case"),
        ({"name": "ts"}, "must be lower_case"),
        ({"category": "astrology"}, "category 'astrology' is none of trend"),
        ({"lookback_bars": 0}, "must be at least 1"),
        ({"kind": "level"}, "must name its stationary twin"),
        ({"explains": ""}, "sentence must explain"),
    ],
)
def test_declaration_that_cannot_be_meant_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        declared(**changes)  # type: ignore[arg-type]


def test_identity_is_name_parameters_revision_and_dtype_alone() -> None:
    same = declared(explains="other words", category="time")
    changed = [
        declared(revision=2),
        declared(factor=3.0),
        declared(dtype="Int8"),
        declared(name="close_twice"),
    ]

    assert same.identity == declared().identity
    assert all(one.identity != declared().identity for one in changed)


def test_source_digest_follows_the_code() -> None:
    assert declared().source_sha256 != Feature("twice_close", other, "other", 1, "the open").source_sha256


def test_every_registered_feature_explains_itself() -> None:
    for one in FEATURES.values():
        assert "Source:" in one.formula, one.name
        assert 10 < len(one.explains) < 120, one.name
        if one.kind == "level":
            assert one.twin in FEATURES, one.name
            assert FEATURES[one.twin].kind == "stationary"


def test_all_features_of_the_thin_line_are_there() -> None:
    assert {
        "sma_20_dist", "ema_9_dist", "macd_pct", "rsi_14", "stoch_k", "bb_pct", "bb_width", "atr_14_pct",
        "obv_z_60", "log_return_1m", "roc_5", "lag_return_5", "return_z_score_20", "vol_ratio_60",
        "atr_ratio_15", "volume_change", "amihud_illiquidity", "ibs", "parkinson_vol", "efficiency_ratio",
        "dist_vwap", "intraday_intensity", "vol_adj_mom_20", "overnight_gap", "time_sin", "time_cos",
        "day_of_week_sin", "day_of_week_cos", "minutes_since_open", "minutes_to_close",
    } <= set(FEATURES)  # fmt: skip


def test_entry_points_of_other_packages_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("ours", "json:dumps", registry_module.ENTRY_POINT_GROUP)
    asked: list[str] = []

    def entries(*, group: str) -> list[EntryPoint]:
        asked.append(group)
        return [entry]

    monkeypatch.setattr(registry_module, "entry_points", entries)

    load_entry_points()

    assert asked == ["quantmill.features"]


@pytest.mark.parametrize("value", ["no_such_package.features", "json:no_such_name"])
def test_broken_entry_point_is_named(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("my_alphas", value, registry_module.ENTRY_POINT_GROUP)
    monkeypatch.setattr(registry_module, "entry_points", lambda group: [entry])

    with pytest.raises(ConfigError, match=r"'my_alphas' \(.*\) cannot be loaded"):
        load_entry_points()


def test_registry_is_filled_at_the_first_look_and_again_after_a_failure() -> None:
    calls: list[int] = []

    def load() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise ConfigError("broken")
        registry.add(declared())

    registry = FeatureRegistry(load)
    assert not calls
    with pytest.raises(ConfigError):
        len(registry)

    assert list(registry) == ["twice_close"]
    assert np.size(calls) == 2
