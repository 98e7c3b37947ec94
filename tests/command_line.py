"""Runs the command line within the test process, which spares the start-up of a process per call."""

import contextlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantmill.cli.main import main


@dataclass(frozen=True)
class Finished:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - whatever the command answers
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


def command(*words: str | Path, home: Path | None = None) -> Finished:
    """What `quantmill WORDS` prints and returns."""
    out, err = io.StringIO(), io.StringIO()
    arguments: Sequence[str] = [*(["--home", str(home)] if home is not None else []), *map(str, words)]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(arguments)
    return Finished(code, out.getvalue(), err.getvalue())


def answer(*words: str | Path, home: Path | None = None) -> Any:  # noqa: ANN401 - likewise
    """The JSON document of a command that must succeed."""
    finished = command(*words, "--json", home=home)
    assert finished.code == 0, finished.out + finished.err
    return finished.document
