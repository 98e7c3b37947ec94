"""What the state database remembers of feature sets: declarations, builds, certificates."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, select

from quantmill.core.digest import canonical_json
from quantmill.core.version import VERSION
from quantmill.features.sets import FeatureSet
from quantmill.state.statements import insert_missing, upsert
from quantmill.state.tables.features import FEATURE, FEATURE_BUILD, FEATURE_CERTIFICATE, FEATURE_SET

if TYPE_CHECKING:
    # The proof needs the learning library of the regimes, which readers of stored features do without.
    from quantmill.features.certificate import Certificate

__all__ = [
    "StoredBuild",
    "certified_columns",
    "find_build",
    "find_builds",
    "forget_builds",
    "is_certificate_current",
    "record_build",
    "record_certificate",
    "record_set",
    "stored_columns",
]


@dataclass(frozen=True, slots=True)
class StoredBuild:
    """The last build of one symbol under one set version.

    `null_counts` is by column and cause; `context` names the `benchmark` and the `volatility` source that were seen
    beside the symbol's bars, with `notes` for a person, and is None for a set without context.
    """

    feature_set: str
    version: str
    interval: str
    symbol: str
    input_digest: str
    snapshot: int
    rows: int
    sessions: int
    null_counts: Mapping[str, Mapping[str, int]]
    package_version: str
    built_us: int
    context: Mapping[str, Any] | None = None


def record_set(connection: Connection, feature_set: FeatureSet, *, at_us: int) -> None:
    """Remember a set version, and its declarations as the present code has them."""
    row = {
        "name": feature_set.name,
        "version": feature_set.version,
        "interval": str(feature_set.interval),
        "hours": feature_set.hours,
        "n_columns": len(feature_set.columns),
        "package_version": VERSION,
        "created_us": at_us,
    }
    insert_missing(connection, FEATURE_SET, [row])
    of_set = (FEATURE.c.feature_set == feature_set.name, FEATURE.c.version == feature_set.version)
    stored = {
        known["name"]: dict(known) for known in connection.execute(select(FEATURE).where(*of_set)).mappings()
    }
    for position, one in enumerate(feature_set.columns):
        declared = {
            "feature_set": feature_set.name,
            "version": feature_set.version,
            "name": one.name,
            "position": position,
            "category": one.category,
            "kind": one.kind,
            "scaling": one.scaling,
            "revision": one.revision,
            "declaration": canonical_json(one.declaration),
            "source_sha256": one.source_sha256,
        }
        if stored.get(one.name) != declared:
            upsert(connection, FEATURE, declared, key=("feature_set", "version", "name"))


def record_build(connection: Connection, build: StoredBuild) -> None:
    """Remember the last build of a symbol."""
    row = {name: getattr(build, name) for name in StoredBuild.__slots__}
    row["null_counts"] = canonical_json(build.null_counts)
    row["context"] = None if build.context is None else canonical_json(build.context)
    upsert(connection, FEATURE_BUILD, row, key=("feature_set", "version", "interval", "symbol"))


def find_build(connection: Connection, feature_set: FeatureSet, symbol: str) -> StoredBuild | None:
    """The last build of a symbol under this very version."""
    builds = find_builds(connection, feature_set.name, symbol=symbol, version=feature_set.version)
    return next((build for build in builds if build.interval == str(feature_set.interval)), None)


def find_builds(
    connection: Connection,
    feature_set: str | None = None,
    *,
    symbol: str | None = None,
    version: str | None = None,
) -> list[StoredBuild]:
    """Builds, the newest first."""
    wanted = {"feature_set": feature_set, "symbol": symbol, "version": version}
    conditions = [FEATURE_BUILD.c[name] == value for name, value in wanted.items() if value is not None]
    rows = connection.execute(select(FEATURE_BUILD).where(*conditions)).mappings()
    # Sorted here: databases differ in how they order texts.
    return sorted(
        (_build_of({**row}) for row in rows),
        key=lambda build: (-build.built_us, -build.snapshot, build.symbol),
    )


def forget_builds(connection: Connection, feature_set: str, version: str, symbol: str) -> None:
    """Forget the builds of a symbol under a set version, so that the next one computes everything."""
    columns = FEATURE_BUILD.c
    of_symbol = (columns.feature_set == feature_set, columns.version == version, columns.symbol == symbol)
    connection.execute(delete(FEATURE_BUILD).where(*of_symbol))


def _build_of(row: Mapping[str, Any]) -> StoredBuild:
    context = None if row["context"] is None else json.loads(row["context"])
    plain: dict[str, Any] = {**row, "null_counts": json.loads(row["null_counts"]), "context": context}
    return StoredBuild(**plain)


def stored_columns(connection: Connection, feature_set: str, version: str) -> tuple[str, ...]:
    """Columns of a set version in their order; none when the version is unknown."""
    columns = FEATURE.c
    statement = select(columns.name).where(columns.feature_set == feature_set, columns.version == version)
    return tuple(connection.execute(statement.order_by(columns.position)).scalars())


def record_certificate(
    connection: Connection, feature_set: FeatureSet, certificate: "Certificate", *, at_us: int
) -> None:
    """Remember what the proof found on each column of a set version."""
    for one in feature_set.columns:
        findings = [str(finding) for finding in certificate.findings_of(one.name)]
        row: dict[str, Any] = {
            "feature_set": feature_set.name,
            "version": feature_set.version,
            "name": one.name,
            "ok": not findings,
            "findings": canonical_json(findings),
            "n_cuts": len(certificate.cuts),
            "seed": certificate.seed,
            "digest": certificate.digest,
            "source_sha256": one.source_sha256,
            "certified_us": at_us,
        }
        upsert(connection, FEATURE_CERTIFICATE, row, key=("feature_set", "version", "name"))


def is_certificate_current(connection: Connection, feature_set: FeatureSet) -> bool:
    """Whether every column was examined with the source text that it has now."""
    columns = FEATURE_CERTIFICATE.c
    statement = select(columns.name, columns.source_sha256).where(
        columns.feature_set == feature_set.name, columns.version == feature_set.version
    )
    examined = {row.name: row.source_sha256 for row in connection.execute(statement)}
    return all(examined.get(one.name) == one.source_sha256 for one in feature_set.columns)


def certified_columns(connection: Connection, feature_set: str, version: str) -> frozenset[str]:
    """Columns of a set version that are proved to see no future; a model is trained on no others."""
    columns = FEATURE_CERTIFICATE.c
    statement = select(columns.name).where(
        columns.feature_set == feature_set, columns.version == version, columns.ok.is_(True)
    )
    return frozenset(connection.execute(statement).scalars())
