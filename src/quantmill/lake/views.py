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


def refresh_views(root: Path, state: State, *, address: str) -> None:
    """Rewrite `_views`; nothing of it is needed by quantmill, so a crash in between only leaves it stale.

    Args:
        root: Folder that the views go to.
        state: Database with the catalogue.
        address: Folder or URL of the data files.
    """
    # Another process may commit and write newer views meanwhile: look again, lest older ones stay.
    for _ in range(_ROUNDS):
        snapshot = _head(state)
        _write_views(root, state, snapshot, address)
        if _head(state) == snapshot:
            return


def _head(state: State) -> int:
    with state.read() as connection:
        return find_head(connection)


def _write_views(root: Path, state: State, snapshot: int, address: str) -> None:
    with state.read() as connection:
        files = find_files(connection, [BARS.name], as_of=snapshot)
    lines = [
        canonical_json({"path": file.path, "key": file.key, "period": file.period, "rows": file.rows})
        for file in files
    ]
    replace_text(root / VIEWS / _LIST, "".join(f"{line}\n" for line in lines))
    replace_text(root / VIEWS / _SCRIPT, _script(root, address, snapshot, n_files=len(files)))


def _script(root: Path, address: str, snapshot: int, *, n_files: int) -> str:
    lines = [
        f"-- Bars of snapshot {snapshot}; rewritten after each commit. Use: duckdb -init {VIEWS}/{_SCRIPT}",
        "-- Files that are not listed are retired: a glob over the folder counts rows twice.",
    ]
    if n_files == 0:
        return "\n".join(
            [*lines, empty_view(BARS.name, BARS).replace("CREATE", "CREATE OR REPLACE") + ";", ""]
        )
    lake, listed = (text.replace("'", "''") for text in (address, str(root / VIEWS / _LIST)))
    lines += [
        f"SET VARIABLE lake = '{lake}';",
        "SET VARIABLE bars_files = (",
        "  SELECT list(getvariable('lake') || '/' || path)",
        f"  FROM read_json_auto('{listed}')",
        ");",
        "CREATE OR REPLACE VIEW bars AS",
        "  SELECT * FROM read_parquet(getvariable('bars_files'), hive_partitioning = false);",
        "",
    ]
    return "\n".join(lines)
