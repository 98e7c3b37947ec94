"""The home that a server works on, opened when something first needs it."""

import threading
from pathlib import Path

from quantmill.core.clock import Clock
from quantmill.verbs.mill import Mill
from quantmill.verbs.registry import Access

__all__ = ["ServedHome"]


class ServedHome:
    """One home for all requests; it may not exist until somebody stores something."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock
        self._lock = threading.Lock()
        self._opened: Mill | None = None
        self.unopened = Mill.unopened(root, clock=clock)

    def mill(self, access: Access) -> Mill:
        """The home as a verb of this access needs it: made, existing, or only its settings.

        Raises:
            NotFoundError: If something is to be read and there is no home.
            ConfigError: If the home cannot be used.
        """
        existing = self.existing()
        if existing is not None:
            return existing
        if access == "writes":
            return self._open()
        if access == "reads":
            self.unopened.require_home()
        return self.unopened

    def existing(self) -> Mill | None:
        """The home if there is one."""
        is_there = self.unopened.home.exists or self.unopened.settings.state_url is not None
        return self._open() if is_there else None

    def close(self) -> None:
        """Give back the database's connections."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _open(self) -> Mill:
        with self._lock:
            if self._opened is None:
                self._opened = Mill.open(self._root, clock=self._clock)
            return self._opened
