"""The example package works as its README says: found by its entry point, and true to the contract."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from quantmill.config.settings import Settings
from quantmill.errors import ConfigError
from quantmill.providers.access import Access
from quantmill.providers.registry import ENTRY_POINT_GROUP, make_provider, provider_names

FOLDER = Path(__file__).parents[2] / "examples" / "quantmill-bars-example"


def test_its_own_tests_pass() -> None:
    environment = {**os.environ, "PYTHONPATH": str(FOLDER), "PYTEST_ADDOPTS": ""}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(FOLDER)],
        cwd=FOLDER,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "11 passed" in done.stdout


def test_its_entry_point_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = project["entry-points"][ENTRY_POINT_GROUP]
    installed = tmp_path / "quantmill_bars_example-0.1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    lines = [f"[{ENTRY_POINT_GROUP}]", *(f"{name} = {target}" for name, target in points.items())]
    (installed / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.delenv("ARCHIVE_URL", raising=False)
    access = Access(Settings())

    assert "archive" in provider_names()
    with pytest.raises(ConfigError, match="no server"):
        make_provider("archive", access)
    monkeypatch.setenv("ARCHIVE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ARCHIVE_KEY", "s3cret")
    assert make_provider("archive", access).name == "archive"
    access.close()
