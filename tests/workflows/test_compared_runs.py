"""All models simulated at once, and their runs side by side, on the command line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import update

from quantmill.state.tables.models import MODEL
from tests.command_line import answer, command
from tests.databases import Databases
from tests.trained_home import fill_home, open_home

SYMBOLS = ("SPY", "QQQ")


@pytest.fixture(scope="module")
def home(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("home")
    with databases.named_in_environment(root) as place:
        fill_home(root, SYMBOLS, n_sessions=40, state=place).state.close()
        for symbol in SYMBOLS:
            for alpha in ("0.001", "10"):
                words = ("--algorithm", "ridge", "--name", f"ridge {alpha}", "--param", f"alpha={alpha}")
                answer("train", symbol, *words, home=root)
        answer("train", "SPY", "--algorithm", "ridge", "--name", "slow", home=root)
        opened = open_home(root, state=place)
        with opened.state.write() as connection:
            connection.execute(update(MODEL).where(MODEL.c.name == "slow").values(interval="5m"))
        opened.state.close()
        yield root


@pytest.fixture(scope="module")
def rows(home: Path) -> list[dict[str, Any]]:
    return answer("simulate", "--all-models", "--threshold", "p50", home=home)


def test_every_model_has_a_run_and_failures_come_last(rows: list[dict[str, Any]]) -> None:
    done, failed = rows[:-1], rows[-1]

    assert [row["rank"] for row in rows] == [1, 2, 3, 4, None]
    assert {(row["symbol"], row["model_name"]) for row in done} == {
        (symbol, name) for symbol in SYMBOLS for name in ("ridge 0.001", "ridge 10")
    }
    keys = [(row["sharpe"], row["total_return_frac"]) for row in done]
    assert keys == sorted(keys, reverse=True)
    assert {row["status"] for row in done} == {"completed"}
    assert all(row["is_new"] and "few_sessions" in row["warnings"] for row in done)
    assert (failed["status"], failed["model_name"], failed["run_id"]) == ("failed", "slow", None)
    assert "of 5m bars" in failed["error"]


def test_each_run_is_kept_and_counted_in_the_ledger(rows: list[dict[str, Any]], home: Path) -> None:
    kept = {run["run_id"] for run in answer("runs", "list", home=home)}

    assert {row["run_id"] for row in rows[:-1]} <= kept
    # Two models on each of two symbols; the fifth was never simulated.
    assert {row["n_trials"] for row in rows[:-1]} == {4}


def test_nothing_is_repeated_and_one_symbol_can_be_asked_for(rows: list[dict[str, Any]], home: Path) -> None:
    again = answer("simulate", "--all-models", "--symbol", "QQQ", "--threshold", "p50", home=home)

    assert [row["is_new"] for row in again] == [False, False]
    assert {row["run_id"] for row in again} == {row["run_id"] for row in rows if row["symbol"] == "QQQ"}
    # Deflated by what was tried on this symbol alone.
    assert {row["n_trials"] for row in again} == {2}


def test_a_model_alone_gives_the_run_that_all_models_gave(rows: list[dict[str, Any]], home: Path) -> None:
    row = rows[0]

    alone = answer("simulate", "--model", row["model_id"], "--threshold", "p50", home=home)

    assert (alone["run_id"], alone["is_new"], alone["sharpe"]) == (row["run_id"], False, row["sharpe"])
    warnings = [one["name"] for one in alone["findings"] if one["severity"] == "warning"]
    assert "few_sessions" in warnings
    assert alone["significance"]["probabilistic_sharpe"] is None
    assert "rests on 18 sessions" in alone["significance"]["null_reason"]


def test_what_cannot_be_asked_for_says_why(home: Path) -> None:
    no_model = command("simulate", "--all-models", "--symbol", "IWM", home=home)
    both = command("simulate", "--all-models", "--model", "slow", home=home)
    failing = command("simulate", "--all-models", "--regime", "gmm:0", home=home)

    assert (no_model.code, both.code, failing.code) == (3, 2, 1)
    assert "there is no model of IWM" in no_model.err
    assert "exactly one of them" in both.err
    assert "0 of 5 models simulated" in failing.out
    assert "failed: ridge 10 of QQQ" in failing.out


def test_compared_runs_show_what_differs(rows: list[dict[str, Any]], home: Path) -> None:
    first, second = (row["run_id"] for row in rows[:-1] if row["symbol"] == "SPY")

    one, other = answer("runs", "compare", first, second, home=home)
    everything = answer("runs", "compare", first, second, "--all", home=home)

    assert (one["run_id"], other["run_id"]) == (first, second)
    assert one["model_name"] != other["model_name"]
    assert "threshold" not in one, "it is the same"
    assert everything[0]["threshold"] == "p50"
    assert everything[0]["sortino"] is not None
    assert one["not_comparable"] == []
    by_id = {row["run_id"]: row for row in rows}
    assert (one["sharpe"], other["n_trades"]) == (by_id[first]["sharpe"], by_id[second]["n_trades"])
    assert {"few_sessions", "not_significant"} <= {finding["name"] for finding in one["findings"]}


def test_runs_on_other_symbols_or_sessions_are_said_not_to_compare(
    rows: list[dict[str, Any]], home: Path
) -> None:
    by_symbol = {row["symbol"]: row["run_id"] for row in rows[:-1]}
    start = next(row["last_session"] for row in rows if row["symbol"] == "SPY")
    short = answer("simulate", "--model", "ridge 10", "--symbol", "SPY", "--start", start, home=home)

    symbols = command("runs", "compare", by_symbol["SPY"], by_symbol["QQQ"], home=home)
    sessions = command("runs", "compare", by_symbol["SPY"], short["run_id"], home=home)

    assert "warning: the runs trade different symbols" in symbols.out
    assert "warning: the runs rest on different sessions" in sessions.out


def test_a_comparison_is_drawn_and_written(rows: list[dict[str, Any]], home: Path, tmp_path: Path) -> None:
    ids = [row["run_id"] for row in rows[:-1]]

    done = command(
        "runs", "compare", *ids, "--picture", tmp_path / "a.svg", "--out", tmp_path / "a.csv", home=home
    )

    assert done.code == 0
    assert (tmp_path / "a.svg").read_text(encoding="utf-8").startswith("<?xml")
    written = pl.read_csv(tmp_path / "a.csv", infer_schema=False)
    assert written.columns == ["name", *ids]
    sharpe = written.row(by_predicate=pl.col("name") == "sharpe")
    assert [float(value) for value in sharpe[1:]] == [row["sharpe"] for row in rows[:-1]]


@pytest.mark.parametrize(
    ("ids", "code", "told"),
    [
        (["r-none"], 2, "1 run is given; at least two"),
        (["r-none", "r-none"], 2, "run r-none is given twice"),
        (["r-none", "r-nothing"], 3, "no run 'r-none'"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(ids: list[str], code: int, told: str, home: Path) -> None:
    refused = command("runs", "compare", *ids, home=home)

    assert refused.code == code
    assert told in refused.err
