"""Models of several algorithms on the command line: train, list, show, compare, delete, simulate."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from quantmill.state.tables.optimize import TRIAL_LEDGER
from tests.command_line import answer, command
from tests.databases import Databases
from tests.trained_home import fill_home, open_home

FEW = ("--param", "n_estimators=10")


@pytest.fixture(scope="module")
def home(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("home")
    with databases.named_in_environment(root) as place:
        fill_home(root, state=place).state.close()
        yield root


def test_a_classifier_is_trained_shown_and_traded(home: Path) -> None:
    trained = answer("train", "SPY", "--algorithm", "xgboost_classifier", *FEW, home=home)

    assert (trained["kind"], trained["algorithm"]) == ("direction", "xgboost_classifier")
    assert trained["metrics"]["walk_forward"]["roc_auc"] > 0.5
    shown = answer("models", "show", trained["model_id"], home=home)
    assert shown["algorithm_kind"] == "classifier"
    assert {row["kind"] for row in shown["importance"]} >= {"shap", "gain", "weight", "cover"}
    shares = {}
    for rule in ("p50", "p80", "p90", "p97"):
        run = answer("simulate", "--model", trained["model_id"], "--threshold", rule, home=home)
        shares[rule] = run["metrics"]["n_trades"] if "metrics" in run else run["n_trades"]
    assert shares["p50"] > shares["p97"]


def test_two_phases_say_what_was_dropped(home: Path) -> None:
    trained = answer("train", "SPY", "--two-phase", *FEW, home=home)

    assert trained["algorithm"] == "xgboost_regressor"
    assert trained["fit"]["n_survivors"] + len(trained["fit"]["dropped"]) == len(trained["features"])


def test_the_kind_of_target_must_be_one_the_algorithm_learns(home: Path) -> None:
    refused = command("train", "SPY", "--algorithm", "ridge", "--kind", "direction", home=home)

    assert refused.code == 2
    assert "ridge is a regressor and learns log_return" in refused.err


def test_help_lists_the_algorithms() -> None:
    told = " ".join(command("train", "--help").out.split())

    assert "lightgbm_classifier" in told.replace("│ │ ", "")


def test_models_are_compared_deleted_and_brought_back(home: Path) -> None:
    ridge = answer("train", "SPY", "--algorithm", "ridge", home=home)
    logistic = answer("train", "SPY", "--kind", "direction", home=home)
    ledger_before = n_ledger_rows(home)

    rows = answer("models", "compare", ridge["model_id"], logistic["model_id"], home=home)
    gone = answer("models", "delete", ridge["model_id"], home=home)

    assert [row["algorithm"] for row in rows] == ["ridge", "logistic"]
    assert rows[0]["ic"] == ridge["metrics"]["walk_forward"]["ic"]
    assert rows[1]["ic"] is None
    assert gone["model_ids"] == [ridge["model_id"]]
    assert ridge["model_id"] not in [row["model_id"] for row in answer("models", "list", home=home)]
    assert command("models", "show", ridge["model_id"], home=home).code != 0
    assert n_ledger_rows(home) == ledger_before
    again = answer("train", "SPY", "--algorithm", "ridge", home=home)
    assert not again["is_new"]
    assert answer("models", "show", ridge["model_id"], home=home)["model_id"] == ridge["model_id"]


def test_nothing_is_deleted_when_one_is_unknown(home: Path) -> None:
    lasso = answer("train", "SPY", "--algorithm", "lasso", home=home)

    assert command("models", "delete", lasso["model_id"], "m-zzzzzzzzzz", home=home).code != 0
    assert answer("models", "show", lasso["model_id"], home=home)["model_id"] == lasso["model_id"]


def n_ledger_rows(home: Path) -> int:
    state = open_home(home, state=os.environ.get("QUANTMILL_STATE_URL")).state
    with closing(state), state.read() as connection:
        return len(connection.execute(TRIAL_LEDGER.select()).all())
