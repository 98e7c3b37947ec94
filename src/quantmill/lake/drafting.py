"""A file on its way into the lake: written under its final name, published by nobody yet."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from quantmill.core.digest import canonical_json
from quantmill.lake.content import Content
from quantmill.lake.datasets import BARS, dataset_of
from quantmill.lake.files import write_file
from quantmill.lake.hot import HotKey, HotSession, count_keys
from quantmill.lake.layout import file_path, hot_kind, hot_path, new_uid
from quantmill.lake.periods import SessionCounts, count_sessions
from quantmill.lake.schemas import schema_id, schema_text
from quantmill.lake.volume import Volume

__all__ = ["Draft", "Drafting", "RowFacts", "describe_rows", "discard_files"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that is written but not published, with what the catalogue will say of it.

    `replaces` are the paths of the files that it stands in for.
    """

    dataset: str
    tier: str
    key: str
    period: str
    path: str
    rows: int
    min_ts: int | None
    max_ts: int | None
    n_extended: int
    n_bytes: int
    sha256: str
    content_sha256: str
    rows_digest: str
    schema: str
    providers: str
    sessions: SessionCounts | None
    keys: dict[str, HotKey]
    replaces: tuple[str, ...]


@dataclass
class Drafting:
    """Writes the files of one commit and remembers them.

    `retires` are paths that go with the commit whatever is written; the next file names them as replaced.
    """

    volume: Volume
    base_snapshot: int
    retires: list[str] = field(default_factory=list[str])
    drafts: list[Draft] = field(default_factory=list[Draft])

    def write(
        self, name: str, key: str, period: str, rows: pl.DataFrame, *, replaces: Sequence[str] = ()
    ) -> None:
        """Write a file of the base tier; `rows` lie in the dataset's order."""
        uid = new_uid()
        path = file_path(name, dataset_of(name).hive, key, period, uid)
        self._write(name, "base", key, period, path, uid, rows, replaces)

    def write_hot(
        self, session: HotSession, rows: pl.DataFrame, *, kind: str, replaces: Sequence[str] = ()
    ) -> None:
        """Write a hot file of bars; `kind` is `s` for a segment, `r` for a roll-up."""
        uid = new_uid()
        ordered = rows.sort("symbol", "ts")
        first = ordered["ts"].min()
        path = hot_path(session.period, kind, f"{first:%H%M%S}", uid)
        self._write(BARS.name, "hot", session.key, session.period, path, uid, ordered, replaces)

    def discard(self) -> None:
        """Delete what was written."""
        discard_files(self.volume, self.drafts)

    def _write(
        self,
        name: str,
        tier: str,
        key: str,
        period: str,
        path: str,
        uid: str,
        rows: pl.DataFrame,
        replaces: Sequence[str],
    ) -> None:
        replaces = [*replaces, *self.retires]
        self.retires.clear()
        content = Content(rows)
        digest, schema = content.digest(), schema_text(rows.schema)
        footer = {
            "dataset": name,
            "tier": tier,
            "key": key,
            "period": period,
            "snapshot_base": str(self.base_snapshot),
            "replaces": "\n".join(replaces),
            "content_sha256": digest,
            "schema_id": schema_id(schema),
        }
        is_segment = tier == "hot" and hot_kind(path) == "s"
        written = write_file(self.volume, path, rows, footer, uid=uid, is_segment=is_segment)
        facts = describe_rows(name, tier, key, rows, content)
        self.drafts.append(
            Draft(
                dataset=name,
                tier=tier,
                key=key,
                period=period,
                path=path,
                rows=rows.height,
                min_ts=facts.min_ts,
                max_ts=facts.max_ts,
                n_extended=facts.n_extended,
                n_bytes=written.n_bytes,
                sha256=written.sha256,
                content_sha256=digest,
                rows_digest=facts.rows_digest,
                schema=schema,
                providers=facts.providers,
                sessions=facts.sessions,
                keys=facts.keys,
                replaces=tuple(replaces),
            )
        )


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What the catalogue keeps of a file's rows."""

    min_ts: int | None
    max_ts: int | None
    n_extended: int
    rows_digest: str
    providers: str
    sessions: SessionCounts | None
    keys: dict[str, HotKey]


def describe_rows(name: str, tier: str, key: str, rows: pl.DataFrame, content: Content) -> RowFacts:
    """What the catalogue says of rows in their file's order; the same whether they are written or read again."""
    dataset = dataset_of(name)
    low, high = _time_range(dataset.time, content)
    sessions = count_sessions(key, rows) if dataset.counts_sessions and tier == "base" else None
    keys = count_keys(content) if tier == "hot" else {}
    if tier == "hot":
        n_extended = sum([count.n_extended for count in keys.values()])
    else:
        n_extended = int(sessions.n_extended.sum()) if sessions else 0
    rows_digest = content.digest_of_rows() if dataset.counts_sessions else ""
    return RowFacts(low, high, n_extended, rows_digest, _providers(content), sessions, keys)


def discard_files(volume: Volume, drafts: Sequence[Draft]) -> None:
    """Delete the files of drafts that will not be published."""
    for draft in drafts:
        volume.delete(draft.path)


def _time_range(time: str | None, content: Content) -> tuple[int | None, int | None]:
    if time is None or content[time].n_rows == 0 or content[time].n_null:
        return None, None
    ts = content[time].numbers
    return int(ts.min()), int(ts.max())


def _providers(content: Content) -> str:
    names = set(content["provider"].texts) if "provider" in content else set[str | None]()
    return canonical_json(sorted(name for name in names if name is not None))
