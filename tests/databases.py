"""Fresh state databases of each kind, so that one test runs on both."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.postgres_server import PostgresServer

# What `open_state` takes: the path of an SQLite file, or the URL of a PostgreSQL database.
Place = Path | str


@dataclass
class Databases:
    """Makes state databases on a server, or as files where there is none."""

    server: PostgresServer | None
    _urls: list[str] = field(default_factory=list[str])

    def fresh(self, folder: Path) -> Place:
        """Where a new state database is; an SQLite file lies in `folder`, made when absent."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.server is None:
            return folder / "state.db"
        self._urls.append(self.server.fresh())
        return self._urls[-1]

    def copy(self, place: Place, folder: Path) -> Place:
        """Where a copy of a database is, to which nobody may be connected."""
        if isinstance(place, Path):
            return Path(shutil.copy(place, self.fresh(folder)))
        assert self.server is not None
        folder.mkdir(parents=True, exist_ok=True)
        self._urls.append(self.server.copy(place))
        return self._urls[-1]

    @contextmanager
    def named_in_environment(self, folder: Path) -> Generator[Place]:
        """A new database that the home `folder` keeps its state in, within the block."""
        place = self.fresh(folder)
        with pytest.MonkeyPatch.context() as environment:
            if isinstance(place, str):
                environment.setenv("QUANTMILL_STATE_URL", place)
            yield place

    @contextmanager
    def dropping(self) -> Generator[None]:
        """Drop the databases made within the block, at its end."""
        n_before = len(self._urls)
        try:
            yield
        finally:
            while len(self._urls) > n_before:
                assert self.server is not None
                self.server.drop(self._urls.pop())
