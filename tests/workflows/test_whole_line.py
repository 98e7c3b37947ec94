"""The whole line on a small synthetic market, through the command line and through Python: the same results."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import quantmill
from quantmill.verbs.json_form import json_of
from tests.command_line import answer, command
from tests.databases import Databases

SYMBOLS = ("SPY", "QQQ")
MODELS = {"trend": "ema_9_dist,ema_26_dist,roc_15", "reversion": "bb_pct,dist_vwap,return_z_score_20"}
SPAN = {"start": "2023-01-03", "end": "2023-03-16"}
# Ids carry the moment or count what ran before; everything else must agree.
OF_THE_MOMENT = {
    "batch_id",
    "created_at",
    "created_us",
    "wall_s",
    "cpu_s",
    "home",
    "artifact",
    "sha256",
    "snapshot",
}


@pytest.fixture(scope="module")
def by_command(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    home = tmp_path_factory.mktemp("command") / "home"
    with databases.named_in_environment(home):
        yield run_commands(home)


def run_commands(home: Path) -> dict[str, Any]:
    done: dict[str, Any] = {"home": home}
    span = ["--start", SPAN["start"], "--end", SPAN["end"]]
    done["ingest"] = answer("ingest", *SYMBOLS, *span, "--planted", "0.15", home=home)
    done["features"] = answer("features", "build", home=home)
    done["train"] = [
        answer("train", symbol, "--name", name, "--include", columns, "--param", "alpha=0.005", home=home)
        for symbol in SYMBOLS
        for name, columns in MODELS.items()
    ]
    done["optimize"] = answer(
        "optimize", "run", "--models", "trend,reversion", "--symbols", ",".join(SYMBOLS), home=home
    )
    done["leaderboard"] = answer("leaderboard", home=home)
    done["simulate"] = answer(
        "simulate", "--model", "trend", "--symbol", "SPY", "--threshold", "p80", "--z-filter", home=home
    )
    return done


@pytest.fixture(scope="module")
def by_python(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    done: dict[str, Any] = {}
    home = tmp_path_factory.mktemp("python") / "home"
    with databases.named_in_environment(home), quantmill.open(home) as mill:
        done["ingest"] = mill.ingest(*SYMBOLS, **SPAN, planted=0.15)
        done["features"] = mill.features.build()
        done["train"] = [
            mill.train(symbol, name=name, include=columns, params={"alpha": 0.005})
            for symbol in SYMBOLS
            for name, columns in MODELS.items()
        ]
        done["optimize"] = mill.optimize.run(models=list(MODELS), symbols=SYMBOLS)
        done["leaderboard"] = mill.leaderboard()
        done["simulate"] = mill.simulate(model="trend", symbol="SPY", threshold="p80", z_filter=True)
    return {name: json_of(result) for name, result in done.items()}


def test_each_step_has_its_documented_keys(by_command: dict[str, Any]) -> None:
    needed = {
        "ingest": "rows_read rows_stored rows_existing rows_quarantined quarantine_reasons symbols sessions snapshot",
        "features": "feature_set version symbols rows columns sessions_built sessions_reused",
        "optimize": "batch_id n_trials n_completed n_failed wall_s cpu_s",
    }
    row = (
        "rank symbol model_id model_name threshold z_score_check volatility_normalization use_bot regime_col "
        "allowed_regimes initial_cash_usd fill fee_usd badges final_equity_usd total_return_frac buy_hold_return_frac "
        "sharpe sortino calmar max_drawdown_frac n_trades win_rate_frac profit_factor hit_rate_frac exposure_frac "
        "fees_usd deflated_sharpe_probability"
    )

    for step, keys in needed.items():
        assert set(keys.split()) <= set(by_command[step])
    assert {"model_id", "algorithm", "n_train", "n_test", "n_purged", "features", "metrics"} <= set(
        by_command["train"][0]
    )
    assert set(row.split()) <= set(by_command["leaderboard"][0])
    of_run = set(row.split()) - {"rank", "badges", "deflated_sharpe_probability"}
    assert of_run | {"run_id", "snapshot", "feature_version"} <= set(by_command["simulate"])


def test_counts_are_those_of_the_market(by_command: dict[str, Any]) -> None:
    # 50 sessions from 2023-01-03 to 2023-03-15, all of 390 minutes.
    assert by_command["ingest"]["rows_stored"] == 2 * 50 * 390
    assert by_command["features"]["rows"] == 2 * 50 * 390
    # 2 models × 2 symbols × 4 thresholds × z × vol × 5 gates: none, and the four states of regime_vix. The mixture is
    # fitted at the first session of a month with 42 sessions before it: January and February have 39.
    assert by_command["optimize"]["n_trials"] == by_command["optimize"]["n_completed"] == 320
    assert "4 of 9 gates left out: regime_gmm has no values" in by_command["optimize"]["note"]
    assert [row["rank"] for row in by_command["leaderboard"]] == list(range(1, 321))


@pytest.mark.parametrize("step", ["ingest", "features", "train", "leaderboard", "simulate"])
def test_python_gives_what_the_command_gives(
    step: str, by_command: dict[str, Any], by_python: dict[str, Any]
) -> None:
    assert _lasting(by_python[step]) == _lasting(by_command[step])


def test_a_run_alone_has_the_figures_of_its_leaderboard_row(by_command: dict[str, Any]) -> None:
    run = by_command["simulate"]
    row = next(
        row
        for row in by_command["leaderboard"]
        if (row["model_name"], row["symbol"], row["threshold_rule"]) == ("trend", "SPY", "p80")
        and row["z_score_check"]
        and not row["volatility_normalization"]
        and row["regime_col"] is None
    )

    shared = [
        name for name in run if name in row and name not in OF_THE_MOMENT | {"threshold", "null_reasons"}
    ]
    assert len(shared) > 40
    assert {name: run[name] for name in shared} == {name: row[name] for name in shared}


def test_a_gated_run_alone_has_the_figures_of_its_leaderboard_row(by_command: dict[str, Any]) -> None:
    home = by_command["home"]
    row = max(
        (row for row in by_command["leaderboard"] if row["allowed_regimes"] == "3"),
        key=lambda row: row["n_trades"],
    )
    filters = [
        *(["--z-filter"] if row["z_score_check"] else []),
        *(["--vol-normalize"] if row["volatility_normalization"] else []),
    ]
    words = ["--model", row["model_id"], "--threshold", row["threshold_rule"], *filters]

    gated = answer("simulate", *words, "--regime", "vix:3", home=home)
    shown = command("simulate", *words, "--regime", "vix:3", home=home).out

    assert row["n_trades"] > 0
    shared = [
        name for name in gated if name in row and name not in OF_THE_MOMENT | {"threshold", "null_reasons"}
    ]
    assert {name: gated[name] for name in shared} == {name: row[name] for name in shared}
    assert (gated["run_id"], gated["regime_col"]) == (row["run_id"], "regime_vix")
    assert gated["trials_on_these_sessions"] == 160
    assert gated["counts"]["closed_by_gate"] > 0
    assert "break-even cost" in shown
    assert "gates: of" in shown
    trades = answer("runs", "show", gated["run_id"], "--trades", home=home)["trades"]
    assert len(trades) in (row["n_trades"], row["n_trades"] + 1)


def test_feature_gates_veto_or_close(by_command: dict[str, Any]) -> None:
    home = by_command["home"]
    words = ["simulate", "--model", "trend", "--symbol", "SPY", "--threshold", "p50"]

    veto = answer(*words, "--gate", "rsi_14<70", "--gate", "roc_15>-1", home=home)
    closing = answer(*words, "--gate-exit", "rsi_14<70", home=home)

    assert veto["feature_gates"] == "roc_15>-1;rsi_14<70"
    assert veto["counts"]["held_by_gate"] > 0 == veto["counts"]["closed_by_gate"]
    assert closing["feature_gates"] == "exit rsi_14<70"
    assert closing["counts"]["closed_by_gate"] > 0 == closing["counts"]["held_by_gate"]
    assert closing["exposure_frac"] < veto["exposure_frac"]


def test_gates_that_cannot_be_used_say_why(by_command: dict[str, Any]) -> None:
    home = by_command["home"]
    words = ["simulate", "--model", "trend", "--symbol", "SPY"]

    nowhere = command(*words, "--regime", "gmm:0,1", home=home)
    unknown = command(*words, "--gate", "rsi_15<70", home=home)
    state = command(*words, "--regime", "vix:4", home=home)
    grid = command("optimize", "run", "--models", "trend", "--gates", "rsi_15<70", home=home)

    assert (nowhere.code, unknown.code, state.code, grid.code) == (3, 3, 2, 3)
    assert "needs 42 sessions of QQQ" in nowhere.err
    assert "rsi_14" in unknown.err
    assert "0 to 3" in state.err
    assert "rsi_14" in grid.err


def test_a_run_of_a_trial_adds_nothing_to_the_ledger(by_command: dict[str, Any]) -> None:
    # The grid tried 2 × 16 × 5 configurations on SPY; the run is one of them.
    assert by_command["simulate"]["trials_on_these_sessions"] == 160


def test_nothing_is_repeated(by_command: dict[str, Any]) -> None:
    home = by_command["home"]

    trained = answer(
        "train", "SPY", "--name", "trend", "--include", MODELS["trend"], "--param", "alpha=0.005", home=home
    )
    batch = answer(
        "optimize", "run", "--models", "trend,reversion", "--symbols", ",".join(SYMBOLS), home=home
    )
    built = answer("features", "build", home=home)

    assert (trained["is_new"], trained["model_id"]) == (False, by_command["train"][0]["model_id"])
    assert batch["batch_id"] == by_command["optimize"]["batch_id"]
    assert (built["sessions_built"], built["sessions_reused"]) == (0, 100)


def test_every_view_shows_what_was_made(by_command: dict[str, Any], tmp_path: Path) -> None:
    home = by_command["home"]
    run_id = by_command["simulate"]["run_id"]

    assert {row["name"] for row in answer("models", "list", home=home)} == set(MODELS)
    assert answer("models", "show", "trend", "--symbol", "SPY", home=home)["model_id"].startswith("m-")
    assert answer("runs", "list", home=home)[0]["run_id"] == run_id, "oldest first"
    assert answer("runs", "show", run_id, "--rows", "trades", home=home)["trades"]
    assert answer("sql", "SELECT count(*) AS n FROM trials", home=home) == [{"n": 320}]
    assert answer("sql", "SELECT name FROM models ORDER BY model_id", home=home)
    assert (
        answer("features", "show", "SPY", "--columns", "rsi_14", "--limit", "2", home=home)[0]["symbol"]
        == "SPY"
    )
    assert answer("features", "list", "--stored", home=home)[0]["symbols"] == ["QQQ", "SPY"]
    assert answer("gaps", home=home)["gaps"] == []
    assert answer("verify", "lake", home=home)["ok"]
    for words in (["leaderboard"], ["runs", "show", run_id], ["models", "show", "trend", "--symbol", "SPY"]):
        shown = command(*words, home=home)
        assert shown.code == 0
        assert "synthetic" in shown.out


def _lasting(value: object) -> object:
    if isinstance(value, list):
        return [_lasting(item) for item in value]
    if isinstance(value, dict):
        return {name: _lasting(item) for name, item in value.items() if name not in OF_THE_MOMENT}
    return value
