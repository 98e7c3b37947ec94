"""Progress bars on standard error."""

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

__all__ = ["TerminalProgress"]


class TerminalProgress:
    """Shows a bar while standard error is a terminal; warnings are shown in any case."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
        )
        self._bars = Progress(
            *columns, console=self._console, transient=True, disable=not sys.stderr.isatty()
        )
        self._task: TaskID | None = None

    def start(self, task: str, total: int) -> None:
        """Show a new bar, the old one ends."""
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._task = self._bars.add_task(task, total=total or None, note="")

    def advance(self, steps: int = 1, *, note: str = "") -> None:
        """Move the bar."""
        if self._task is not None:
            self._bars.update(self._task, advance=steps, note=note)

    def say(self, message: str) -> None:
        """Write one line above the bar."""
        self._console.print(message, markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> "TerminalProgress":
        self._bars.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._bars.stop()
