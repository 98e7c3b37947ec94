"""The door for SQL of users: a query's parse tree says whether it only reads, and which tables."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

import duckdb

from quantmill.errors import QueryError

__all__ = ["Reads", "check_query"]

_READ_NODES: Final = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
# Any other table function is refused: `query('…')` runs text that the tree does not show, the `read_…` open files.
_TABLE_FUNCTIONS: Final = {
    "duckdb_columns",
    "duckdb_functions",
    "duckdb_tables",
    "duckdb_types",
    "duckdb_views",
    "generate_series",
    "pragma_table_info",
    "pragma_version",
    "range",
    "unnest",
}
_EXPLAIN: Final = re.compile(r"\s*explain\s+(analyze\s+)?(?P<query>.*)", re.IGNORECASE | re.DOTALL)
_HINT: Final = (
    "one SELECT, WITH, FROM, VALUES, DESCRIBE, SUMMARIZE, SHOW or EXPLAIN; the lake is read-only here"
)


@dataclass(frozen=True, slots=True)
class Reads:
    """Names in lower case after which a query asks; `lists_tables` when it asks what there is."""

    tables: frozenset[str]
    lists_tables: bool


def check_query(connection: duckdb.DuckDBPyConnection, query: str) -> Reads:
    """Refuse all but one reading statement.

    The kind of a statement is not enough: a `WITH` may hold `COPY … TO`, which would overwrite files.

    Raises:
        QueryError: If the text is no single query that only reads.
    """
    explained = _EXPLAIN.fullmatch(query)
    text = explained["query"] if explained else query
    try:
        rows = connection.execute("SELECT json_serialize_sql(?)", [text]).fetchall()
    except duckdb.Error as error:
        raise QueryError(f"the query cannot be parsed: {str(error).splitlines()[0]}", hint=_HINT) from error
    tree: dict[str, Any] = json.loads(rows[0][0])
    if tree["error"]:
        if tree["error_type"] == "parser":
            raise QueryError(f"{tree['error_message']}", hint=_HINT)
        raise QueryError("this statement does more than read", hint=_HINT)
    if len(tree["statements"]) != 1:
        raise QueryError(f"found {len(tree['statements'])} statements, needed one", hint=_HINT)
    tables: set[str] = set()
    lists_tables = False
    for node in _nodes(tree["statements"]):
        kind = str(node.get("type", ""))
        if kind.endswith("_NODE") and kind not in _READ_NODES:
            raise QueryError(f"a query may not {kind.split('_', 1)[0]}", hint=_HINT)
        if kind == "TABLE_FUNCTION":
            name = str(node["function"]["function_name"]).lower()
            if name not in _TABLE_FUNCTIONS:
                raise QueryError(f"the table function {name} is not available", hint=_HINT)
            lists_tables |= name.startswith(("duckdb_", "pragma_"))
        elif kind == "BASE_TABLE":
            tables.add(str(node["table_name"]).lower())
            lists_tables |= str(node["schema_name"]).lower() == "information_schema"
        elif kind == "SHOW_REF":
            lists_tables = True
    return Reads(frozenset(tables), lists_tables)


def _nodes(value: object) -> Iterator[dict[str, Any]]:
    """Every object of a JSON tree; a stack, since long expressions nest deeper than Python calls may."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            node = cast("dict[str, Any]", item)
            yield node
            stack.extend(node.values())
        elif isinstance(item, list):
            stack.extend(cast("list[object]", item))
