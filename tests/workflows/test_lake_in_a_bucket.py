"""A home whose lake lies in a bucket, through the command line; its state in a file or on a PostgreSQL server."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantmill.testing.lakes import make_bars
from tests.command_line import answer, command
from tests.databases import Databases
from tests.s3_server import S3Server

N_BARS = 390


@pytest.fixture(scope="module")
def home(
    databases: Databases, s3: S3Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, str]]:
    """A home with bars and features of SPY, and its bucket."""
    home, bucket = tmp_path_factory.mktemp("home") / "home", s3.fresh()
    csv = home.parent / "SPY.csv"
    bars = make_bars("SPY", N_BARS)
    bars.select("symbol", "ts", "open", "high", "low", "close", "volume").write_csv(csv)
    with databases.named_in_environment(home), pytest.MonkeyPatch.context() as environment:
        for name, value in s3.environment(bucket).items():
            environment.setenv(name, value)
        answer("import", csv, home=home)
        answer("features", "build", "SPY", home=home)
        yield home, bucket


def objects(s3: S3Server, bucket: str) -> list[str]:
    return [found["Key"] for found in s3.client().list_objects_v2(Bucket=bucket)["Contents"]]


def test_files_lie_in_the_bucket_alone(home: tuple[Path, str], s3: S3Server) -> None:
    folder, bucket = home

    assert {key.split("/")[2] for key in objects(s3, bucket) if key.endswith(".parquet")} == {
        "bars",
        "features",
    }
    assert {path.name for path in (folder / "lake").iterdir()} == {"_views"}


def test_verbs_answer_from_it(home: tuple[Path, str]) -> None:
    folder, _ = home

    assert answer("sql", "SELECT count(*) AS n, max(close) AS high FROM bars", home=folder) == [
        {"n": N_BARS, "high": 103.89}
    ]
    assert answer("sql", "SELECT count(rsi_14) > 300 AS ok FROM features", home=folder) == [{"ok": True}]
    assert answer("symbols", home=folder)[0]["rows"] == N_BARS
    assert len(answer("bars", "SPY", "--limit", "5", home=folder)) == 5
    assert answer("verify", "lake", home=folder)["ok"]


def test_a_second_import_changes_nothing(home: tuple[Path, str], s3: S3Server) -> None:
    folder, bucket = home
    before = objects(s3, bucket)

    again = answer("import", folder.parent / "SPY.csv", home=folder)

    assert again["rows_existing"] == N_BARS
    assert objects(s3, bucket) == before


def test_a_cleared_cache_costs_nothing_but_time(home: tuple[Path, str]) -> None:
    folder, _ = home
    shutil.rmtree(folder / "cache" / "lake")

    assert answer("sql", "SELECT count(*) AS n FROM bars", home=folder) == [{"n": N_BARS}]


def test_a_wrong_address_is_one_clear_line(home: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, bucket = home
    shutil.rmtree(folder / "cache" / "lake")
    monkeypatch.setenv("QUANTMILL_LAKE_URL", f"s3://{bucket}-none/my/lake")

    failed = command("bars", "SPY", home=folder)

    assert failed.code == 1
    assert failed.err.splitlines()[0].endswith(f"has no bucket {bucket}-none")
    assert "Traceback" not in failed.err
