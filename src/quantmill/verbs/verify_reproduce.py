"""The verb `verify reproduce`: stored features made again from what their builds recorded."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Final

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.errors import NoDataError
from quantmill.features.read import find_features
from quantmill.features.records import StoredBuild, find_builds
from quantmill.features.reproduce import ColumnVerdict, Reproduction, reproduce_features
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, Request, Symbol

__all__ = ["READS_ONLY", "ReproduceVerdict", "VerifyReproduceRequest", "run"]

READS_ONLY: Final = True
_SHOWN: Final = 20


class VerifyReproduceRequest(Request):
    """Rebuild stored features and compare them bit for bit.

    They are made in memory of the recorded set version, parameters, context and snapshot; nothing is written. The
    newest build of each symbol and set is examined.
    """

    symbols: Annotated[tuple[Symbol, ...], POSITIONAL] = Field(
        default=(), description="Symbols; all with stored features when left out."
    )
    features: str | None = Field(default=None, description="Feature set; every stored one when left out.")
    version: str | None = Field(
        default=None, description="Version of the set; the newest built when left out."
    )


@dataclass(frozen=True)
class ReproduceVerdict(Outcome):
    """Whether every stored feature came out the same; `by_column` has each column's verdict and first difference."""

    ok: bool
    findings: tuple[str, ...]
    by_symbol: tuple[Mapping[str, object], ...]
    by_column: tuple[Mapping[str, object], ...]

    @property
    def succeeded(self) -> bool:
        """Whether every column is identical."""
        return self.ok

    def table(self) -> pl.DataFrame:
        """One row per symbol and set."""
        return pl.DataFrame(list(self.by_symbol))

    def lines(self) -> list[str]:
        """The verdict, then the first findings."""
        verdict = (
            "every stored feature is reproduced bit for bit"
            if self.ok
            else f"not every stored feature is reproduced: {len(self.findings)} findings"
        )
        more = len(self.findings) - _SHOWN
        rest = [f"… and {more} more: --json has all"] if more > 0 else []
        return [f"{verdict} ({len(self.by_column):,} columns)", *self.findings[:_SHOWN], *rest]


def run(mill: Mill, request: VerifyReproduceRequest, progress: Progress) -> ReproduceVerdict:
    """Rebuilds one symbol after another from its bars.

    Raises:
        NotFoundError: If a symbol has no stored features of the set and version.
        NoDataError: If no features are stored at all.
    """
    builds = _chosen(mill, request)
    progress.start("rebuilding features", len(builds))
    made: list[Reproduction] = []
    for build in builds:
        made.append(reproduce_features(mill.lake, mill.state, build))
        progress.advance(note=build.symbol)
    findings = [finding for one in made for finding in _findings(one)]
    return ReproduceVerdict(
        ok=not findings,
        findings=tuple(findings),
        by_symbol=tuple(_summary(one) for one in made),
        by_column=tuple(
            {"symbol": one.build.symbol, "feature_set": one.build.feature_set, **asdict(column)}
            for one in made
            for column in one.columns
        ),
    )


def _chosen(mill: Mill, request: VerifyReproduceRequest) -> list[StoredBuild]:
    """The newest build of each set, interval and symbol that is asked for."""
    with mill.state.read() as connection:
        builds = find_builds(connection, request.features, version=request.version)
    newest: dict[tuple[str, str, str], StoredBuild] = {}
    for build in builds:
        newest.setdefault((build.symbol, build.feature_set, build.interval), build)
    for symbol in request.symbols:
        if not any(key[0] == symbol for key in newest):
            find_features(mill.state, symbol, feature_set=request.features or "core", version=request.version)
    chosen = [newest[key] for key in sorted(newest) if not request.symbols or key[0] in request.symbols]
    if not chosen:
        of_set = f" of {request.features}" if request.features else ""
        at = f"@{request.version}" if request.version else ""
        raise NoDataError(f"no features{of_set}{at} are stored", hint="`quantmill features build` makes some")
    return chosen


def _summary(made: Reproduction) -> Mapping[str, object]:
    build = made.build
    return {
        "symbol": build.symbol,
        "feature_set": build.feature_set,
        "version": build.version,
        "snapshot": build.snapshot,
        "rows": made.rows,
        "identical": made.count("identical"),
        "differing": made.count("differs"),
        "not_rebuilt": made.count("not rebuilt"),
    }


def _findings(made: Reproduction) -> list[str]:
    """One sentence per column that is not identical; one for all columns where they share the reason."""
    open_ = [column for column in made.columns if column.verdict != "identical"]
    name = f"{made.build.symbol} {made.build.feature_set}@{made.build.version}"
    reasons = {column.reason for column in open_}
    if len(open_) == len(made.columns) > 1 and len(reasons) == 1 and open_[0].first_ts is None:
        return [f"{name}: cannot be rebuilt: {open_[0].reason}"]
    return [f"{name} {column.column}: {_said(column)}" for column in open_]


def _said(column: ColumnVerdict) -> str:
    kind = "differs" if column.verdict == "differs" else "cannot be rebuilt"
    if column.first_ts is None:
        return f"{kind}: {column.reason}"
    where = f"{column.n_differ:,} rows, first {column.first_ts:%Y-%m-%d %H:%M}"
    values = "" if column.column == "ts" else f", stored {column.stored}, rebuilt {column.rebuilt}"
    why = f" ({column.reason})" if column.reason else ""
    return f"{kind}: {where}{values}{why}"
