"""Editing of typed lines: arrow keys, Tab, and the lines typed before, kept in a file."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

try:
    import readline
except ImportError:  # Python may be built without it: lines are then typed plainly.
    readline = None

__all__ = ["LineHistory"]

_KEPT_LINES: Final = 1000


class LineHistory:
    """While it is entered, `input` offers the lines of the file, and Tab the given words."""

    def __init__(self, path: Path, *, words: Sequence[str]) -> None:
        self._path = path
        self._words = words

    def __enter__(self) -> "LineHistory":
        if readline is not None:
            with contextlib.suppress(OSError):
                readline.read_history_file(self._path)
            readline.set_history_length(_KEPT_LINES)
            readline.set_completer(self._complete)
            readline.set_completer_delims(" \t\n,;()=<>")
            is_libedit = "libedit" in (readline.__doc__ or "")
            readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if readline is not None:
            readline.set_completer(None)
            with contextlib.suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                readline.write_history_file(self._path)

    def _complete(self, text: str, at: int) -> str | None:
        found = [word for word in self._words if word.startswith(text.lower())]
        return found[at] if at < len(found) else None
