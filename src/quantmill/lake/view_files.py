"""Which files each view of the lake shows: those of the datasets, and of features the newest version of set `core`."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, exists, func, or_, select

from quantmill.lake.catalogue import find_head, is_live_at
from quantmill.lake.datasets import BARS, DATASETS, FEATURES, Dataset
from quantmill.lake.layout import LIVE
from quantmill.state.statements import constant
from quantmill.state.tables.catalogue import FILE, LAKE_FLOOR, LAKE_HEAD, SNAPSHOT

__all__ = ["VIEWS_OF_DATASETS", "BaseState", "ViewFile", "base_states", "files_of_views", "hot_files"]

VIEWS_OF_DATASETS: Final[Mapping[str, Dataset]] = {**DATASETS, FEATURES.name: FEATURES}
_CORE_PREFIX: Final = "features/core@"
_CORE_SUFFIX: Final = "/1m"


def _last_changes() -> Select[Any, Any, Any, Any, Any]:
    """Of each dataset with base files: name, whether it has live ones, last snapshot and its time; the head each time."""
    # Jumps from each name to the next one: a DISTINCT would read every row.
    first = select(func.min(FILE.c.dataset).label("name")).cte("names", recursive=True)
    following = select(func.min(FILE.c.dataset)).where(FILE.c.dataset > first.c.name).scalar_subquery()
    names = first.union_all(select(following).where(first.c.name.is_not(None)))
    of_name = (FILE.c.dataset == names.c.name, FILE.c.tier == constant("base"))
    # Files that cleaning forgot: their last removal is a change too.
    forgotten = (LAKE_FLOOR.c.dataset == names.c.name, LAKE_FLOOR.c.key != LIVE)
    changes = (
        select(
            names.c.name,
            select(func.max(FILE.c.added)).where(*of_name).scalar_subquery().label("added"),
            select(func.max(FILE.c.removed)).where(*of_name).scalar_subquery().label("removed"),
            select(func.max(LAKE_FLOOR.c.snapshot)).where(*forgotten).scalar_subquery().label("forgotten"),
            exists().where(*of_name, is_live_at(None)).label("has_files"),
        )
        .where(names.c.name.is_not(None))
        .cte("changes")
    )
    of_change = SNAPSHOT.alias("of_change")
    any_of = of_change.c.id.in_([changes.c.added, changes.c.removed, changes.c.forgotten])
    last = select(func.max(of_change.c.id)).where(any_of).scalar_subquery()
    head = select(LAKE_HEAD.c.snapshot).scalar_subquery()
    columns = (changes.c.name, changes.c.has_files, SNAPSHOT.c.id, SNAPSHOT.c.at_us, head)
    return select(*columns).select_from(changes).join(SNAPSHOT, SNAPSHOT.c.id == last)


# Built once: with each commit of the live path they are asked again.
_LAST_CHANGES: Final = _last_changes()
_HOT_FILES: Final = (
    select(FILE.c.dataset, FILE.c.path, FILE.c.schema_id)
    .where(FILE.c.dataset == constant(BARS.name), FILE.c.tier == constant("hot"), is_live_at(None))
    .order_by(FILE.c.min_ts, FILE.c.id)
)


@dataclass(frozen=True, slots=True)
class ViewFile:
    """A file behind a view; `path` is relative to the lake."""

    path: str
    schema_id: str


@dataclass(frozen=True, slots=True)
class BaseState:
    """What the files of tier `base` behind a view are known by, without looking at each: their last change.

    The time tells apart two catalogues that count the same snapshots.
    """

    snapshot: int
    at_us: int
    is_empty: bool


def files_of_views(connection: Connection, *, tier: str | None = None) -> dict[str, list[ViewFile]]:
    """The live files by view, by key and period, from one statement: all views show one snapshot."""
    is_core = FILE.c.dataset.like(f"{_CORE_PREFIX}%{_CORE_SUFFIX}")
    columns = (FILE.c.dataset, FILE.c.key, FILE.c.path, FILE.c.schema_id, FILE.c.added)
    statement = select(*columns).where(or_(FILE.c.dataset.in_(list(DATASETS)), is_core), is_live_at(None))
    if tier is not None:
        statement = statement.where(FILE.c.tier == tier)
    rows = connection.execute(statement.order_by(FILE.c.dataset, FILE.c.key, FILE.c.period)).all()
    newest: dict[str, tuple[int, str]] = {}
    for row in rows:
        if row.dataset not in DATASETS:
            newest[row.key] = max(newest.get(row.key, (-1, "")), (row.added, row.dataset))
    files: dict[str, list[ViewFile]] = defaultdict(list)
    for row in rows:
        if row.dataset in DATASETS or newest[row.key][1] == row.dataset:
            files[_view_of(row.dataset) or ""].append(ViewFile(row.path, row.schema_id))
    return files


def base_states(connection: Connection) -> tuple[int, dict[str, BaseState]]:
    """The newest snapshot, and the state of the base files behind each view that ever had some.

    The cost does not grow with the number of files.
    """
    head: int | None = None
    found: dict[str, BaseState] = {}
    for name, has_files, snapshot, at_us, head in connection.execute(_LAST_CHANGES):  # noqa: B007 - the same in each row
        view = _view_of(name)
        if view is None:
            continue
        before = found.get(view, BaseState(-1, 0, is_empty=True))
        newer = max((before.snapshot, before.at_us), (snapshot, at_us))
        found[view] = BaseState(*newer, is_empty=before.is_empty and not has_files)
    return find_head(connection) if head is None else head, found


def hot_files(connection: Connection) -> dict[str, list[ViewFile]]:
    """The few live files of tier `hot` by view, in order of time."""
    files: dict[str, list[ViewFile]] = defaultdict(list)
    for dataset, path, schema in connection.execute(_HOT_FILES):
        files[dataset].append(ViewFile(path, schema))
    return files


def _view_of(dataset: str) -> str | None:
    if dataset in DATASETS:
        return dataset
    is_core = dataset.startswith(_CORE_PREFIX) and dataset.endswith(_CORE_SUFFIX)
    return FEATURES.name if is_core else None
