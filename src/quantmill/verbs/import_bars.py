"""The verb `import`: bars from files into the lake."""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from quantmill.config.settings import DriftSettings
from quantmill.core.progress import Progress
from quantmill.ingest.importing import import_files
from quantmill.ingest.source_baseline import DriftKind
from quantmill.ingest.source_check import DriftRules
from quantmill.ingest.spikes import SpikeLimits
from quantmill.ingest.validation import ValidationRules
from quantmill.providers.files.formats import FileFormat
from quantmill.providers.files.options import FileOptions
from quantmill.verbs.ingest_report import Ingested
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import POSITIONAL, Flag, FromSetting, ParameterValue, Request, Symbol
from quantmill.verbs.source_name import SourceName
from quantmill.verbs.working import work

__all__ = ["READS_ONLY", "ImportRequest", "run"]

READS_ONLY: Final = False


class ImportRequest(Request):
    """Store bars from CSV, Parquet, LEAN, DuckDB and SQLite files.

    Folders are searched at any depth, also trees such as SPY/dt=2024-03-12/. Importing the same files again stores nothing new.
    A file that lacks a column its source used to have, or has one of another type, waits for `schema accept`.
    """

    paths: Annotated[tuple[Path, ...], POSITIONAL] = Field(min_length=1, description="Files and folders.")
    format: FileFormat = Field(default="auto", description="auto goes by each file's name.")
    table: str | None = Field(
        default=None, description="Table of DuckDB and SQLite files; otherwise the only one that fits."
    )
    symbol: Symbol | None = Field(default=None, description="Symbol of all rows, where the files carry none.")
    tz: str | None = Field(default=None, description="Zone of times without one, such as US/Central.")
    label: Literal["start", "end"] = Field(
        default="start", description="Whether a row's time is its bar's start or end."
    )
    columns: Annotated[dict[str, ParameterValue], Flag("--map")] = Field(
        default_factory=dict[str, ParameterValue],
        description="A column of the files and ours, such as px_last=close; repeatable.",
    )
    on_conflict: Annotated[Literal["keep", "replace", "fail"] | None, FromSetting("ingest.on_conflict")] = (
        Field(
            default=None,
            description="What happens to stored rows that differ.",
        )
    )
    source: SourceName | None = Field(
        default=None,
        description="Name of the source whose columns are watched, such as polygon; otherwise FORMAT:FOLDER.",
    )
    auto_update: Annotated[bool | None, FromSetting("drift.auto_update")] = Field(
        default=None, description="Take new columns of the source without asking."
    )
    spikes: bool = Field(
        default=True, description="Put prices that jump away and are back at once into quarantine."
    )


def run(mill: Mill, request: ImportRequest, progress: Progress) -> Ingested:
    """Reads, checks and stores in one commit; a file that cannot be read or waits stops no other.

    Raises:
        UsageError: If a path does not exist or an option cannot be meant.
        BadBarsError: If no file holds a row that can be stored.
        SymbolKindError: If a symbol holds synthetic bars here; nothing is stored.
        ConflictError: If rows differ from stored ones under `fail`; nothing is stored.
    """
    options = FileOptions(
        file_format=request.format,
        symbol=request.symbol,
        tz=request.tz,
        label=request.label,
        mapping={name: str(value) for name, value in request.columns.items()},
        table=request.table,
    )
    settings = mill.settings.ingest
    limits = SpikeLimits(min_frac=settings.spike_limit_frac) if request.spikes else None
    report = work(
        mill,
        "import",
        ([str(path.resolve()) for path in request.paths], request.model_dump(mode="json", exclude={"paths"})),
        lambda context: import_files(
            mill.lake,
            request.paths,
            options=options,
            rules=ValidationRules(limits),
            on_conflict=request.on_conflict or settings.on_conflict,
            source=request.source,
            drift=_drift_rules(mill.settings.drift, request.auto_update),
            progress=context,
            completing=context.completing,
        ),
        progress=progress,
    )
    return Ingested.of(report)


def _drift_rules(settings: DriftSettings, auto_update: bool | None) -> DriftRules:
    alerts: dict[DriftKind, bool] = {
        "new": settings.alert_new,
        "missing": settings.alert_missing,
        "type": settings.alert_type,
    }
    return DriftRules(
        settings.auto_update if auto_update is None else auto_update,
        frozenset(kind for kind, is_on in alerts.items() if is_on),
    )
