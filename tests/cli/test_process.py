"""The command as its own process: start-up, pure standard output, closed pipes."""

import resource
import subprocess
import sys
from pathlib import Path

HEAVY = ("polars", "numba", "numpy", "pandas", "sqlalchemy", "duckdb", "sklearn", "pydantic")
QUANTMILL = [sys.executable, "-m", "quantmill.cli"]


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from quantmill.cli.main import main\n"
        "main(['--help'])\n"
        f"sys.stderr.write(','.join(sorted({set(HEAVY)!r} & set(sys.modules))))"
    )

    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert finished.stderr == ""


def test_help_takes_less_than_half_a_second() -> None:
    # CPU seconds, which on an idle machine are wall seconds: a busy one must not fail this.
    durations: list[float] = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*QUANTMILL, "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        durations.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    assert min(durations) < 0.5


def test_standard_output_is_pure_and_the_pipe_may_close(tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    words = ["ingest", "SPY", "--start", "2023-01-03", "--end", "2023-01-05", "--home", home]
    stored = subprocess.run([*QUANTMILL, *words, "--json"], capture_output=True, text=True, check=True)
    assert stored.stdout.startswith('{"rows_read": 780')
    assert stored.stdout.count("\n") == 1

    piped = subprocess.run(
        f'"{sys.executable}" -m quantmill.cli bars SPY --home "{home}" --json | head -c 20',
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )

    assert piped.stdout == '[{"ts": "2023-01-03T'
    assert piped.stderr == ""


def test_exit_code_reaches_the_shell(tmp_path: Path) -> None:
    finished = subprocess.run(
        [*QUANTMILL, "symbols", "--home", str(tmp_path / "none")], capture_output=True, check=False
    )

    assert finished.returncode == 3
    assert finished.stdout == b""
