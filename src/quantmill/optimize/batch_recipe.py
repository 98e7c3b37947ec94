"""The recipe of a batch: all that decides its results, written down, compared, and made into the batch again."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from pydantic import TypeAdapter

from quantmill.core.digest import canonical_json
from quantmill.core.version import VERSION
from quantmill.errors import NotFoundError
from quantmill.lake.store import Lake
from quantmill.models.record import ModelRecord
from quantmill.models.registry import find_model
from quantmill.optimize.batch_runner import Grid
from quantmill.optimize.batch_setup import BatchSetup
from quantmill.optimize.gate_axis import feature_datasets
from quantmill.optimize.sampling import Sample, SampledSpace
from quantmill.optimize.space import ParameterSpace
from quantmill.optimize.trial_space import TrialSpace
from quantmill.simulation.gates import NO_GATES
from quantmill.state.engine import State

__all__ = ["RULES", "differences", "grid_of", "recipe_of"]

_SETUP: Final = TypeAdapter(BatchSetup)
_SAMPLE: Final = "sample"
RULES: Final = "rules"
"""Where the rules of positions stand in the setup of a recipe; a recipe without them has no rules."""


def recipe_of(lake: Lake, state: State, grid: Grid) -> dict[str, Any]:
    """The recipe of a grid on the lake as it is; a sample's seed is part of it, a full grid has none.

    Raises:
        NotFoundError: If the features that gates look at are not stored.
    """
    has_gates = grid.space.values_of("gates") != (NO_GATES.text,)
    symbols = sorted({model.symbol for model in grid.models})
    return {
        "pairs": [[model.id, model.symbol] for model in grid.models],
        "space": grid.space.recipe(),
        "setup": _setup_recipe(grid.setup),
        "inputs": {
            "bars": lake.input_digest("bars", keys=symbols),
            "corporate_actions": lake.input_digest("corporate_actions", keys=symbols),
            "predictions": lake.input_digest("predictions", keys=sorted(model.id for model in grid.models)),
            "features": [
                lake.input_digest(dataset, keys=[symbol])
                for dataset, symbol in (feature_datasets(state, grid.models) if has_gates else ())
            ],
        },
        "code_version": VERSION,
    }


def grid_of(state: State, recipe: Mapping[str, Any]) -> Grid:
    """The models, configurations and setup of a recorded recipe.

    Raises:
        NotFoundError: If one of its models is no longer there.
    """
    known: list[ModelRecord] = []
    for model_id, symbol in recipe["pairs"]:
        try:
            known.append(find_model(state, model_id))
        except NotFoundError as error:
            raise NotFoundError(
                f"the batch needs model {model_id} of {symbol}, which is no longer there",
                hint="what was stored of the batch stays; `quantmill optimize run` with other models begins a new one",
            ) from error
    return Grid(tuple(known), _space_of(recipe["space"]), _SETUP.validate_python(recipe["setup"]))


def differences(recorded: Mapping[str, Any], present: Mapping[str, Any]) -> list[str]:
    """What differs between two recipes of the same models, in words."""
    words = {
        "bars": "bars",
        "corporate_actions": "splits and dividends",
        "predictions": "the models' predictions",
        "features": "the features that gates look at",
    }
    before, now = recorded["inputs"], present["inputs"]
    found = [text for name, text in words.items() if _differ(before.get(name), now.get(name))]
    if recorded["code_version"] != present["code_version"]:
        found.append(f"quantmill ({recorded['code_version']}, now {present['code_version']})")
    if _differ(recorded["space"], present["space"]):
        found.append("what the sample's seed draws")
    is_explained = bool(found) or not _differ(recorded, present)
    return found if is_explained else ["how a batch is written down"]


def _setup_recipe(setup: BatchSetup) -> dict[str, Any]:
    """The setup as JSON values; rules that decide nothing are no part of it."""
    recipe = asdict(setup)
    if not setup.rules:
        del recipe[RULES]
    return recipe


def _space_of(recipe: Mapping[str, Any]) -> TrialSpace:
    axes = {name: values for name, values in recipe.items() if name != _SAMPLE}
    if _SAMPLE not in recipe:
        return ParameterSpace.parse(axes)
    drawn = recipe[_SAMPLE]
    return SampledSpace.parse(axes, Sample(drawn["kind"], drawn["n_trials"], drawn["seed"]))


def _differ(one: object, other: object) -> bool:
    return canonical_json(one) != canonical_json(other)
