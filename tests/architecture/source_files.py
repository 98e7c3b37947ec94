"""The package's source files, parsed once, and the files that belong to the repository."""

import ast
import subprocess
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "src" / "quantmill"
# Alembic makes the names and the shape of these files.
GENERATED = SOURCE / "state" / "migrations"


def source_paths() -> list[Path]:
    """Every module of the package."""
    return sorted(SOURCE.rglob("*.py"))


def name_of(path: Path) -> str:
    """Path of a file inside the repository, as tests show it."""
    return path.relative_to(REPOSITORY).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """Syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def repository_paths() -> list[Path]:
    """Files that are committed, or would be by `git add .`; skips outside a git checkout."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a git checkout: no list of tracked files")
    listed = subprocess.run(
        ["git", "-C", str(REPOSITORY), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    )
    paths = [REPOSITORY / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]
