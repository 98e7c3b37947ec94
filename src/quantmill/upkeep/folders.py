"""How much a folder holds."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FolderSize", "measure_folder"]


@dataclass(frozen=True, slots=True)
class FolderSize:
    """Files of a folder at any depth, their bytes, and when the newest was changed, seconds since 1970 UTC."""

    files: int
    n_bytes: int
    modified_s: float


def measure_folder(folder: Path) -> FolderSize:
    """The size of a folder; of one that is not there, nothing. Files that vanish meanwhile are left out."""
    files, n_bytes, modified_s = 0, 0, 0.0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            facts = path.lstat()
            if path.is_dir() and not path.is_symlink():
                continue
            files += 1
            n_bytes += facts.st_size
            modified_s = max(modified_s, facts.st_mtime)
    return FolderSize(files, n_bytes, modified_s)
