"""Views over the state: what they say of batches, criteria and runs written by hand."""

import json
from typing import Any

from sqlalchemy import Connection, insert, text

from quantmill.evaluation.sharpe import SIGNIFICANCE
from quantmill.state.engine import State
from quantmill.state.tables.optimize import BATCH, CHUNK, TRIAL_LEDGER
from quantmill.state.tables.runs import RUN
from quantmill.state.views import VIEWS, create_views, drop_views


def put_batch(connection: Connection, batch_id: str, recipe: dict[str, Any]) -> None:
    row = {
        "id": batch_id,
        "recipe_digest": "d",
        "recipe": json.dumps(recipe),
        "status": "running",
        "n_trials": 100,
        "n_chunks": 3,
        "snapshot": 7,
        "created_us": 1_795_614_890_000_000,
    }
    connection.execute(insert(BATCH).values(**row))


def put_chunk(connection: Connection, batch_id: str, chunk: int, n_trials: int, **values: object) -> None:
    row = {
        "batch_id": batch_id,
        "chunk": chunk,
        "first_trial": 0,
        "n_trials": n_trials,
        "attempt": 1,
        **values,
    }
    connection.execute(insert(CHUNK).values(**row))


def put_run(connection: Connection, run_id: str, sharpe: float | None, **values: object) -> None:
    row = {
        "run_id": run_id,
        "symbol": "SPY",
        "source": "model",
        "model_name": "m",
        "params": json.dumps({"threshold": "p90", "fill": "close"}),
        "metrics": json.dumps({"sharpe": sharpe, "n_trades": 12, "total_return_frac": 0.5}),
        "null_reasons": "{}",
        "labels": "{}",
        "counts": "{}",
        "snapshot": 1,
        "input_digest": "d",
        "code_version": "1",
        "is_synthetic": True,
        "n_sessions": 2,
        "first_session": "2024-01-02",
        "last_session": "2024-01-03",
        "created_us": 1_000_000,
        **values,
    }
    connection.execute(insert(RUN).values(**row))


def rows(state: State, query: str) -> list[dict[str, Any]]:
    with state.read() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


def test_a_batch_shows_how_far_it_is(state: State) -> None:
    with state.write() as connection:
        put_batch(connection, "opt_1", {"pairs": [["m-1", "SPY"], ["m-2", "QQQ"]], "code_version": "0.1"})
        put_chunk(connection, "opt_1", 0, 40, status="completed", n_failed=3, wall_s=2.0, cpu_s=1.0)
        put_chunk(connection, "opt_1", 1, 40, status="running")
        put_chunk(connection, "opt_1", 2, 20, status="pending")

    (batch,) = rows(state, "SELECT * FROM batches")

    # 40 of 100 trials lie in completed chunks.
    assert {name: batch[name] for name in ("n_done", "n_failed", "n_chunks_done", "n_chunks_running")} == {
        "n_done": 40,
        "n_failed": 3,
        "n_chunks_done": 1,
        "n_chunks_running": 1,
    }
    assert float(batch["progress_frac"]) == 0.4
    assert (batch["n_models"], batch["code_version"], batch["wall_s"]) == (2, "0.1", 2.0)
    # 1,795,614,890 s after 1970 is 2026-11-25 13:54:50 UTC.
    assert str(batch["created_at"]).replace(" ", "T").startswith("2026-11-25T13:54:50")


def test_a_batch_without_chunks_has_done_nothing(state: State) -> None:
    with state.write() as connection:
        put_batch(connection, "opt_1", {"pairs": []})

    (batch,) = rows(state, "SELECT n_done, n_failed, most_attempts FROM batches")

    assert set(batch.values()) == {0}


def test_criteria_are_the_one_of_all_batches_and_those_of_the_recipe(state: State) -> None:
    with state.write() as connection:
        put_batch(connection, "opt_1", {"pairs": []})
        put_batch(connection, "opt_2", {"pairs": [], "criteria": {"min_sharpe": 1.5}})

    found = {
        (row["batch_id"], row["criterion"]): float(row["bound"])
        for row in rows(state, "SELECT * FROM criteria")
    }

    assert found == {
        ("opt_1", "min_deflated_sharpe_probability"): SIGNIFICANCE,
        ("opt_2", "min_deflated_sharpe_probability"): SIGNIFICANCE,
        ("opt_2", "min_sharpe"): 1.5,
    }


def test_runs_are_ranked_and_say_how_much_was_tried_on_their_sessions(state: State) -> None:
    with state.write() as connection:
        put_run(connection, "r-low", 0.5)
        put_run(connection, "r-none", None)
        put_run(connection, "r-high", 2.0, symbol="QQQ")
        # 2024-01-02 is day 19,724. Two configurations touch the runs on SPY, one twice; one ends the day before.
        for first, last, configuration in (
            (19_700, 19_724, 1),
            (19_725, 19_800, 1),
            (19_725, 19_725, 2),
            (1, 19_723, 3),
        ):
            row = {
                "symbol": "SPY",
                "first_session": first,
                "last_session": last,
                "configuration": configuration,
            }
            connection.execute(insert(TRIAL_LEDGER).values(**row, recorded_us=1))

    found = rows(state, "SELECT * FROM leaderboard ORDER BY rank")

    assert [(row["rank"], row["run_id"], row["n_configurations"]) for row in found] == [
        (1, "r-high", 0),
        (2, "r-low", 2),
        (3, "r-none", 2),
    ]
    assert (found[0]["sharpe"], found[0]["n_trades"], found[0]["total_return_frac"]) == (2.0, 12, 0.5)
    assert (found[0]["threshold"], found[0]["is_synthetic"]) == ("p90", 1)


def test_views_can_be_dropped_and_made_again(state: State) -> None:
    with state.write() as connection:
        drop_views(connection)
        drop_views(connection)
        create_views(connection)

    assert [rows(state, f"SELECT * FROM {name}") for name in VIEWS] == [[], [], []]
