"""The formats of bar files, and how a file's name, place or first bytes tell them."""

from pathlib import Path
from typing import Final, Literal

from quantmill.errors import BadBarsError
from quantmill.providers.files.trees import tree_place

__all__ = ["FILE_FORMATS", "FileFormat", "Kind", "database_kind", "kind_of"]

Kind = Literal["csv", "parquet", "lean", "duckdb", "sqlite", "tree"]
FileFormat = Literal["auto", "csv", "parquet", "lean", "duckdb", "sqlite", "tree"]
FILE_FORMATS: Final[tuple[FileFormat, ...]] = (
    "auto",
    "csv",
    "parquet",
    "lean",
    "duckdb",
    "sqlite",
    "tree",
)

_SUFFIXES: Final[dict[str, Kind]] = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".csv.zst": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".zip": "lean",
    ".duckdb": "duckdb",
    ".ddb": "duckdb",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".db3": "sqlite",
}
_SQLITE_MAGIC: Final = b"SQLite format 3\0"
_DUCKDB_MAGIC: Final = b"DUCK"


def kind_of(path: Path) -> Kind | None:
    """The format that a file's name and folders tell, None when they tell none; `.db` files are looked into."""
    name = path.name.lower()
    kind: Kind | None = next((known for suffix, known in _SUFFIXES.items() if name.endswith(suffix)), None)
    if kind == "parquet":
        return "tree" if _is_in_tree(path) else "parquet"
    if kind is None and name.endswith(".db"):
        return database_kind(path)
    return kind


def database_kind(path: Path) -> Literal["duckdb", "sqlite"] | None:
    """The kind of database that a file's first bytes tell, None when it is neither or cannot be read."""
    try:
        with path.open("rb") as stream:
            head = stream.read(16)
    except OSError:
        return None
    if head == _SQLITE_MAGIC:
        return "sqlite"
    return "duckdb" if head[8:12] == _DUCKDB_MAGIC else None


def _is_in_tree(path: Path) -> bool:
    try:
        return tree_place(path) is not None
    except BadBarsError:
        # The folders look like a tree; reading the file says what is wrong with them.
        return True
