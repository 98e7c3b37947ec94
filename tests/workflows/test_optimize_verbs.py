"""Batches as a person uses them: drawn, estimated, listed, paused, gone on with, and asked for wrongly."""

from pathlib import Path

import pytest

from tests.command_line import answer, command
from tests.trained_home import fill_home

DRAWN = ("--sample", "sobol", "--trials", "8", "--thresholds", "log:0.00001..0.001", "--gates", "none")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("optimize")
    fill_home(root).state.close()
    assert answer("optimize", "list", home=root) == []
    answer("train", "SPY", "--name", "one", "--param", "alpha=0.001", home=root)
    return root


def run(home: Path, *words: str) -> str:
    """The batch's id."""
    done = answer("optimize", "run", "--models", "one", *words, home=home)
    assert done["n_completed"] == done["n_trials"]
    return done["batch_id"]


def test_a_sample_is_estimated_run_listed_and_shown(home: Path) -> None:
    estimate = answer("optimize", "run", "--models", "one", *DRAWN, "--estimate", home=home)
    assert estimate["batch_id"] is None
    assert (estimate["n_trials"], estimate["models"][0]["symbol"]) == (8, "SPY")
    assert estimate["cpu_s_low"] < estimate["cpu_s_high"]
    assert answer("optimize", "list", home=home) == []

    batch = run(home, *DRAWN)

    assert [row["batch_id"] for row in answer("optimize", "list", home=home)] == [batch]
    shown = answer("optimize", "show", batch, home=home)
    assert (shown["status"], shown["n_done"], shown["remaining_s"]) == ("completed", 8, 0.0)
    assert shown["space"]["sample"]["kind"] == "sobol"
    assert shown["space"]["threshold"] == "log:1e-05..0.001"
    assert "8 drawn (sobol, seed 0)" in command("optimize", "show", batch, home=home).out
    again = command("optimize", "run", "--models", "one", *DRAWN, "--estimate", home=home).out
    assert f"batch {batch} has all of it" in again


def test_the_seed_names_a_sample_and_no_grid(home: Path) -> None:
    grid = ("--thresholds", "p50,0.0001:0.0003:0.0001", "--gates", "none")

    assert run(home, *DRAWN, "--seed", "1") != run(home, *DRAWN, "--seed", "2")
    assert run(home, *grid, "--seed", "1") == run(home, *grid, "--seed", "2")


def test_a_finished_batch_is_neither_paused_nor_repeated(home: Path) -> None:
    batch = run(home, *DRAWN)

    assert answer("optimize", "pause", batch, home=home)["status"] == "completed"
    assert "was run before" in answer("optimize", "resume", batch, home=home)["note"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["run", "--sample", "sobol"], 2, "--sample sobol without --trials"),
        (["run", "--trials", "5"], 2, "--trials 5 without --sample"),
        (["run", "--sample", "halton", "--trials", "5"], 2, "halton"),
        (["run", "--sample", "sobol", "--trials", "0"], 2, "--trials is '0'"),
        (["run", "--sample", "sobol", "--trials", "17", "--gates", "none"], 2, "have 16 distinct"),
        (["run", "--thresholds", "0.1..0.2"], 2, "has the range 0.1..0.2, and a grid needs a list"),
        (["run", "--thresholds", "0.2..0.1", "--sample", "random", "--trials", "2"], 2, "from 0.2 to 0.1"),
        (["run", "--thresholds", "p50,0.1..0.2", "--sample", "random", "--trials", "2"], 2, "has the range"),
        (["run", "--thresholds", "0.1:0.2:0"], 2, "by 0"),
        (["pause", "opt_nope"], 3, "no batch 'opt_nope'"),
        (["resume", "opt_nope"], 3, "no batch 'opt_nope'"),
        (["show", "opt_nope"], 3, "no batch 'opt_nope'"),
        (["resume"], 2, "BATCH"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_requests_are_told_what_is_wrong(home: Path, words: list[str], code: int, says: str) -> None:
    models = ["--models", "one"] if words[0] == "run" else []

    finished = command("optimize", *words, *models, home=home)

    assert finished.code == code, finished.err
    assert says in finished.err
    assert finished.out == ""
