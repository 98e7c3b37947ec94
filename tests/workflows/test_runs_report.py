"""The tear sheet of a run through the command line, from Python and over REST."""

from pathlib import Path

import polars as pl
import pytest
from fastapi.testclient import TestClient

from quantmill.verbs.mill import Mill
from quantmill.web.application import create_app
from tests.command_line import answer, command
from tests.trained_home import bouncing_bars, open_home


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home with one run on predictions that know the next bar too well, and its id."""
    root = tmp_path_factory.mktemp("reported")
    (root / "home").mkdir()
    home = open_home(root / "home")
    bars = bouncing_bars("SPY", n_sessions=25, bars_per_session=60)
    home.lake.write("bars", bars)
    home.state.close()
    path = root / "knowing.parquet"
    change = (pl.col("close").shift(-1) / pl.col("close")).log()
    bars.select("ts", prediction=change.fill_null(0.0)).write_parquet(path)
    words = ("simulate", "--predictions", path, "--symbol", "SPY", "--threshold", "0.0002")
    return root / "home", answer(*words, home=root / "home")["run_id"]


def test_the_page_is_written_where_it_is_asked_for(run: tuple[Path, str], tmp_path: Path) -> None:
    home, run_id = run
    page, figure = tmp_path / "page.html", tmp_path / "page.svg"

    finished = command("runs", "report", run_id, "--out", page, "--picture", figure, home=home)

    assert finished.code == 0, finished.err
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert text.count("<svg") == 5
    assert "external predictions: nothing is known about what they have seen" in text.lower()
    assert f"written to {page}" in finished.out
    assert figure.read_bytes().startswith(b"<?xml")


def test_without_a_name_the_page_is_that_of_the_run(
    run: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, run_id = run
    monkeypatch.chdir(tmp_path)

    finished = command("runs", "report", run_id, home=home)

    assert finished.code == 0, finished.err
    assert [path.name for path in tmp_path.iterdir()] == [f"{run_id}.html"]


def test_json_and_tables_hold_the_returns_by_month(run: tuple[Path, str], tmp_path: Path) -> None:
    home, run_id = run
    rows = tmp_path / "months.csv"

    document = answer("runs", "report", run_id, "--out", rows, home=home)

    grown = 1.0
    for month in document["months"]:
        grown *= 1.0 + month["return_frac"]
    assert grown - 1.0 == pytest.approx(document["total_return_frac"])
    assert pl.read_csv(rows).height == len(document["months"])


def test_hits_bar_by_bar_add_up_to_the_metric(run: tuple[Path, str]) -> None:
    home, run_id = run

    equity = answer("runs", "show", run_id, "--rows", "equity", home=home)

    hits = [row["is_hit"] for row in equity["equity"] if row["is_hit"] is not None]
    assert len(hits) == equity["n_hit_bars"] > 100
    assert sum(hits) / len(hits) == pytest.approx(equity["hit_rate_frac"])


def test_python_and_rest_give_the_same_page(run: tuple[Path, str], tmp_path: Path) -> None:
    home, run_id = run
    with Mill.existing(home) as mill:
        reported = mill.runs.report(run_id)
        saved = reported.save(tmp_path / "page.html").read_text(encoding="utf-8")
    with TestClient(
        create_app(home), base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50_000)
    ) as client:
        served = client.get(f"/api/runs/report/{run_id}")
        unknown = client.get("/api/runs/report/r-none")
        described = client.get("/api/openapi.json").json()

    assert served.status_code == 200
    assert served.headers["content-type"] == "text/html; charset=utf-8"
    assert "style-src 'unsafe-inline'" in served.headers["content-security-policy"]
    assert served.text == saved == reported.html
    assert unknown.status_code == 404
    answers = described["paths"]["/api/runs/report/{run_id}"]["get"]["responses"]
    assert list(answers["200"]["content"]) == ["text/html"]


def test_a_page_that_cannot_be_written_says_why(
    run: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, run_id = run
    (tmp_path / f"{run_id}.html").mkdir()
    monkeypatch.chdir(tmp_path)

    finished = command("runs", "report", run_id, home=home)

    assert finished.code == 2
    assert f"{run_id}.html cannot be written: Is a directory" in finished.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("r-none",), "no run 'r-none'"),
        (("r-none", "--out", "page.pdf"), "must end in .html"),
        (("r-none", "--out", "nowhere/page.html"), "there is no folder nowhere"),
        ((), "Missing argument"),
    ],
)
def test_what_cannot_be_reported_says_why(run: tuple[Path, str], words: tuple[str, ...], said: str) -> None:
    finished = command("runs", "report", *words, home=run[0])

    assert finished.code != 0
    assert said in finished.err
