"""A PostgreSQL server of the tests' own, and fresh databases on it."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

import psycopg
from sqlalchemy import make_url

from quantmill.state.engine import open_state

# Sorts unlike SQLite and Python do, which shows where a result leans on the database's order of texts.
CLUSTER = ("--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US")
# Nothing of a test outlives a crash, so nothing is flushed.
SERVER = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "max_connections=200",
)
START_S = 60.0


def find_binaries() -> Path | None:
    """Folder with `initdb` and `postgres`: that of the command search path, else Debian's newest."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    versions = [found.parent for found in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(versions, key=lambda folder: float(folder.parent.name), default=None)


@dataclass
class PostgresServer:
    """A server on which databases may be made; `url` leads to one that is there already."""

    url: str
    _template: str = ""
    _names: list[str] = field(default_factory=list[str])

    def fresh(self) -> str:
        """URL of a new database with the tables of a state, copied from one that was migrated."""
        if not self._template:
            url = self.empty()
            open_state(url).close()
            self._template = self._names.pop()
        return self._create(f'TEMPLATE "{self._template}"')

    def empty(self) -> str:
        """URL of a new database without tables."""
        return self._create("")

    def copy(self, url: str) -> str:
        """URL of a copy of a database, to which nobody may be connected."""
        return self._create(f'TEMPLATE "{make_url(url).database}"')

    def drop(self, url: str) -> None:
        """Drop a database made here, whoever is still connected."""
        name = str(make_url(url).database)
        self._names.remove(name)
        self.run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def run(self, statement: str) -> None:
        """Run a statement as the server's administrator."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def close(self) -> None:
        """Drop all that was made."""
        for name in (*self._names, *filter(None, [self._template])):
            self.run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _create(self, how: str) -> str:
        name = f"quantmill_test_{token_hex(6)}"
        self.run(f'CREATE DATABASE "{name}" {how}')
        self._names.append(name)
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def own_server(binaries: Path) -> Generator[str]:
    """Start a server that only this user (as root: user postgres or nobody) can reach; yields a URL."""
    folder = Path(tempfile.mkdtemp(prefix="quantmill-postgres-"))
    data, log = folder / "data", folder / "log"
    user = _server_user()
    if user is not None:
        shutil.chown(folder, user)
    try:
        subprocess.run(
            [binaries / "initdb", "-D", data, "-A", "trust", "-U", "quantmill", "--no-sync", *CLUSTER],
            check=True,
            capture_output=True,
            user=user,
            cwd=folder,
        )
        options = [word for setting in SERVER for word in ("-c", setting)]
        with log.open("wb") as output:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", *options],
                stdout=output,
                stderr=subprocess.STDOUT,
                user=user,
                cwd=folder,
            )
        try:
            url = f"postgresql://quantmill@/postgres?host={folder}"
            _wait_until_ready(url, server, log)
            yield url
        finally:
            # A fast shutdown: connections are cut.
            server.send_signal(signal.SIGINT)
            server.wait(timeout=60)
    finally:
        shutil.rmtree(folder)


def _server_user() -> str | None:
    """Whom the server runs as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return "nobody"


def _wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the PostgreSQL server does not start: {log.read_text()}") from None
            time.sleep(0.02)
        else:
            return
