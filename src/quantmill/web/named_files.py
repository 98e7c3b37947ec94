"""Which files of the server's machine a request may name."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from quantmill.config.settings import WebSettings
from quantmill.errors import UsageError
from quantmill.providers.files.formats import Kind, kind_of
from quantmill.verbs.request import Request

__all__ = ["check_files"]

# Files that hold bars and nothing else; a database may hold anything, such as a browser's cookies.
_HARMLESS: Final[frozenset[Kind]] = frozenset({"csv", "parquet", "tree", "lean"})


def check_files(request: Request, settings: WebSettings, *, is_local: bool) -> None:
    """Refuse a path that a caller of this server has no business with.

    A path is absolute, exists, and can be read. Where the setting `web.import_folders` names folders, it
    lies below one of them, wherever links lead. Where it names none, only callers on this machine may
    name paths: files of bars, but no databases and no folders, which may hold some, since a rejected row is shown as
    it was read and anything else would be shown with it. A machine with users who must not see each other's files
    needs `web.token` or `web.import_folders`.

    Raises:
        UsageError: If a path may not be named.
    """
    folders = [Path(folder).expanduser().resolve() for folder in settings.import_folders]
    for path in _paths(request):
        if not path.is_absolute():
            raise UsageError(
                f"{str(path)!r} is no absolute path", hint="the server does not know your folder"
            )
        if not folders and not is_local:
            raise UsageError(
                "files cannot be named from another machine",
                hint="the setting web.import_folders opens folders of the server",
            )
        found = _resolved(path)
        if folders and not any(found.is_relative_to(folder) for folder in folders):
            raise UsageError(
                f"{path} lies outside the folders that are open to requests",
                hint="the setting web.import_folders names them",
            )
        kind = kind_of(found) if found.is_file() else None
        if not (kind in _HARMLESS or (folders and (kind is not None or found.is_dir()))):
            raise UsageError(
                f"{path} is no file of bars that requests may name",
                hint="CSV, Parquet and LEAN files; the setting web.import_folders opens databases and folders too",
            )
        if not os.access(found, os.R_OK):
            raise UsageError(f"{path} cannot be read by the server", hint="change its permissions")


def _resolved(path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except (OSError, ValueError) as error:
        raise UsageError(f"there is no file or folder {str(path)!r}", hint="nothing was read") from error


def _paths(request: Request) -> Iterator[Path]:
    for name in type(request).model_fields:
        value: object = getattr(request, name)
        for item in value if isinstance(value, tuple) else (value,):  # pyright: ignore[reportUnknownVariableType]
            if isinstance(item, Path):
                yield item
