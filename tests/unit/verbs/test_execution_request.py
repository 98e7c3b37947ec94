"""Costs of a request: options first, then the preset, then the settings."""

from dataclasses import fields

import pytest

from quantmill.config.settings import SimulationSettings
from quantmill.errors import UsageError
from quantmill.simulation.fills import DEFAULT_COSTS, Costs
from quantmill.simulation.presets import PRESETS
from quantmill.verbs.execution_request import ExecutionRequest

SETTINGS = SimulationSettings(fee_usd=7.0, fill="atr", regulatory_fees=True, spread_by_minute="intraday")


def test_without_options_the_settings_hold() -> None:
    assert ExecutionRequest().costs(SETTINGS) == Costs(
        fill="atr", fee_usd=7.0, regulatory_fees=True, spread_by_minute="intraday"
    )
    assert ExecutionRequest().costs(SimulationSettings()) == DEFAULT_COSTS


def test_a_preset_replaces_the_settings_and_options_replace_both() -> None:
    request = ExecutionRequest(preset="per_share", fee_min_usd=2.0, regulatory_fees=False, fill="vwap")

    assert ExecutionRequest(preset="classic").costs(SETTINGS) == PRESETS["classic"]
    assert request.costs(SETTINGS) == Costs(
        fill="vwap", fee_usd=0.0, fee_per_share_usd=0.005, fee_min_usd=2.0
    )


def test_every_cost_has_an_option_and_a_setting() -> None:
    names = {one.name for one in fields(Costs)}
    by_name = {one.name: one.setting for one in ExecutionRequest.request_fields()}

    assert {name: by_name[name] for name in names} == {name: f"simulation.{name}" for name in names}
    assert names <= set(SimulationSettings.model_fields)


def test_a_profile_that_is_none_is_refused_by_the_request() -> None:
    with pytest.raises(UsageError, match="spread_by_minute is 'steep'"):
        ExecutionRequest(spread_by_minute="steep")
