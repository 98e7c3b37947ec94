"""Rules of shape for every module of the package."""

import ast
from pathlib import Path

import pytest

from tests.architecture.source_files import GENERATED, SOURCE, name_of, source_paths, tree_of

MAX_LINES = 400
FORBIDDEN_NAMES = {"utils", "helpers", "common", "base", "manager"}
CLOCK = SOURCE / "core" / "clock.py"
# Calls that read the wall clock; `time.perf_counter` and `monotonic` measure a duration and are allowed.
CLOCK_CALLS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}

every_module = pytest.mark.parametrize("path", source_paths(), ids=name_of)


@every_module
def test_first_line_is_a_charter(path: Path) -> None:
    first_line = path.read_text(encoding="utf-8").partition("\n")[0]

    assert first_line.startswith('"""'), f"{name_of(path)}: line 1 must be the module's charter"
    assert first_line.rstrip('"').endswith("."), f"{name_of(path)}: the charter ends in a full stop"


@every_module
def test_file_is_short(path: Path) -> None:
    n_lines = len(path.read_text(encoding="utf-8").splitlines())

    assert n_lines <= MAX_LINES, f"{name_of(path)} has {n_lines} lines, at most {MAX_LINES}: split it by idea"


@every_module
def test_file_name_says_what_is_inside(path: Path) -> None:
    names = {part.removesuffix(".py") for part in path.relative_to(SOURCE).parts}

    assert not names & FORBIDDEN_NAMES


@every_module
def test_all_is_complete(path: Path) -> None:
    tree = tree_of(path)
    exported = _exported_names(tree)
    if exported is None:
        return

    # That it is sorted is ruff's RUF022.
    missing = _public_definitions(tree) - set(exported)

    assert not missing, f"{name_of(path)}: not in __all__: {sorted(missing)}"
    assert len(exported) == len(set(exported)), f"{name_of(path)}: __all__ names something twice"


@every_module
def test_imports_stand_at_the_top(path: Path) -> None:
    if path == SOURCE / "__init__.py" or path.is_relative_to(SOURCE / "cli"):
        return

    late = [
        node.lineno
        for function in ast.walk(tree_of(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert not late, f"{name_of(path)} imports inside a function, lines {late}"


@every_module
def test_nothing_prints(path: Path) -> None:
    printed = [call.lineno for call in _calls(path) if ast.unparse(call.func) == "print"]

    assert not printed, f"{name_of(path)} prints, lines {printed}: log, or render in cli/"


@every_module
def test_time_comes_from_a_clock(path: Path) -> None:
    if path == CLOCK or path.is_relative_to(GENERATED):
        return

    read = [
        call.lineno
        for call in _calls(path)
        if ".".join(ast.unparse(call.func).split(".")[-2:]) in CLOCK_CALLS
    ]

    assert not read, f"{name_of(path)} reads the wall clock, lines {read}: take a Clock"


def _calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)]


def _exported_names(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return None


def _public_definitions(tree: ast.Module) -> set[str]:
    defined = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    return {name for name in defined if not name.startswith("_")}
