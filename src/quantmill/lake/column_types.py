"""The check that the files of a dataset with free columns can be read together: a column has one type in all of them."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from quantmill.errors import SchemaDriftError
from quantmill.lake.catalogue import find_schemas, is_live_at
from quantmill.lake.datasets import dataset_of
from quantmill.lake.schemas import schema_from_text, schema_id
from quantmill.lake.staging import Draft
from quantmill.state.tables.catalogue import FILE

__all__ = ["check_column_types"]


def check_column_types(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Refuse new files that hold a column with another type than the files that stay; new columns are welcome.

    Call it within the transaction that publishes the drafts, once the files that they replace are retired.

    Raises:
        SchemaDriftError: If a column differs; the message names it.
    """
    schemas: dict[str, dict[str, str]] = {}
    for draft in drafts:
        if dataset_of(draft.dataset).is_open:
            schemas.setdefault(draft.dataset, {})[schema_id(draft.schema)] = draft.schema
    for dataset, offered in schemas.items():
        live = select(FILE.c.schema_id).where(FILE.c.dataset == dataset, is_live_at(None)).distinct()
        ids = [id_ for id_ in connection.execute(live).scalars() if id_ not in offered]
        stored = list(find_schemas(connection, ids).values())
        _check(dataset, stored, list(offered.values()))


def _check(dataset: str, stored: Sequence[str], offered: Sequence[str]) -> None:
    known = {column: dtype for text in stored for column, dtype in schema_from_text(text).items()}
    for text in offered:
        for column, dtype in schema_from_text(text).items():
            other = known.setdefault(column, dtype)
            if other != dtype:
                raise SchemaDriftError(
                    f"{dataset}: column {column!r} is {dtype}, other files of the dataset hold {other}",
                    hint=f"convert the column to {other}, or give it another name",
                )
