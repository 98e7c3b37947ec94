"""What the state database remembers of regimes: builds by source, mixtures by the digest of their window."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, select

from quantmill.core.digest import canonical_json
from quantmill.core.version import VERSION
from quantmill.features.regimes.mixture import Mixture
from quantmill.state.statements import insert_missing, upsert
from quantmill.state.tables.features import REGIME_BUILD, REGIME_FIT

__all__ = [
    "StoredRegimes",
    "find_fits",
    "find_regimes",
    "fitted_before",
    "forget_regimes",
    "record_fits",
    "record_regimes",
]

_JSON = ("null_counts", "refits", "context", "notes")


@dataclass(frozen=True, slots=True)
class StoredRegimes:
    """The last build of the regimes made of one benchmark and volatility source.

    `context` names the sources; `null_counts` is by column and cause; `refits` are the fits in order, each with
    the session from which it labels; `notes` say what a person should know.
    """

    key: str
    version: str
    input_digest: str
    snapshot: int
    rows: int
    sessions: int
    null_counts: Mapping[str, Mapping[str, int]]
    refits: tuple[Mapping[str, Any], ...]
    context: Mapping[str, Any]
    notes: tuple[str, ...]
    package_version: str
    built_us: int


def find_regimes(connection: Connection, key: str, version: str) -> StoredRegimes | None:
    """The last build of a source key under a version."""
    columns = REGIME_BUILD.c
    statement = select(REGIME_BUILD).where(columns.key == key, columns.version == version)
    row = connection.execute(statement).mappings().first()
    if row is None:
        return None
    plain: dict[str, Any] = {**row, **{name: json.loads(row[name]) for name in _JSON}}
    plain.update(refits=tuple(plain["refits"]), notes=tuple(plain["notes"]))
    return StoredRegimes(**plain)


def record_regimes(connection: Connection, build: StoredRegimes) -> None:
    """Remember the last build of a source key."""
    row = {name: getattr(build, name) for name in StoredRegimes.__slots__}
    row.update({name: canonical_json(row[name]) for name in _JSON})
    upsert(connection, REGIME_BUILD, row, key=("key", "version"))


def forget_regimes(connection: Connection, key: str, version: str) -> None:
    """Forget the build of a source key under a version, so that the next one computes everything."""
    columns = REGIME_BUILD.c
    connection.execute(delete(REGIME_BUILD).where(columns.key == key, columns.version == version))


def fitted_before(us: int) -> ColumnElement[bool]:
    """Condition on the fits: fitted before an instant. Equal rows give an equal fit again."""
    return REGIME_FIT.c.fitted_us < us


def find_fits(connection: Connection) -> dict[str, Mixture]:
    """All fitted mixtures by digest."""
    rows = connection.execute(select(REGIME_FIT.c.digest, REGIME_FIT.c.mixture))
    return {row.digest: Mixture.from_json(json.loads(row.mixture)) for row in rows}


def record_fits(connection: Connection, fits: Mapping[str, Mixture], *, at_us: int) -> None:
    """Keep newly fitted mixtures."""
    insert_missing(
        connection,
        REGIME_FIT,
        [
            {
                "digest": key,
                "n_states": mixture.n_states,
                "mixture": canonical_json(mixture.as_json()),
                "package_version": VERSION,
                "fitted_us": at_us,
            }
            for key, mixture in fits.items()
        ],
    )
