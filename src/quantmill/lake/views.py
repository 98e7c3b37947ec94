"""What users of the plain DuckDB command line read: a script and a list of files, derived from the catalogue."""

from pathlib import Path
from typing import Final

from quantmill.core.digest import canonical_json
from quantmill.lake.catalogue import find_files, find_head
from quantmill.lake.datasets import BARS
from quantmill.lake.disk import replace_text
from quantmill.lake.layout import VIEWS
from quantmill.lake.query import empty_view
from quantmill.state.engine import State

__all__ = ["refresh_views"]

_SCRIPT: Final = "lake.sql"
_LIST: Final = "bars.files.ndjson"
_ROUNDS: Final = 5


def refresh_views(root: Path, state: State) -> None:
    """Rewrite `_views`; nothing of it is needed by quantmill, so a crash in between only leaves it stale."""
    # Another process may commit and write newer views meanwhile: look again, lest older ones stay.
    for _ in range(_ROUNDS):
        snapshot = _head(state)
        _write_views(root, state, snapshot)
        if _head(state) == snapshot:
            return


def _head(state: State) -> int:
    with state.read() as connection:
        return find_head(connection)


def _write_views(root: Path, state: State, snapshot: int) -> None:
    with state.read() as connection:
        files = find_files(connection, [BARS.name], as_of=snapshot)
    lines = [
        canonical_json({"path": file.path, "key": file.key, "period": file.period, "rows": file.rows})
        for file in files
    ]
    replace_text(root / VIEWS / _LIST, "".join(f"{line}\n" for line in lines))
    replace_text(root / VIEWS / _SCRIPT, _script(root, snapshot, n_files=len(files)))


def _script(root: Path, snapshot: int, *, n_files: int) -> str:
    lines = [
        f"-- Bars of snapshot {snapshot}; rewritten after each commit. Use: duckdb -init {VIEWS}/{_SCRIPT}",
        "-- Files that are not listed are retired: a glob over the folder counts rows twice.",
    ]
    if n_files == 0:
        return "\n".join(
            [*lines, empty_view(BARS.name, BARS).replace("CREATE", "CREATE OR REPLACE") + ";", ""]
        )
    folder = str(root).replace("'", "''")
    lines += [
        f"SET VARIABLE lake = '{folder}';",
        "SET VARIABLE bars_files = (",
        "  SELECT list(getvariable('lake') || '/' || path)",
        f"  FROM read_json_auto(getvariable('lake') || '/{VIEWS}/{_LIST}')",
        ");",
        "CREATE OR REPLACE VIEW bars AS",
        "  SELECT * FROM read_parquet(getvariable('bars_files'), hive_partitioning = false);",
        "",
    ]
    return "\n".join(lines)
