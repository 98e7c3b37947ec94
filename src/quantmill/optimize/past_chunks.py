"""What trials of this home's earlier batches cost on this machine."""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy import select

from quantmill.core.version import VERSION
from quantmill.lake.store import Lake
from quantmill.optimize.batch_recipe import RULES
from quantmill.state.engine import State
from quantmill.state.tables.optimize import BATCH, CHUNK

__all__ = ["PastCost", "past_cost"]

_NEWEST: Final = 200
_ENOUGH_CHUNKS: Final = 5
_ENOUGH_TRIALS: Final = 1_000
# Chunks much smaller or larger than those to come share the cost of a source between other numbers of trials.
_LIKE: Final = 4


@dataclass(frozen=True, slots=True)
class PastCost:
    """CPU seconds per trial and bar of whole chunks, reading, counting and storing included.

    `low_cpu_s` and `high_cpu_s` are the 10 % and 90 % quantiles over chunks; `speed_up` is CPU over wall time.
    """

    n_chunks: int
    n_trials: int
    low_cpu_s: float
    cpu_s: float
    high_cpu_s: float
    speed_up: float


def past_cost(lake: Lake, state: State, *, chunk_trials: int, has_rules: bool) -> PastCost | None:
    """What the newest chunks of about this size cost; None when there are too few to tell.

    Args:
        lake: Knows how many bars the models of those batches traded.
        state: The state database.
        chunk_trials: Trials of a chunk to come.
        has_rules: Whether they have rules of positions; only chunks of the same kind count.
    """
    columns = (CHUNK.c.n_trials, CHUNK.c.cpu_s, CHUNK.c.wall_s, CHUNK.c.worker, BATCH.c.id, BATCH.c.recipe)
    like = CHUNK.c.n_trials.between(chunk_trials // _LIKE, chunk_trials * _LIKE)
    done = (
        select(*columns)
        .join(BATCH, BATCH.c.id == CHUNK.c.batch_id)
        .where(CHUNK.c.status == "completed", like)
    )
    newest = done.order_by(BATCH.c.created_us.desc(), CHUNK.c.chunk).limit(_NEWEST)
    with state.read() as connection:
        rows = connection.execute(newest).mappings().all()
    recipes = {row["id"]: row["recipe"] for row in rows}
    bars = {
        batch_id: _bars_per_model(lake, json.loads(recipe), has_rules=has_rules)
        for batch_id, recipe in recipes.items()
    }
    here = [row for row in rows if bars[row["id"]] > 0.0 and _host(row["worker"]) == socket.gethostname()]
    n_trials = sum(row["n_trials"] for row in here)
    if len(here) < _ENOUGH_CHUNKS or n_trials < _ENOUGH_TRIALS:
        return None
    cpu_s = np.array([row["cpu_s"] for row in here], dtype=np.float64)
    work = np.array([row["n_trials"] * bars[row["id"]] for row in here], dtype=np.float64)
    low, high = np.quantile(cpu_s / work, [0.1, 0.9])
    wall_s = sum(row["wall_s"] for row in here)
    return PastCost(
        n_chunks=len(here),
        n_trials=n_trials,
        low_cpu_s=float(low),
        cpu_s=float(cpu_s.sum() / work.sum()),
        high_cpu_s=float(high),
        speed_up=max(float(cpu_s.sum()) / max(wall_s, 1e-9), 0.1),
    )


def _bars_per_model(lake: Lake, recipe: Mapping[str, Any], *, has_rules: bool) -> float:
    """Mean bars of a batch's models; 0 where the present code would take another time, or nothing is left."""
    if recipe["code_version"] != VERSION or (RULES in recipe["setup"]) != has_rules:
        return 0.0
    keys = [model_id for model_id, _ in recipe["pairs"]]
    return sum(file.rows for file in lake.files("predictions", keys=keys)) / len(keys)


def _host(worker: str | None) -> str:
    return (worker or "").rpartition(":")[0]
