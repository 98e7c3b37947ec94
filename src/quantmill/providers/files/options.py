"""What a person tells about files that the files do not say themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from quantmill.errors import UsageError
from quantmill.providers.files.formats import FILE_FORMATS, FileFormat

__all__ = ["FEED", "PROVIDER", "FileOptions", "Label"]

PROVIDER: Final = "files"
FEED: Final = "import"

Label = Literal["start", "end"]


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How to read bar files.

    Attributes:
        file_format: Format of all files; `auto` goes by each file's name. In folders, files of another are left
            alone.
        symbol: Symbol of all rows, where the files do not carry one.
        tz: Time zone of times without one, such as `US/Central`.
        label: Whether a row's time is its bar's start or end; ends are moved back by one minute.
        mapping: Column names of the files to ours, or ours to theirs: `{"px_last": "close"}`.
        table: Table of a database file; without it the only one that fits.
    """

    file_format: FileFormat = "auto"
    symbol: str | None = None
    tz: str | None = None
    label: Label = "start"
    mapping: Mapping[str, str] = field(default_factory=dict[str, str])
    table: str | None = None

    def __post_init__(self) -> None:
        """Refuse a time zone or label that does not exist."""
        if self.tz is not None:
            try:
                ZoneInfo(self.tz)
            except (ZoneInfoNotFoundError, ValueError, IsADirectoryError) as error:
                raise UsageError(
                    f"no time zone {self.tz!r}", hint="use a name such as America/New_York, US/Central or UTC"
                ) from error
        if self.label not in {"start", "end"}:
            raise UsageError(f"label is {self.label!r}, needed start or end")
        if self.file_format not in FILE_FORMATS:
            raise UsageError(f"format is {self.file_format!r}, needed one of {', '.join(FILE_FORMATS)}")
