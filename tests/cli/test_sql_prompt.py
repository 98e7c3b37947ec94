"""The prompt of `quantmill sql` on a real pseudo-terminal, and queries from standard input."""

import io
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantmill.testing.lakes import make_bars
from quantmill.verbs.mill import Mill
from tests.command_line import Finished, command

PROMPT = "quantmill> "
GOES_ON = "      ...> "
LONG = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b;"
PATIENCE_S = 60.0


# The process takes the pseudo-terminal as its own, so that Ctrl-C on it reaches the process.
START = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "quantmill.cli", *sys.argv[1:]])
"""


class Terminal:
    """A process on a pseudo-terminal."""

    def __init__(self, *words: str) -> None:
        self._screen, end = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", START, *words],
            stdin=end,
            stdout=end,
            stderr=end,
            start_new_session=True,
            env=os.environ | {"TERM": "dumb", "COLUMNS": "100"},
        )
        os.close(end)

    def type(self, text: str, *, until: str = PROMPT) -> str:
        """Type, and give what is shown up to `until` at the end."""
        os.write(self._screen, text.encode())
        return self.read(until)

    def read(self, until: str) -> str:
        shown, deadline = "", time.monotonic() + PATIENCE_S
        while not shown.endswith(until):
            left = deadline - time.monotonic()
            assert left > 0, f"waited for {until!r}, saw {shown!r}"
            if select.select([self._screen], [], [], left)[0]:
                try:
                    shown += os.read(self._screen, 65_536).decode()
                except OSError:
                    break
        return re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", shown).replace("\r", "")

    def end(self) -> int:
        """The exit code."""
        code = self._process.wait(PATIENCE_S)
        os.close(self._screen)
        return code


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("prompt") / "home"
    with Mill.open(home) as mill:
        mill.lake.write("bars", make_bars("SPY", 5))
    return home


@pytest.fixture(scope="module")
def terminal(home: Path) -> Iterator[Terminal]:
    """A prompt that several tests type at; each leaves it empty."""
    terminal = Terminal("sql", "--home", str(home), "--limit", "4")
    assert "of snapshot 1; a statement ends with a semicolon" in terminal.read(PROMPT)
    yield terminal
    terminal.type(".quit\n", until="\n")
    assert terminal.end() == 0


def test_the_prompt_answers_statements_over_many_lines(terminal: Terminal) -> None:
    terminal.type("SELECT symbol,\n", until=GOES_ON)
    shown = terminal.type("count(*) AS n FROM bars GROUP BY 1; SELECT ';' AS x;\n")

    assert re.search(r"SPY +5\n", shown)
    assert len(re.findall(r"1 row, \d+ ms, snapshot 1\n", shown)) == 2


def test_each_statement_sees_the_newest_snapshot(tmp_path: Path) -> None:
    with Mill.open(tmp_path / "home") as mill:
        mill.lake.write("bars", make_bars("SPY", 5))
        terminal = Terminal("sql", "--home", str(tmp_path / "home"))
        terminal.read(PROMPT)
        assert "snapshot 1\n" in terminal.type("SELECT count(*) AS n FROM bars;\n")
        mill.lake.write("bars", make_bars("SPY", 7))

        shown = terminal.type("SELECT count(*) AS n FROM bars;\n")

    assert re.search(r"\n7\n", shown)
    assert "snapshot 2\n" in shown
    assert terminal.type("\x04", until="\n").endswith("\n")
    assert terminal.end() == 0


def test_commands_and_errors_are_shown_and_the_prompt_stays(terminal: Terminal) -> None:
    assert re.search(r"\nbars\n", terminal.type(".tables\n"))
    assert re.search(r"ts +TIMESTAMP WITH TIME ZONE", terminal.type(".schema bars\n"))
    assert ".schema NAME" in terminal.type(".help\n")
    assert re.search(r"error: .foo is no command\nhint: ", terminal.type(".foo\n"))
    assert re.search(r"error: .*nothing.*\nhint: tables are bars", terminal.type("FROM nothing;\n"))
    assert re.search(r"error: .*more than read\nhint: ", terminal.type("DROP VIEW bars;\n"))
    assert "error:" in terminal.type("SELEC 1;\n")
    assert "first 4 rows, --limit N shows more" in terminal.type("FROM bars;\n")


def test_ctrl_c_forgets_what_was_typed_and_stops_a_query(terminal: Terminal) -> None:
    terminal.type("SELECT 'never\n", until=GOES_ON)
    terminal.type("\x03")
    terminal.type(f"{LONG}\n", until="\n")
    # Long enough for the query to run; it has no end of its own.
    time.sleep(1.0)

    started = time.monotonic()
    terminal.type("\x03")

    # The query alone would take hours.
    assert time.monotonic() - started < 20
    assert re.search(r"\none\n─+\n  1\n", terminal.type("SELECT 1 AS one;\n"))


def test_lines_typed_before_come_back(home: Path) -> None:
    for number in (1, 2):
        terminal = Terminal("sql", "--home", str(home))
        terminal.read(PROMPT)
        # Arrow up twice in the second terminal: past its own end, to the first one's query.
        shown = terminal.type("SELECT 41 + 1 AS answer;\n" if number == 1 else "\x1b[A\x1b[A\n")
        assert "42" in shown
        terminal.type(".quit\n", until="\n")
        assert terminal.end() == 0


def test_a_query_comes_from_standard_input(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def piped(text: str, *words: str) -> Finished:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        return command("sql", *words, home=home)

    assert piped("SELECT count(*) AS n\nFROM bars;\n", "--json").document == [{"n": 5}]
    assert piped("SELECT 1 AS x", "-", "--json").document == [{"x": 1}]
    empty = piped("")
    assert empty.code == 2
    assert "standard input" in empty.err


def test_a_prompt_needs_a_terminal_and_a_home(home: Path, tmp_path: Path) -> None:
    terminal = Terminal("sql", "--home", str(home), "--json")
    assert "a prompt takes no --json" in terminal.read("\n")
    assert terminal.end() == 2
    lost = Terminal("sql", "--home", str(tmp_path / "none"))
    assert "no quantmill home" in lost.read("makes one\n")
    assert lost.end() == 3
    assert command("sql", "SELECT 1 AS x", "--json", home=home).document == [{"x": 1}]
