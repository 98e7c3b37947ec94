"""Processes that work on one lake at the same time."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.databases import Place

REPOSITORY = Path(__file__).parents[2]


class Actor:
    """A process of a program in this folder: started at once, set to work by `go`, killed when the stack ends."""

    def __init__(
        self, stack: ExitStack, program: str, home: Path, state: Place, role: str, number: int = 0
    ) -> None:
        command = [
            sys.executable,
            "-m",
            f"tests.workflows.{program}",
            role,
            str(home),
            str(state),
            "--number",
            str(number),
        ]
        pipe = subprocess.PIPE
        # One thread each: the point is many processes, not their speed.
        environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
        self.process = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )
        stack.callback(self.end)

    def hear(self) -> str:
        """The next line it says, empty when it is dead."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def go(self) -> None:
        """Wait until it is ready, then set it to work."""
        assert self.hear() == "ready\n", self.process.communicate()[1]
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def finish(self) -> str:
        """What it said until its end, which must be a good one."""
        said, wrong = self.process.communicate(timeout=1800)
        assert self.process.returncode == 0, wrong
        return said

    def end(self) -> None:
        """Kill it, if it still runs."""
        self.process.kill()
        self.process.communicate()
