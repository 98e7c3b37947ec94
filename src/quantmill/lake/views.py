"""What users of the plain DuckDB command line read: a script and its lists of files, derived from the catalogue.

The script `lake.sql` is replaced with each commit and names the few hot files itself. The base files of a view stand in
a list whose name tells its last change, so a list is never changed in place, and is written only when base files changed:
whoever reads the script sees the files of one snapshot, and a commit of hot files costs the script alone.
"""

import fcntl
import os
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final

from quantmill.core.digest import canonical_json
from quantmill.core.instants import MINUTE_US
from quantmill.lake.datasets import Dataset
from quantmill.lake.disk import replace_text
from quantmill.lake.layout import VIEWS, new_uid
from quantmill.lake.resampled_views import SESSIONS, bar_views, sessions_table
from quantmill.lake.view_files import (
    VIEWS_OF_DATASETS,
    BaseState,
    ViewFile,
    base_states,
    files_of_views,
    hot_files,
)
from quantmill.lake.view_sql import empty_select, files_select, quoted
from quantmill.state.engine import State

__all__ = ["refresh_views"]

_SCRIPT: Final = "lake.sql"
_LOCK: Final = ".lock"
_LIST_NAME: Final = re.compile(r"/([a-z_]+-\d+-[0-9a-f]+\.ndjson)'")
_EMPTY_VIEWS: Final = {
    view: f"CREATE OR REPLACE TEMP VIEW {view} AS {empty_select(dataset)};"
    for view, dataset in VIEWS_OF_DATASETS.items()
}
_GRACE_US: Final = 5 * MINUTE_US
# Calendars change with their library alone. No data file of the lake, hence not `.parquet`.
_SESSIONS_FILE: Final = f"sessions-{version('exchange_calendars')}.pq"
_VIEWS_OF_BARS: Final = (
    f"CREATE OR REPLACE TEMP VIEW {SESSIONS} AS SELECT * FROM read_parquet(getvariable('lists') || {quoted(f'/{_SESSIONS_FILE}')});",
    *(f"CREATE OR REPLACE TEMP VIEW {name} AS {select};" for name, select in bar_views().items()),
)


def refresh_views(root: Path, state: State, *, address: str, now_us: int) -> None:
    """Bring `_views` to the newest snapshot; nothing of it is needed by quantmill, so a crash only leaves it stale.

    Args:
        root: Folder that the views go to.
        state: Database with the catalogue.
        address: Folder or URL of the data files.
        now_us: The present, microseconds since 1970 UTC: lists that were replaced five minutes ago are deleted.
    """
    folder = root / VIEWS
    folder.mkdir(parents=True, exist_ok=True)
    # Under the lock, whoever reads the catalogue later writes later: the script never goes back.
    with _locked(folder / _LOCK):
        with state.read() as connection:
            snapshot, bases = base_states(connection)
            hot = hot_files(connection)
            lists = {view: _list_name(view, base) for view, base in bases.items() if not base.is_empty}
            missing = [view for view, name in lists.items() if not (folder / name).exists()]
            files = files_of_views(connection, tier="base") if missing else {}
        for view in missing:
            _write_list(folder / lists[view], files[view], now_us)
        if not (folder / _SESSIONS_FILE).exists():
            _write_sessions(folder / _SESSIONS_FILE)
        before, script = _read(folder / _SCRIPT), "\n".join(_script(root, address, snapshot, lists, hot))
        if script == before:
            return
        replace_text(folder / _SCRIPT, script)
        old, kept = set(_LIST_NAME.findall(before)), set(lists.values())
        if old != kept:
            _delete_superseded(folder, old, kept=kept, now_us=now_us)


@contextmanager
def _locked(path: Path) -> Generator[None]:
    """Keeps other refreshes, of this process and of others, waiting."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _list_name(view: str, base: BaseState) -> str:
    return f"{view}-{base.snapshot}-{base.at_us:x}.ndjson"


def _write_list(path: Path, files: Sequence[ViewFile], now_us: int) -> None:
    fresh = path.with_name(f"{path.name}.{new_uid()}.partial")
    with fresh.open("w", encoding="utf-8") as stream:
        stream.writelines(
            canonical_json({"path": file.path, "schema": file.schema_id}) + "\n" for file in files
        )
        stream.flush()
        # A list that is there is taken for whole, also after a loss of power.
        os.fsync(stream.fileno())
    _stamp(fresh, now_us)
    fresh.replace(path)


def _write_sessions(path: Path) -> None:
    fresh = path.with_name(f"{path.name}.{new_uid()}.partial")
    sessions_table().write_parquet(fresh)
    fresh.replace(path)


def _read(script: Path) -> str:
    try:
        return script.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _delete_superseded(folder: Path, old: set[str], *, kept: set[str], now_us: int) -> None:
    """Delete lists that the script has not named for long enough that nobody is about to read them."""
    for path in folder.glob("*.ndjson"):
        if path.name in kept:
            continue
        if path.name in old:
            _stamp(path, now_us)
        elif path.stat().st_mtime_ns < (now_us - _GRACE_US) * 1000:
            path.unlink()


def _stamp(path: Path, now_us: int) -> None:
    os.utime(path, ns=(now_us * 1000, now_us * 1000))


def _script(
    root: Path, address: str, snapshot: int, lists: Mapping[str, str], hot: Mapping[str, Sequence[ViewFile]]
) -> Iterator[str]:
    yield f"-- The lake at snapshot {snapshot}; rewritten after each commit. Use: duckdb -init {VIEWS}/{_SCRIPT}"
    yield "-- Files that are not listed are retired: a glob over the folder counts rows twice."
    yield "SET TimeZone = 'UTC';"
    yield f"SET VARIABLE lake = {quoted(address)};"
    yield f"SET VARIABLE lists = {quoted(str(root / VIEWS))};"
    for view, dataset in VIEWS_OF_DATASETS.items():
        if view in lists or view in hot:
            yield from _view_over_files(view, dataset, lists.get(view), hot.get(view, ()))
        else:
            yield _EMPTY_VIEWS[view]
    yield from _VIEWS_OF_BARS
    yield ""


def _view_over_files(
    view: str, dataset: Dataset, list_name: str | None, hot: Sequence[ViewFile]
) -> Iterator[str]:
    sources: list[str] = []
    if list_name is not None:
        path = f"getvariable('lists') || {quoted(f'/{list_name}')}"
        sources.append(
            f"FROM read_json({path}, format = 'newline_delimited', columns = {{path: 'VARCHAR', schema: 'VARCHAR'}})"
        )
    if hot:
        rows = ",\n    ".join(f"({quoted(file.path)}, {quoted(file.schema_id)})" for file in hot)
        sources.append(f"FROM (VALUES\n    {rows}\n  ) AS hot(path, schema)")
    found = "\n  UNION ALL ".join(f"SELECT path, schema {source}" for source in sources)
    variable = f"getvariable('{view}_files')"
    yield f"SET VARIABLE {view}_files = ("
    yield "  SELECT {paths: list(getvariable('lake') || '/' || path ORDER BY path), is_mixed: count(DISTINCT schema) > 1} FROM ("
    yield f"  {found}"
    yield "));"
    select = files_select(dataset, f"{variable}.paths", f"{variable}.is_mixed")
    yield f"CREATE OR REPLACE TEMP VIEW {view} AS {select};"
