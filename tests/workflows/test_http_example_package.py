"""The example package works as an installed one: found by its entry point, held to the contract, listed."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "quantmill-http-example"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables under which Python sees the package as if it were installed: its source and its metadata."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    site = tmp_path_factory.mktemp("site")
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", encoding="utf-8"
    )
    lines = [
        line
        for group, points in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {place}" for name, place in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    path = os.pathsep.join([str(site), str(EXAMPLE / "src"), *filter(None, sys.path)])
    return {**os.environ, "PYTHONPATH": path}


def test_its_own_tests_pass(environment: dict[str, str], tmp_path: Path) -> None:
    # From another folder and with its own root, so that nothing of this repository's tests is in force.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(EXAMPLE)]

    done = subprocess.run(
        [*command, "-c", os.devnull, str(EXAMPLE / "tests")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    # The nine promises of the contract and one test of its own.
    assert "10 passed" in done.stdout


def test_it_is_listed_with_its_reason(environment: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "quantmill.cli", "providers", "list", "--json"]

    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)

    (row,) = [row for row in json.loads(done.stdout) if row["provider"] == "example"]
    assert row["usable"] is False
    assert "EXAMPLE_BARS_URL" in row["reason"]
