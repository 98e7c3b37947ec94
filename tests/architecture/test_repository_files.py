"""What no file of the repository may hold: registry hosts, paths of one machine, keys."""

import re

from tests.architecture.source_files import REPOSITORY, name_of, repository_paths

FORBIDDEN = {
    "a package registry's address": r"https?://\S*(?:pypi|pythonhosted|npmjs|artifactory)\b|--(?:extra-)?index-url",
    "a file address": r"\bfile:///\w",
    "a home folder": r"(?<![\w.])/(?:home|Users)/\w+/|(?<![\w.])/root/",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
    "a cloud key": r"\bAKIA[0-9A-Z]{16}\b",
    "a broker key": r"\b[PA]K[A-Z0-9]{18}\b",
    "a forge token": r"\bgh[pousr]_[A-Za-z0-9]{30,}|\bglpat-[\w-]{20,}",
    "a secret": r"(?i)(?:secret|api|access)[_-]?(?:key|token)[\"']?\s*[:=]\s*[\"'][A-Za-z0-9/+]{20,}[\"']",
}
BINARY_SUFFIXES = {".parquet", ".png", ".skops", ".gz", ".xz", ".zip"}


def test_no_file_holds_addresses_or_keys() -> None:
    found = [
        f"{name_of(path)}:{number}: {what}"
        for path in repository_paths()
        if path.suffix not in BINARY_SUFFIXES and path.name != "test_repository_files.py"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for what, pattern in FORBIDDEN.items()
        if re.search(pattern, line)
    ]

    assert not found, "\n".join(found)


def test_no_large_file() -> None:
    large = [name_of(path) for path in repository_paths() if path.stat().st_size > 1_000_000]

    assert not large, f"above 1 MB: {large}; data and results do not belong in the repository"


def test_constraints_are_names_and_versions() -> None:
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line)] == []
