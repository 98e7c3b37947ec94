"""What every test shares: Hypothesis profiles, a common numba cache, real data, databases, records of proofs."""

import logging
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent

from quantmill.core.version import code_stamp  # noqa: E402 - loads no kernel

# Set before anything imports numba: the processes of a run, and the next run of the same code, share compiled kernels.
os.environ.setdefault("NUMBA_CACHE_DIR", str(REPOSITORY / ".cache" / f"numba-{code_stamp()}"))

import pytest  # noqa: E402 - after the variable above
from hypothesis import HealthCheck, settings  # noqa: E402 - likewise

from quantmill.state.engine import State, open_state  # noqa: E402 - likewise
from tests.databases import Databases, Place  # noqa: E402 - likewise
from tests.postgres_server import PostgresServer, find_binaries, own_server  # noqa: E402 - likewise
from tests.proof_table import Figure, ProofRow, append_section, current_commit  # noqa: E402 - likewise
from tests.s3_server import S3Server, own_s3_server  # noqa: E402 - likewise

# No deadline: the first call of a kernel compiles it. A continuous-integration run repeats the same examples.
settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("local"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

PROOFS = pytest.StashKey[list[ProofRow]]()
PROOF = pytest.StashKey[ProofRow]()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real bars (`bars/`, `originals/` …); skips where there is none."""
    named = os.environ.get("QUANTMILL_REAL_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not (folder / "bars").is_dir():
        pytest.skip(f"no real data in {named or '../shared/data'}; QUANTMILL_REAL_DATA names another folder")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The PostgreSQL server that QUANTMILL_TEST_POSTGRES names, else one that this process starts."""
    named, binaries = os.environ.get("QUANTMILL_TEST_POSTGRES"), find_binaries()
    if named:
        with closing(PostgresServer(named)) as server:
            yield server
    elif binaries is not None:
        with own_server(binaries) as url:
            yield PostgresServer(url)
    else:
        missing = "no PostgreSQL server: install one, or name a database's URL in QUANTMILL_TEST_POSTGRES"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """A server of the S3 protocol that this process starts."""
    with own_s3_server() as server:
        yield server


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Makes state databases; each test that uses it, or what is built on it, runs on both kinds."""
    made = Databases(request.getfixturevalue("postgres") if request.param == "postgres" else None)
    with made.dropping():
        yield made


@pytest.fixture
def state_place(databases: Databases, tmp_path: Path) -> Iterator[Place]:
    """Where an empty state database is."""
    with databases.dropping():
        yield databases.fresh(tmp_path)


@pytest.fixture
def state(state_place: Place) -> Iterator[State]:
    """An empty state database, opened."""
    opened = open_state(state_place)
    yield opened
    opened.close()


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """All that our loggers say, also after a test of the command line kept their lines from going further."""
    logger = logging.getLogger("quantmill")
    before = logger.level
    logger.addHandler(caplog.handler)
    logger.setLevel(logging.DEBUG)
    with caplog.at_level(logging.DEBUG):
        yield caplog
    logger.removeHandler(caplog.handler)
    logger.setLevel(before)


@pytest.fixture
def record_proof(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Function `(name, **figures)` that keeps figures for docs/proofs.md; later calls add to earlier ones."""
    row = request.node.stash.setdefault(PROOF, ProofRow(request.node.name))

    def record(name: str, **figures: Figure) -> None:
        row.name = name
        row.figures.update(figures)

    return record


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--proofs", metavar="PAGE", help="append results of the proofs to this Markdown page")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[PROOFS] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if item.get_closest_marker("prove") is None:
        return report
    row = item.stash.setdefault(PROOF, ProofRow(item.name))
    row.duration_s += call.duration
    if report.when == "call" or report.outcome != "passed":
        row.result = {"passed": "holds", "failed": "**fails**", "skipped": "not run"}[report.outcome]
    if report.when == "teardown":
        item.config.stash[PROOFS].append(row)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    page, rows = session.config.getoption("--proofs"), session.config.stash[PROOFS]
    if page and rows:
        append_section(Path(page), rows, commit=current_commit(REPOSITORY))
