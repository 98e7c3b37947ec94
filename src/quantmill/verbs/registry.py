"""The one table of verbs: what each is called, where it lives, what it does in one line."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

__all__ = ["GROUPS", "VERBS", "Access", "Verb"]

Access = Literal["nothing", "reads", "writes"]


@dataclass(frozen=True, slots=True)
class Verb:
    """One use case; its module is imported on first use.

    Attributes:
        words: Name as typed: `train`, `features build`.
        module: Module in `quantmill.verbs`.
        request: Name of the request type in it.
        access: What it does with the home: nothing (it works without one), reads, writes.
        help: One line; the first line of the request type's docstring.
        default_home: Home of the command line when none is named.
        makes_home: Whether it may be the first thing done in a home; a mistyped home is refused by all others.
        opens_home: Whether the command line opens the home for it; opening brings the state to the newest schema.
    """

    words: str
    module: str
    request: str
    access: Access
    help: str
    default_home: str = "./data"
    makes_home: bool = False
    opens_home: bool = True

    @property
    def group(self) -> str | None:
        """`features` of `features build`, None of `train`."""
        group, blank, _ = self.words.partition(" ")
        return group if blank else None

    @property
    def name(self) -> str:
        """`build` of `features build`."""
        return self.words.rpartition(" ")[2]

    def request_type(self) -> Any:  # noqa: ANN401 - naming the type would import what this table avoids
        """The request type, a subclass of `quantmill.verbs.request.Request`."""
        return getattr(self._load(), self.request)

    def run(self) -> Callable[..., object]:
        """The function `run(mill, request, progress)`."""
        return self._load().run

    def extra(self, name: str, default: object = None) -> Any:  # noqa: ANN401 - whatever the module declares
        """A constant that the module may declare, such as the columns that fit a terminal."""
        return getattr(self._load(), name, default)

    def _load(self) -> Any:  # noqa: ANN401 - a module of ours
        return importlib.import_module(f"quantmill.verbs.{self.module}")


_TABLE: Final = (
    Verb("demo", "demo", "DemoRequest", "writes", "Show the whole line on a synthetic market.", "./data/demo", makes_home=True),
    Verb("import", "import_bars", "ImportRequest", "writes", "Store bars from CSV, Parquet, LEAN, DuckDB and SQLite files.", makes_home=True),
    Verb("ingest", "ingest_bars", "IngestRequest", "writes", "Store bars of a provider.", makes_home=True),
    Verb("symbols", "symbols", "SymbolsRequest", "reads", "List the stored symbols."),
    Verb("bars", "bars", "BarsRequest", "reads", "Show bars of one symbol, as stored or put together to longer ones."),
    Verb("gaps", "gaps", "GapsRequest", "reads", "List missing and short sessions, and holes within sessions."),
    Verb("actions import", "actions_import", "ActionsImportRequest", "writes", "Store splits and dividends from LEAN factor files and CSV files.", makes_home=True),
    Verb("actions fetch", "actions_fetch", "ActionsFetchRequest", "writes", "Store splits and dividends of a provider.", makes_home=True),
    Verb("actions list", "actions_list", "ActionsListRequest", "reads", "List the stored splits and dividends."),
    Verb("daily import", "daily_import", "DailyImportRequest", "writes", "Store daily prices from CSV and Parquet files, such as the CBOE's history of the VIX.", makes_home=True),
    Verb("daily show", "daily_show", "DailyShowRequest", "reads", "Show the stored daily prices of one symbol."),
    Verb("news import", "news_import", "NewsImportRequest", "writes", "Store articles and their sentiment from files as Massive and Alpaca give them.", makes_home=True),
    Verb("news fetch", "news_fetch", "NewsFetchRequest", "writes", "Store articles of a provider, and what it says of their symbols.", makes_home=True),
    Verb("news list", "news_list", "NewsListRequest", "reads", "List the stored articles with the sentiment of each of their symbols."),
    Verb("features build", "features_build", "FeaturesBuildRequest", "writes", "Compute features from stored bars."),
    Verb("features list", "features_list", "FeaturesListRequest", "nothing", "List the features and what each one means."),
    Verb("features show", "features_show", "FeaturesShowRequest", "reads", "Show stored features of one symbol."),
    Verb("train", "train", "TrainRequest", "writes", "Fit a model of one symbol and keep it."),
    Verb("models list", "models_list", "ModelsListRequest", "reads", "List the trained models."),
    Verb("models show", "models_show", "ModelsShowRequest", "reads", "Show one model with its folds and metrics."),
    Verb("models compare", "models_compare", "ModelsCompareRequest", "reads", "Compare models by their out-of-sample metrics."),
    Verb("models delete", "models_delete", "ModelsDeleteRequest", "writes", "Delete models; their runs and trials stay."),
    Verb("simulate", "simulate", "SimulateRequest", "writes", "Trade predictions on stored bars and keep the run."),
    Verb("runs list", "runs_list", "RunsListRequest", "reads", "List the kept runs."),
    Verb("runs show", "runs_show", "RunsShowRequest", "reads", "Show one run with its metrics."),
    Verb("runs compare", "runs_compare", "RunsCompareRequest", "reads", "Compare runs side by side: what differs between them, and what came out."),
    Verb("runs report", "runs_report", "RunsReportRequest", "reads", "Make the tear sheet of one run: an HTML page to keep."),
    Verb("optimize run", "optimize_run", "OptimizeRunRequest", "writes", "Simulate a grid or a sample of trials and rank them."),
    Verb("optimize list", "optimize_list", "OptimizeListRequest", "reads", "List the batches and how far each is."),
    Verb("optimize show", "optimize_show", "OptimizeShowRequest", "reads", "Show one batch, how far it is, and what it tries."),
    Verb("optimize pause", "optimize_pause", "OptimizePauseRequest", "writes", "Stop a batch after the chunks in work."),
    Verb("optimize resume", "optimize_resume", "OptimizeResumeRequest", "writes", "Finish a batch that was paused or interrupted."),
    Verb("leaderboard", "leaderboard", "LeaderboardRequest", "reads", "Show the ranked trials of a batch."),
    Verb("sql", "sql", "SqlRequest", "reads", "Ask the lake in SQL."),
    Verb("export", "export", "ExportRequest", "reads", "Copy the lake to Delta, Iceberg, a tree, DuckDB, Parquet or CSV."),
    Verb("compact", "compact", "CompactRequest", "writes", "Merge live sessions that are over, and the months of closed years."),
    Verb("clean", "clean", "CleanRequest", "writes", "Delete lake files that nobody needs any more, and what dead writers left."),
    Verb("rebuild", "rebuild", "RebuildRequest", "writes", "Restore the catalogue from the lake's files after the state database was lost."),
    Verb("verify lookahead", "verify_lookahead", "VerifyLookaheadRequest", "nothing", "Prove that no feature sees its future."),
    Verb("verify lake", "verify_lake", "VerifyLakeRequest", "reads", "Check every lake file against the catalogue."),
    Verb("verify reproduce", "verify_reproduce", "VerifyReproduceRequest", "reads", "Rebuild stored features and compare them bit for bit."),
    Verb("verify calendar", "verify_calendar", "VerifyCalendarRequest", "nothing", "Compare the sessions of XNYS with Alpaca's calendar."),
    Verb("quarantine list", "quarantine_list", "QuarantineListRequest", "reads", "List the rows that were not stored as bars."),
    Verb("quarantine show", "quarantine_show", "QuarantineShowRequest", "reads", "Show quarantined rows in full, between the stored bars before and after them."),
    Verb("quarantine release", "quarantine_release", "QuarantineReleaseRequest", "writes", "Store quarantined rows that are good after all; a dry run first."),
    Verb("schema check", "schema_check", "SchemaCheckRequest", "reads", "Compare the columns of sources and stored files with those known; fails while drift is open."),
    Verb("schema baseline", "schema_baseline", "SchemaBaselineRequest", "writes", "Show the columns that sources are known to have, or set them from files."),
    Verb("schema accept", "schema_accept", "SchemaAcceptRequest", "writes", "Accept the drift of a source and store the files that wait."),
    Verb("schema refuse", "schema_refuse", "SchemaRefuseRequest", "writes", "Drop the files of a source that wait; what is stored stays."),
    Verb("schema events", "schema_events", "SchemaEventsRequest", "reads", "List how the columns of sources drifted and what was decided."),
    Verb("jobs list", "jobs_list", "JobsListRequest", "reads", "List the jobs and how they went."),
    Verb("jobs show", "jobs_show", "JobsShowRequest", "reads", "Show one job with its result."),
    Verb("jobs cancel", "jobs_cancel", "JobsCancelRequest", "writes", "Cancel a job that waits or runs."),
    Verb("retention show", "retention_show", "RetentionShowRequest", "reads", "Show what is kept for how long, and what is due."),
    Verb("retention run", "retention_run", "RetentionRunRequest", "writes", "Remove what was kept long enough; a dry run first."),
    Verb("storage", "storage", "StorageRequest", "reads", "Show what the home takes on disk, and how it grows."),
    Verb("hardware", "hardware", "HardwareRequest", "nothing", "Show what this machine has and how fast its disk is."),
    Verb("db status", "db_status", "DbStatusRequest", "reads", "Show the state database: kind, schema, size, rows.", opens_home=False),
    Verb("db upgrade", "db_upgrade", "DbUpgradeRequest", "writes", "Bring the state database to the newest schema.", opens_home=False),
    Verb("db reset", "db_reset", "DbResetRequest", "writes", "Empty the state database.", opens_home=False),
    Verb(
        "providers list",
        "providers_list",
        "ProvidersListRequest",
        "nothing",
        "List the providers of bars, and what each can be asked for.",
    ),
    Verb("config show", "config_show", "ConfigShowRequest", "nothing", "Show every setting with its origin."),
    Verb("config path", "config_path", "ConfigPathRequest", "nothing", "Show which files and folders are used."),
    Verb("config check", "config_check", "ConfigCheckRequest", "nothing", "Check the settings and name their sources."),
)  # fmt: skip

VERBS: Final[Mapping[str, Verb]] = MappingProxyType({verb.words: verb for verb in _TABLE})
GROUPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "actions": "Splits and dividends: import, fetch, list.",
        "daily": "Daily prices of files: import, show.",
        "news": "Articles and their sentiment: import, fetch, list.",
        "features": "Features: build, list, show.",
        "models": "Trained models: list, show, compare, delete.",
        "runs": "Kept runs: list, show, compare, report.",
        "optimize": "Batches of trials: run, list, show, pause, resume.",
        "verify": "Proofs: no look-ahead, an intact lake, features made again, the calendar.",
        "quarantine": "Rows that were not stored as bars: list, show, release.",
        "providers": "Where bars come from: list.",
        "schema": "Columns of sources: check, baseline, accept, refuse, events.",
        "jobs": "Jobs: list, show, cancel.",
        "retention": "How long things are kept: show, run.",
        "db": "The state database: status, upgrade, reset.",
        "config": "Settings and their origins.",
    }
)
