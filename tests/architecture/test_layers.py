"""The declarations of pyproject.toml and the map against the folders they speak of."""

import subprocess
import sys
import tomllib

from tests.architecture.source_files import REPOSITORY, SOURCE


def test_every_provider_folder_is_declared_independent() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    declared = next(contract["modules"] for contract in contracts if contract["type"] == "independence")

    folders = {f"quantmill.providers.{path.parent.name}" for path in SOURCE.glob("providers/*/__init__.py")}

    # The client of HTTP serves all of them.
    assert folders - set(declared) == {"quantmill.providers.http"}


def test_map_is_current() -> None:
    finished = subprocess.run(
        [sys.executable, str(REPOSITORY / "tools" / "map.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 0, finished.stderr
