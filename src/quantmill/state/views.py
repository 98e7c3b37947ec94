"""Views over the state for people and their tools: batches, criteria, and runs ranked as far as SQL can."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection, inspect

__all__ = ["VIEWS", "create_views", "drop_views"]

# What differs between the two databases; `json(column)` is the column as a value that `->>` reads.
_DIALECTS: Final[Mapping[str, Mapping[str, str]]] = {
    "sqlite": {
        "metrics": "run.metrics",
        "params": "run.params",
        "recipe": "batch.recipe",
        "created_at": "strftime('%Y-%m-%dT%H:%M:%SZ', {0}.created_us / 1000000, 'unixepoch')",
        "day": "CAST(julianday(run.{0}) - 2440587.5 AS INTEGER)",
        "n_pairs": "json_array_length(batch.recipe, '$.pairs')",
        "each_criterion": "json_each(batch.recipe, '$.criteria') AS rule",
        "bound": "CAST(rule.value AS TEXT)",
    },
    "postgresql": {
        "metrics": "CAST(run.metrics AS json)",
        "params": "CAST(run.params AS json)",
        "recipe": "CAST(batch.recipe AS json)",
        "created_at": "to_timestamp({0}.created_us / 1000000.0)",
        "day": "(CAST(run.{0} AS date) - DATE '1970-01-01')",
        "n_pairs": "json_array_length(CAST(batch.recipe AS json) -> 'pairs')",
        "each_criterion": (
            "json_each_text(coalesce(CAST(batch.recipe AS json) -> 'criteria', '{}'::json)) AS rule(key, value)"
        ),
        "bound": "rule.value",
    },
}

# Trials lie in the lake as Parquet; of a batch the state knows how far it is and what its trials have in common.
_BATCHES: Final = """
SELECT batch.id AS batch_id, batch.status AS status, batch.n_trials AS n_trials,
       coalesce(sum(CASE WHEN chunk.status = 'completed' THEN chunk.n_trials END), 0) AS n_done,
       coalesce(sum(chunk.n_failed), 0) AS n_failed,
       coalesce(sum(CASE WHEN chunk.status = 'completed' THEN chunk.n_trials END), 0) * 1.0 / batch.n_trials
           AS progress_frac,
       batch.n_chunks AS n_chunks,
       coalesce(sum(CASE WHEN chunk.status = 'completed' THEN 1 END), 0) AS n_chunks_done,
       coalesce(sum(CASE WHEN chunk.status = 'running' THEN 1 END), 0) AS n_chunks_running,
       coalesce(max(chunk.attempt), 0) AS most_attempts,
       sum(chunk.wall_s) AS wall_s, sum(chunk.cpu_s) AS cpu_s,
       {n_pairs} AS n_models, {recipe} ->> 'code_version' AS code_version,
       batch.snapshot AS snapshot, {created_batch} AS created_at,
       batch.created_us AS created_us, batch.finished_us AS finished_us
FROM batch LEFT JOIN chunk ON chunk.batch_id = batch.id
GROUP BY batch.id, batch.status, batch.n_trials, batch.n_chunks, batch.recipe, batch.snapshot,
         batch.created_us, batch.finished_us
"""

# Every batch is judged by the deflated probability; further criteria are those that its recipe names.
_CRITERIA: Final = """
SELECT batch.id AS batch_id, 'min_deflated_sharpe_probability' AS criterion, '0.95' AS bound FROM batch
UNION ALL
SELECT batch.id AS batch_id, rule.key AS criterion, {bound} AS bound FROM batch CROSS JOIN {each_criterion}
"""

# Runs, best Sharpe ratio first. `n_configurations` counts what was ever tried on the sessions of a run: how much of
# its Sharpe ratio is selection needs a normal distribution, which `quantmill leaderboard` has.
_LEADERBOARD: Final = """
WITH named AS (
    SELECT run.*, {first_day} AS first_day, {last_day} AS last_day,
           CAST({metrics} ->> 'sharpe' AS DOUBLE PRECISION) AS sharpe FROM run
), stretch AS (
    SELECT DISTINCT symbol, first_day, last_day FROM named
), counted AS (
    SELECT stretch.symbol, stretch.first_day, stretch.last_day,
           count(DISTINCT trial_ledger.configuration) AS n_configurations
    FROM stretch LEFT JOIN trial_ledger ON trial_ledger.symbol = stretch.symbol
        AND trial_ledger.first_session <= stretch.last_day AND trial_ledger.last_session >= stretch.first_day
    GROUP BY stretch.symbol, stretch.first_day, stretch.last_day
)
SELECT row_number() OVER (
           ORDER BY CASE WHEN run.sharpe IS NULL THEN 1 ELSE 0 END, run.sharpe DESC, run.run_id
       ) AS rank,
       run.run_id AS run_id, run.symbol AS symbol, run.model_id AS model_id, run.model_name AS model_name,
       {params} ->> 'threshold' AS threshold, {params} ->> 'fill' AS fill, run.sharpe AS sharpe,
       {figures},
       run.n_sessions AS n_sessions, run.first_session AS first_session, run.last_session AS last_session,
       counted.n_configurations AS n_configurations, run.snapshot AS snapshot,
       CASE WHEN run.is_synthetic THEN 1 ELSE 0 END AS is_synthetic,
       run.created_us AS created_us, {created_run} AS created_at
FROM named AS run JOIN counted
    ON counted.symbol = run.symbol AND counted.first_day = run.first_day AND counted.last_day = run.last_day
"""
_FIGURES: Final = (
    "total_return_frac",
    "buy_hold_return_frac",
    "max_drawdown_frac",
    "n_trades",
    "win_rate_frac",
    "profit_factor",
    "exposure_frac",
    "hit_rate_frac",
)

VIEWS: Final[Mapping[str, str]] = MappingProxyType(
    {"batches": _BATCHES, "criteria": _CRITERIA, "leaderboard": _LEADERBOARD}
)


def create_views(connection: Connection) -> None:
    """Make every view; none may be there."""
    words = _words(_DIALECTS[connection.dialect.name])
    for name, query in VIEWS.items():
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {query.format_map(words)}")


def drop_views(connection: Connection) -> None:
    """Drop the views that are there; a table that a view reads cannot be changed under it."""
    found = set(inspect(connection).get_view_names())
    for name in VIEWS:
        if name in found:
            connection.exec_driver_sql(f"DROP VIEW {name}")


def _words(dialect: Mapping[str, str]) -> dict[str, str]:
    metrics = dialect["metrics"]
    figures = [
        f"CAST({metrics} ->> '{name}' AS {'BIGINT' if name.startswith('n_') else 'DOUBLE PRECISION'}) AS {name}"
        for name in _FIGURES
    ]
    return {
        **dialect,
        "created_batch": dialect["created_at"].format("batch"),
        "created_run": dialect["created_at"].format("run"),
        "first_day": dialect["day"].format("first_session"),
        "last_day": dialect["day"].format("last_session"),
        "figures": ",\n       ".join(figures),
    }
