"""The prompt of `quantmill sql`: statements over many lines, each answered from the newest snapshot."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import polars as pl
from rich.console import Console

from quantmill.cli.everywhere import Everywhere
from quantmill.cli.exit_codes import DONE
from quantmill.cli.line_history import LineHistory
from quantmill.cli.sql_statements import split_statements
from quantmill.cli.table import show_frame
from quantmill.core.progress import NO_PROGRESS
from quantmill.errors import QuantmillError, UsageError
from quantmill.verbs.mill import Mill
from quantmill.verbs.registry import Verb
from quantmill.verbs.request_reading import read_request

__all__ = ["PROMPT_ROWS", "SqlPrompt", "prompt_for"]

PROMPT_ROWS: Final = 1000
_PROMPT: Final = "quantmill> "
_GOES_ON: Final = "      ...> "
_HELP: Final = """\
A statement ends with a semicolon and may take several lines; it only reads, and sees the newest snapshot.
.tables         the views
.schema NAME    the columns of a view
.help           this text
.quit           leave; so does Ctrl-D
Ctrl-C          forget what was typed, or stop the running query"""
_COMMANDS: Final = (".tables", ".schema", ".help", ".quit")


def prompt_for(
    verb: Verb, everywhere: Everywhere, values: Mapping[str, Any], typed: str, *, has_out: bool
) -> int:
    """Ask a person for the field `typed` of a verb again and again; the exit code.

    Raises:
        UsageError: If an option makes sense for one answer alone, or the answers would not be seen.
        NotFoundError: If there is no home.
    """
    if everywhere.as_json or has_out or not sys.stdout.isatty():
        raise UsageError(
            f"a prompt takes no --json, --out or redirected output, and no {typed} is given",
            hint=f"add the {typed}, or - to read it from standard input",
        )
    limit: int | None = read_request(verb.request_type(), {**values, typed: "SELECT 1"}, flags=True).limit
    with Mill.existing(everywhere.home_or(verb.default_home)) as mill:

        def ask(text: str, limit: int) -> pl.DataFrame:
            request = read_request(verb.request_type(), {typed: text, "limit": limit})
            return cast("pl.DataFrame", verb.run()(mill, request, NO_PROGRESS))

        history = mill.home.root / "cache" / "sql_history"
        return SqlPrompt(ask, mill.lake.snapshot, history=history, limit=limit).run()


class SqlPrompt:
    """Reads statements from a terminal until it is left; an error is shown and the prompt goes on."""

    def __init__(
        self,
        ask: Callable[[str, int], pl.DataFrame],
        snapshot: Callable[[], int],
        *,
        history: Path,
        limit: int | None,
    ) -> None:
        """Take what answers.

        Args:
            ask: Answers a statement with at most so many rows.
            snapshot: Tells the newest snapshot.
            history: File of the lines typed here before; made when absent.
            limit: Rows that a statement may give, 1,000 when None.
        """
        self._ask = ask
        self._snapshot = snapshot
        self._history = history
        self._limit = PROMPT_ROWS if limit is None else limit
        self._console = Console(soft_wrap=False)

    def run(self) -> int:
        """Answer until the person leaves; the exit code."""
        tables = self._tables()
        self._say(
            f"{len(tables)} views of snapshot {self._snapshot()}; a statement ends with a semicolon; .help helps"
        )
        with LineHistory(self._history, words=[*tables, *_COMMANDS]):
            typed = ""
            while True:
                try:
                    line = input(_GOES_ON if typed else _PROMPT)
                    if not typed and line.strip().startswith("."):
                        if not self._command(line.split()):
                            return DONE
                        continue
                    statements, typed = split_statements(f"{typed}\n{line}" if typed else line)
                    for statement in statements:
                        self._answer(statement)
                except KeyboardInterrupt:
                    typed = ""
                    self._say("")
                except EOFError:
                    self._say("")
                    return DONE
                except QuantmillError as error:
                    self._say_error(error)

    def _command(self, words: Sequence[str]) -> bool:
        """Do a command; False when it is the one that leaves."""
        match list(words):
            case [".quit" | ".exit"]:
                return False
            case [".help"]:
                self._say(_HELP)
            case [".tables"]:
                self._say("\n".join(self._tables()))
            case [".schema", name]:
                quoted = name.rstrip(";").replace('"', '""')
                columns = self._ask(f'DESCRIBE "{quoted}"', PROMPT_ROWS)
                show_frame(columns.select("column_name", "column_type"), self._console)
            case [".schema", *_]:
                raise UsageError(".schema takes the name of one view", hint="such as .schema bars")
            case _:
                raise UsageError(f"{words[0]} is no command", hint=f"commands are {', '.join(_COMMANDS)}")
        return True

    def _tables(self) -> list[str]:
        return self._ask("SHOW TABLES", PROMPT_ROWS)["name"].to_list()

    def _answer(self, statement: str) -> None:
        before, started = self._snapshot(), time.perf_counter()
        # One row more than shown tells whether there are more.
        rows = self._ask(statement, self._limit + 1)
        took_ms = (time.perf_counter() - started) * 1000
        after = self._snapshot()
        shown = rows.head(self._limit)
        show_frame(shown, self._console, rest_hint="name columns, or aggregate")
        more = f"first {shown.height:,} rows, --limit N shows more" if rows.height > shown.height else ""
        count = more or f"{shown.height:,} row{'' if shown.height == 1 else 's'}"
        # A commit in between: the answer is of one of the two.
        of = f"snapshot {after}" if before == after else f"snapshot {before} or {after}"
        self._say(f"{count}, {took_ms:,.0f} ms, {of}")

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _say_error(self, error: QuantmillError) -> None:
        hint = f"hint: {error.hint}\n" if error.hint else ""
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n{hint}")
        sys.stderr.flush()
