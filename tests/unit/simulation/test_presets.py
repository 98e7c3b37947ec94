"""Costs that have a name."""

from typing import get_args

from quantmill.simulation.fills import Costs
from quantmill.simulation.presets import PRESETS, PresetName


def test_every_name_has_costs() -> None:
    assert tuple(PRESETS) == get_args(PresetName)


def test_presets_are_what_they_are_called() -> None:
    assert {
        "classic": Costs("delayed_mid", 0.0, 0.0, 0.02),
        "commission_free": Costs("next_open", 0.5, 0.005, 0.0, regulatory_fees=True),
        "per_share": Costs(
            "next_open", 0.5, 0.005, 0.0, fee_per_share_usd=0.005, fee_min_usd=1.0, regulatory_fees=True
        ),
    } == PRESETS
