"""The model registry: store, find, list, delete and restore models."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from difflib import get_close_matches
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select, update

from quantmill.core.digest import canonical_json
from quantmill.errors import NotFoundError, UsageError
from quantmill.models.record import ModelRecord
from quantmill.state.engine import State
from quantmill.state.statements import upsert
from quantmill.state.tables.models import MODEL

__all__ = [
    "check_name",
    "delete_models",
    "find_model",
    "list_models",
    "rename_model",
    "restore_model",
    "store_model",
    "stored_model",
]

_JSON: Final = (
    "params",
    "features",
    "recipe",
    "metrics",
    "folds",
    "importance",
    "warnings",
    "report",
    "prediction_check",
)
_SEQUENCES: Final = frozenset({"features", "folds", "importance", "warnings"})
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+=-]{0,79}")
_ID_PREFIX: Final = "m-"
_N_SHOWN: Final = 5


def check_name(name: str) -> str:
    """The name itself, when a model may have it.

    Raises:
        UsageError: If it is empty, too long, has other characters, or looks like an id.
    """
    if not _NAME.fullmatch(name) or name.startswith(_ID_PREFIX):
        raise UsageError(
            f"{name!r} cannot name a model",
            hint="use letters, digits, blanks and . _ + = - , at most 80 characters, not beginning with m-",
        )
    return name


def store_model(connection: Connection, record: ModelRecord) -> ModelRecord:
    """Write a model into the registry inside the caller's transaction; the same id is overwritten.

    Returns:
        The record with its version: the one it has, or the next of its name and symbol.
    """
    stored = replace(record, version=_version(connection, record))
    row: dict[str, Any] = asdict(stored)
    row |= {name: canonical_json(row[name]) for name in _JSON}
    upsert(connection, MODEL, row | {"deleted_us": None}, key=["id"])
    return stored


def rename_model(connection: Connection, record: ModelRecord, name: str) -> ModelRecord:
    """Give a registered model another name, inside the caller's transaction."""
    return store_model(connection, replace(record, name=check_name(name)))


def delete_models(state: State, model_ids: Sequence[str], *, deleted_us: int) -> list[str]:
    """Mark models as deleted: nobody finds them, their rows, predictions and artifacts stay.

    What was simulated with them stays too, and the trial ledger goes on counting it.

    Returns:
        The ids that were deleted now, those deleted earlier left out.
    """
    with state.write() as connection:
        live = connection.execute(
            select(MODEL.c.id).where(MODEL.c.id.in_(model_ids), MODEL.c.deleted_us.is_(None))
        ).scalars()
        gone = set(live)
        connection.execute(update(MODEL).where(MODEL.c.id.in_(gone)).values(deleted_us=deleted_us))
    return [model_id for model_id in model_ids if model_id in gone]


def restore_model(state: State, model_id: str) -> bool:
    """Take a deletion back; whether there was one."""
    with state.write() as connection:
        restored = connection.execute(
            update(MODEL)
            .where(MODEL.c.id == model_id, MODEL.c.deleted_us.is_not(None))
            .values(deleted_us=None)
        )
    return restored.rowcount > 0


def stored_model(state: State, model_id: str, *, deleted: bool = False) -> ModelRecord | None:
    """The model of a full id, None when there is none; deleted ones count when asked."""
    statement = select(MODEL) if deleted else _live()
    with state.read() as connection:
        row = connection.execute(statement.where(MODEL.c.id == model_id)).mappings().first()
    return None if row is None else _record(row)


def list_models(state: State, *, symbol: str | None = None, name: str | None = None) -> list[ModelRecord]:
    """All models, newest first, those of one symbol or name when asked."""
    statement = _live()
    if symbol is not None:
        statement = statement.where(MODEL.c.symbol == symbol)
    if name is not None:
        statement = statement.where(MODEL.c.name == name)
    ordered = statement.order_by(MODEL.c.created_us.desc(), MODEL.c.id)
    with state.read() as connection:
        return [_record(row) for row in connection.execute(ordered).mappings()]


def find_model(state: State, id_or_name: str, symbol: str | None = None) -> ModelRecord:
    """The model that a person means.

    Args:
        state: The state database.
        id_or_name: An id, the beginning of one (`m-` and at least two characters), or a name, which
            means its newest version.
        symbol: The model's symbol, needed when several symbols have a model of that name.

    Raises:
        NotFoundError: If there is none; the hint has the nearest names.
        UsageError: If several models could be meant.
    """
    models = list_models(state, symbol=symbol)
    for model in models:
        if model.id == id_or_name:
            return model
    named = [model for model in models if model.name == id_or_name]
    if named:
        symbols = sorted({model.symbol for model in named})
        if len(symbols) > 1:
            raise UsageError(
                f"{len(symbols)} symbols have a model named {id_or_name!r}: {', '.join(symbols)}",
                hint="say which symbol, or give the model's id",
            )
        return max(named, key=lambda model: model.version)
    if id_or_name.startswith(_ID_PREFIX) and len(id_or_name) >= len(_ID_PREFIX) + 2:
        begun = [model for model in models if model.id.startswith(id_or_name)]
        if len(begun) == 1:
            return begun[0]
        if begun:
            raise UsageError(
                f"{len(begun)} models have an id that begins with {id_or_name}",
                hint=f"give more of it: {_shown([model.id for model in begun])}",
            )
    raise NotFoundError(_missing(id_or_name, symbol), hint=_suggestion(id_or_name, symbol, models))


def _live() -> Select[Any]:
    return select(MODEL).where(MODEL.c.deleted_us.is_(None))


def _version(connection: Connection, record: ModelRecord) -> int:
    same = connection.execute(
        select(MODEL.c.version).where(
            MODEL.c.id == record.id, MODEL.c.name == record.name, MODEL.c.symbol == record.symbol
        )
    ).scalar()
    if same is not None:
        return int(same)
    newest = connection.execute(
        select(func.max(MODEL.c.version)).where(MODEL.c.name == record.name, MODEL.c.symbol == record.symbol)
    ).scalar()
    return int(newest or 0) + 1


def _record(row: Mapping[Any, Any]) -> ModelRecord:
    values = {str(name): value for name, value in row.items() if name != "deleted_us"}
    for name in _JSON:
        read = json.loads(values[name])
        values[name] = tuple(read) if name in _SEQUENCES else read
    return ModelRecord(**values)


def _missing(id_or_name: str, symbol: str | None) -> str:
    return f"no model {id_or_name!r}" + (f" of {symbol}" if symbol else "")


def _suggestion(id_or_name: str, symbol: str | None, models: Sequence[ModelRecord]) -> str:
    if not models:
        return f"`quantmill train {symbol or 'SYMBOL'}` makes one; `quantmill models list` shows all"
    known = sorted({model.name for model in models} | {model.id for model in models})
    nearest = get_close_matches(id_or_name, known, n=3, cutoff=0.4)
    if nearest:
        return f"did you mean {' or '.join(nearest)}?"
    return f"there are {_shown(sorted({model.name for model in models}))}; `quantmill models list` shows all"


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:_N_SHOWN]) + (" …" if len(names) > _N_SHOWN else "")
