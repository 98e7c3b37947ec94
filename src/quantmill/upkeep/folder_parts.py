"""Retention of folders that can be made again, such as those of compiled kernels."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from quantmill.config.home import Home
from quantmill.core.instants import SECOND_US
from quantmill.errors import StoreError
from quantmill.upkeep.folders import FolderSize, measure_folder
from quantmill.upkeep.place import Place
from quantmill.upkeep.retention import Find

__all__ = ["Folders"]


@dataclass(frozen=True, slots=True)
class Folders:
    """Folders below one of the home, each removed as a whole.

    Attributes:
        parent: The folder that holds them.
        pattern: Their names.
        in_use: Folder that stays however old it is.
    """

    parent: Callable[[Home], Path]
    pattern: str
    in_use: Callable[[], Path | None]

    def find(self, place: Place, before_us: int | None) -> list[Find]:
        """Folders in which nothing was changed since an instant."""
        return [_find_of(folder, size) for folder, size in self._old(place, before_us)]

    def remove(self, place: Place, before_us: int) -> list[Find]:
        """Delete the folders.

        Raises:
            StoreError: If one cannot be deleted.
        """
        removed: list[Find] = []
        for folder, size in self._old(place, before_us):
            try:
                shutil.rmtree(folder)
            except OSError as error:
                raise StoreError(
                    f"{folder} cannot be removed: {error.strerror}", hint="look at the rights of the folder"
                ) from error
            removed.append(_find_of(folder, size))
        return removed

    def _old(self, place: Place, before_us: int | None) -> list[tuple[Path, FolderSize]]:
        used = self.in_use()
        measured = [
            (folder, measure_folder(folder))
            for folder in sorted(self.parent(place.home).glob(self.pattern))
            if folder.is_dir()
        ]
        if before_us is None:
            return measured
        return [
            (folder, size)
            for folder, size in measured
            if size.modified_s * SECOND_US < before_us
            and (used is None or folder.resolve() != used.resolve())
        ]


def _find_of(folder: Path, size: FolderSize) -> Find:
    return Find("folder", folder.name, "", "", size.files, 0, size.n_bytes)
