"""Providers by name."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from quantmill.errors import ConfigError, UsageError
from quantmill.providers import registry
from quantmill.providers.registry import make_provider, provider_names
from quantmill.providers.sim.provider import SimProvider


def test_sim_is_built_in() -> None:
    provider = make_provider("sim", seed=2, noise_only=True)

    assert isinstance(provider, SimProvider)
    assert provider.feed == "sim-s2-noise"


def test_unknown_provider_is_refused() -> None:
    with pytest.raises(UsageError, match="no provider 'bloomberg'") as caught:
        make_provider("bloomberg")

    assert "sim" in caught.value.hint


def test_unknown_option_is_refused() -> None:
    with pytest.raises(UsageError, match="does not take"):
        make_provider("sim", api_key="x")


def test_entry_points_add_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    def registered(*, group: str) -> EntryPoints:
        points = [
            EntryPoint("mine", "quantmill.providers.sim.provider:SimProvider", group),
            EntryPoint("broken", "builtins:dict", group),
        ]
        return EntryPoints(points)

    monkeypatch.setattr(registry, "entry_points", registered)

    assert {"broken", "mine", "sim"} <= set(provider_names())
    assert isinstance(make_provider("mine"), SimProvider)
    with pytest.raises(ConfigError, match="no BarProvider"):
        make_provider("broken")
