"""Which files a request may name."""

from pathlib import Path

import pytest

from quantmill.config.settings import WebSettings
from quantmill.errors import UsageError
from quantmill.verbs.import_bars import ImportRequest
from quantmill.verbs.simulate import SimulateRequest
from quantmill.web.named_files import check_files
from tests.api.conftest import Connect


@pytest.fixture
def bars_file(tmp_path: Path) -> Path:
    path = tmp_path / "inbox" / "SPY.csv"
    path.parent.mkdir()
    path.write_text("ts,open,high,low,close,volume\n", encoding="utf-8")
    return path


def check(*paths: Path, folders: tuple[Path, ...] = (), is_local: bool = True) -> None:
    settings = WebSettings(import_folders=tuple(map(str, folders)))
    check_files(ImportRequest(paths=paths), settings, is_local=is_local)


def test_this_machine_may_name_bar_files(bars_file: Path) -> None:
    check(bars_file)


def test_a_folder_may_be_named_only_where_folders_are_open(bars_file: Path) -> None:
    # A folder may hold a browser's database beside its bars.
    with pytest.raises(UsageError, match="no file of bars"):
        check(bars_file.parent)

    check(bars_file.parent, folders=(bars_file.parent,))


def test_another_machine_may_name_files_in_open_folders_only(bars_file: Path) -> None:
    with pytest.raises(UsageError, match="another machine"):
        check(bars_file, is_local=False)

    check(bars_file, folders=(bars_file.parent,), is_local=False)


def test_open_folders_close_all_others(bars_file: Path, tmp_path: Path) -> None:
    link = tmp_path / "open" / "SPY.csv"
    link.parent.mkdir()
    link.symlink_to(bars_file)

    for path in (bars_file, link, link.parent / ".." / "inbox" / "SPY.csv"):
        with pytest.raises(UsageError, match="outside"):
            check(path, folders=(link.parent,))


def test_files_that_are_no_bars_are_refused_wherever_a_link_leads(bars_file: Path, tmp_path: Path) -> None:
    secret = tmp_path / "id_rsa"
    secret.write_text("secret", encoding="utf-8")
    link = tmp_path / "innocent.csv"
    link.symlink_to(secret)

    for path in (secret, link, Path("/dev/zero")):
        with pytest.raises(UsageError, match="no file of bars"):
            check(path)


def test_databases_need_an_open_folder(tmp_path: Path) -> None:
    cookies = tmp_path / "cookies.sqlite"
    cookies.write_bytes(b"SQLite format 3\0")

    with pytest.raises(UsageError, match="no file of bars"):
        check(cookies)

    check(cookies, folders=(tmp_path,))


def test_a_path_must_be_absolute_and_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="absolute"):
        check(Path("bars.csv"))
    with pytest.raises(UsageError, match="no file"):
        check(tmp_path / "none.csv")


def test_every_field_with_a_path_is_checked(tmp_path: Path) -> None:
    request = SimulateRequest(predictions=Path("predictions.parquet"), symbol="SPY")

    with pytest.raises(UsageError, match="absolute"):
        check_files(request, WebSettings(), is_local=True)


def test_an_import_of_a_file_that_is_not_there_is_a_problem(connect: Connect, home: Path) -> None:
    answer = connect(home).post("/api/import", json={"paths": ["/nowhere/bars.csv"]})

    assert answer.status_code == 422
    assert not home.exists()
