"""The verb `features build`: features of symbols brought up to date with their bars."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.features.build import BuildReport, ensure_certificate, prepare_build, publish_build
from quantmill.features.sets import FeatureSet, feature_set_named
from quantmill.jobs.runner import JobContext
from quantmill.verbs.chosen_symbols import stored_or_named
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, Request, Symbol
from quantmill.verbs.working import work

__all__ = ["READS_ONLY", "BuiltFeatures", "FeaturesBuildRequest", "run"]

READS_ONLY: Final = False


class FeaturesBuildRequest(Request):
    """Compute features from stored bars.

    Only what changed is written; a second call finds nothing to do.
    """

    symbols: Annotated[tuple[Symbol, ...], POSITIONAL] = Field(
        default=(),
        description="Symbols; those of the setting `symbols`, else all stored ones, when left out.",
    )
    features: str = Field(default="core", description="Feature set.")
    hours: Literal["regular", "extended"] = Field(
        default="regular", description="Which bars the features are made of."
    )
    force: bool = Field(default=False, description="Compute even when nothing changed.")


@dataclass(frozen=True)
class BuiltFeatures(Outcome):
    """What was built; `null_counts` adds up the missing values of all symbols by column and cause.

    `volatility_sources` are those that were seen beside the symbols' bars, `notes` what a person should know of it.
    """

    feature_set: str
    version: str
    symbols: tuple[str, ...]
    rows: int
    columns: tuple[str, ...]
    sessions_built: int
    sessions_reused: int
    null_counts: Mapping[str, Mapping[str, int]]
    uncertified: tuple[str, ...]
    volatility_sources: tuple[str, ...]
    notes: tuple[str, ...]
    snapshot: int
    by_symbol: tuple[Mapping[str, object], ...]

    def table(self) -> pl.DataFrame:
        """One row per symbol."""
        return pl.DataFrame(list(self.by_symbol))

    def lines(self) -> list[str]:
        """What was built, what was there, what is missing and why."""
        causes: Counter[str] = Counter()
        for counts in self.null_counts.values():
            causes.update(counts)
        missing = ", ".join(f"{count:,} {cause}" for cause, count in causes.most_common()) or "none"
        lines = [
            f"{self.feature_set}@{self.version}: {len(self.columns)} features, {self.rows:,} rows; "
            f"{self.sessions_built:,} sessions built, {self.sessions_reused:,} reused",
            f"missing values by cause: {missing}",
        ]
        if self.volatility_sources:
            lines.append(f"volatility source: {', '.join(self.volatility_sources)}")
        lines.extend(self.notes)
        if self.uncertified:
            names = ", ".join(self.uncertified)
            lines.append(
                f"without a certificate, so never trained on: {names}; see `quantmill verify lookahead`"
            )
        return lines


def run(mill: Mill, request: FeaturesBuildRequest, progress: Progress) -> BuiltFeatures:
    """Builds each symbol as a job of its own, proving first that no feature sees its future.

    Raises:
        NotFoundError: If a symbol or the feature set is unknown.
        NoDataError: If a symbol has no bars of these hours, or no symbol is stored.
    """
    symbols = stored_or_named(mill, request.symbols)
    feature_set = feature_set_named(_set_name(request))
    ensure_certificate(mill.lake, mill.state, feature_set)
    progress.start("features", len(symbols))
    reports: list[BuildReport] = []
    for symbol in symbols:
        reports.append(_build(mill, feature_set, symbol, force=request.force))
        progress.advance(note=symbol)
    return _summary(feature_set, reports)


def _set_name(request: FeaturesBuildRequest) -> str:
    wants_extended = request.hours == "extended" and not request.features.endswith("_extended")
    return f"{request.features}_extended" if wants_extended else request.features


def _build(mill: Mill, feature_set: FeatureSet, symbol: str, *, force: bool) -> BuildReport:
    def body(context: JobContext) -> BuildReport:
        prepared = prepare_build(mill.lake, mill.state, feature_set, symbol, force=force)
        with context.completing() as connection:
            return publish_build(mill.lake, prepared, connection, job_id=context.job.id)

    return work(mill, "features build", (feature_set.name, symbol), body)


def _summary(feature_set: FeatureSet, reports: list[BuildReport]) -> BuiltFeatures:
    nulls: dict[str, Counter[str]] = {name: Counter() for name in feature_set.names}
    for report in reports:
        for name, counts in report.null_counts.items():
            nulls[name].update(counts)
    shown = ("symbol", "rows", "sessions_built", "sessions_reused", "snapshot")
    return BuiltFeatures(
        feature_set=feature_set.name,
        version=feature_set.version,
        symbols=tuple(report.symbol for report in reports),
        rows=sum(report.rows for report in reports),
        columns=feature_set.names,
        sessions_built=sum(report.sessions_built for report in reports),
        sessions_reused=sum(report.sessions_reused for report in reports),
        null_counts={name: dict(counts) for name, counts in nulls.items() if counts},
        uncertified=reports[0].uncertified,
        volatility_sources=tuple(
            dict.fromkeys(_volatility_source(report) for report in reports if report.context)
        ),
        notes=tuple(dict.fromkeys(note for report in reports for note in report.notes)),
        snapshot=max(report.snapshot for report in reports),
        by_symbol=tuple(
            {
                **{name: getattr(report, name) for name in shown},
                "volatility_source": _volatility_source(report),
            }
            for report in reports
        ),
    )


def _volatility_source(report: BuildReport) -> str:
    return "none" if report.context is None else report.context["volatility"] or "none"
