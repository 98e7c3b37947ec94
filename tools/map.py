"""Writes docs/map.md, the first line of every module in layer order; `--check` fails when it is stale."""

import ast
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SOURCE = REPOSITORY / "src" / "quantmill"
MAP = REPOSITORY / "docs" / "map.md"

INTRODUCTION = """\
# Map

What each module holds: the first line of every file, lowest layer first. A package imports only from packages
above it on this page. Made by `python tools/map.py`; `make check` fails when it is stale.
"""


def main(arguments: list[str]) -> int:
    """Write the map, or compare it with the one on disk; the exit code is 1 when it is stale."""
    expected = render_map()
    if "--check" not in arguments:
        MAP.write_text(expected, encoding="utf-8")
        return 0
    found = MAP.read_text(encoding="utf-8") if MAP.exists() else ""
    if found != expected:
        print("docs/map.md is stale: run `.venv/bin/python tools/map.py`", file=sys.stderr)
        return 1
    return 0


def render_map() -> str:
    """Text of docs/map.md as the source stands now."""
    modules_by_package: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).parts
        modules_by_package[parts[0].removesuffix(".py")].append(path)
    position = {package: place for place, package in enumerate(layer_order())}
    packages = sorted(modules_by_package, key=lambda package: (position.get(package, -1), package))
    return INTRODUCTION + "".join(
        _render_package(package, modules_by_package[package]) for package in packages
    )


def layer_order() -> list[str]:
    """Packages from the lowest layer to the highest, as pyproject.toml declares them."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    contracts: list[dict[str, list[str]]] = project["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if "layers" in contract)
    return [name.strip(" ()") for layer in reversed(layers) for name in layer.split("|")]


def charter(path: Path) -> str:
    """First line of a module's docstring, empty when there is none."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    return docstring.splitlines()[0] if docstring else ""


def _render_package(package: str, paths: list[Path]) -> str:
    title = "quantmill" if package == "__init__" else f"quantmill.{package}"
    package_charter = next(
        (charter(path) for path in paths if path.parent.parent == SOURCE and _is_init(path)), ""
    )
    lines = [f"\n## {title}\n", f"\n{package_charter}\n" if package_charter else "", "\n"]
    lines += [
        f"- [`{path.relative_to(SOURCE).as_posix()}`](../{path.relative_to(REPOSITORY).as_posix()}): {charter(path)}\n"
        for path in paths
        if not (_is_init(path) and path.parent.parent == SOURCE)
    ]
    return "".join(lines).rstrip("\n") + "\n"


def _is_init(path: Path) -> bool:
    return path.name == "__init__.py"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
