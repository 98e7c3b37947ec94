"""What an installed quantmill consists of."""

import ast
import re
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest
from hatchling.build import build_wheel

from tests.architecture.source_files import REPOSITORY, SOURCE, name_of, source_paths, tree_of

# Halves of one release: whoever requires the one has the other.
PARTS = {"pydantic-core": "pydantic"}
# Modules that only those import who installed the extra.
EXTRAS = {
    "src/quantmill/testing/": "testing",
    "src/quantmill/lake/export/delta_table.py": "export",
    "src/quantmill/lake/export/iceberg_table.py": "export",
    "src/quantmill/lake/objects.py": "s3",
}


def test_wheel_holds_every_source_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    written = {
        path.relative_to(SOURCE.parent).as_posix()
        for path in SOURCE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    names = set(zipfile.ZipFile(tmp_path / build_wheel(str(tmp_path))).namelist())

    assert written - names == set(), "in the source, but not in the wheel"
    assert "quantmill/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_every_dependency_is_constrained() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    pinned = {
        _normal(line.partition("==")[0])
        for line in (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    }

    needed = {_normal(re.split(r"[\[<>=]", requirement)[0]) for requirement in requirements}

    assert needed - pinned == set()


def test_every_import_is_a_declared_dependency() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = _names(project["dependencies"])
    extras = {place: _names(project["optional-dependencies"][name]) for place, name in EXTRAS.items()}
    distributions = packages_distributions()

    undeclared = {
        f"{name_of(path)} imports {module}"
        for path in source_paths()
        for module in _imported_roots(path) - sys.stdlib_module_names - {"quantmill"}
        if not declared.union(*(names for place, names in extras.items() if name_of(path).startswith(place)))
        & {PARTS.get(name, name) for name in map(_normal, distributions.get(module, []))}
    }

    assert undeclared == set()


def _names(requirements: list[str]) -> set[str]:
    return {_normal(re.split(r"[\[<>=]", requirement)[0]) for requirement in requirements}


def _imported_roots(path: Path) -> set[str]:
    nodes = list(ast.walk(tree_of(path)))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    froms = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name.partition(".")[0] for name in plain | froms}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
