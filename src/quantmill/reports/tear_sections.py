"""The sections of a tear sheet in words and tables: head, findings, metrics, parameters, returns by month."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from quantmill.core.instants import from_us
from quantmill.core.months import MONTHS
from quantmill.reports.bar_axis import zone_words
from quantmill.reports.figures import MISSING, figure, signed_percent
from quantmill.reports.markup import Html, Part, element, joined, table
from quantmill.reports.metric_groups import metric_groups
from quantmill.reports.tear_sheet import TearSheet
from quantmill.simulation.band import BAND_METRICS
from quantmill.simulation.fill_models import FILL_MODELS
from quantmill.simulation.metrics import METRICS, Metric

__all__ = [
    "Section",
    "band_section",
    "findings_section",
    "head",
    "metrics_section",
    "months_section",
    "parameters_section",
]

_KEY_FIGURES: Final = {
    "total_return_frac": "return",
    "buy_hold_return_frac": "buy & hold",
    "sharpe": "Sharpe ratio",
    "max_drawdown_frac": "deepest fall",
    "n_trades": "trades",
    "hit_rate_frac": "hit rate",
    "break_even_cost_bps": "break-even cost",
}
_UNIT: Final = {metric.name: metric.unit for metric in METRICS}
# A month's return of this size has the strongest color.
_STRONGEST_FRAC: Final = 0.08
_RISE_RGB: Final = "0, 114, 178"
_FALL_RGB: Final = "213, 94, 0"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page under its own heading."""

    title: str
    parts: tuple[Part, ...]


def head(sheet: TearSheet) -> Html:
    """What ran, when, on which data, and its most telling figures."""
    record = sheet.record
    facts = {
        "run": record.run_id,
        "model": record.model_name if record.model_id is None else f"{record.model_name} ({record.model_id})",
        "sessions": f"{record.first_session} to {record.last_session}, {record.n_sessions:,} of them",
        "bars": f"{sheet.ts_us.size:,} minutes, the last at "
        f"{from_us(int(sheet.ts_us[-1])).astimezone(sheet.calendar.timezone):%Y-%m-%d %H:%M} {zone_words(sheet.calendar)}",
        "simulated": f"{from_us(record.created_us):%Y-%m-%d %H:%M} UTC by quantmill {record.code_version}",
        "data": f"snapshot {record.snapshot}{_features(sheet)}",
        "inputs": _inputs(sheet),
    }
    banner = element(
        "p",
        "Synthetic bars: these figures say nothing about a real market.",
        class_="banner",
    )
    listed = (element("div", element("dt", name), element("dd", value)) for name, value in facts.items())
    figures = (
        element("div", element("b", _figure(sheet, name).removesuffix(" per fill")), element("span", words))
        for name, words in _KEY_FIGURES.items()
        if name in record.metrics
    )
    return element(
        "header",
        element("h1", record.symbol, element("span", record.model_name)),
        *([banner] if record.is_synthetic else []),
        element("div", *figures, class_="figures"),
        element("dl", *listed),
    )


def findings_section(sheet: TearSheet) -> Section:
    """What a reader must know before believing the figures, warnings first."""
    if not sheet.findings:
        return Section("Findings", (element("p", "None.", class_="note"),))
    items = (element("li", _sentence(one.text), class_=one.severity) for one in sheet.findings)
    return Section("Findings", (element("ul", *items, class_="findings"),))


def band_section(sheet: TearSheet) -> Section:
    """The same signal under every fill model: how much of the result rests on the price that orders get."""
    if not sheet.record.band:
        return Section("Fill models", (element("p", "Recorded before runs kept them.", class_="note"),))
    own = sheet.record.params.get("fill")
    rows = (
        (
            element("b", f"{fill} (this run)") if fill == own else fill,
            FILL_MODELS[fill].meaning if fill in FILL_MODELS else "",
            *(figure(of[name], _UNIT[name]) for name in BAND_METRICS),
        )
        for fill, of in sheet.record.band.items()
    )
    columns = {
        "Fill": "",
        "Meaning": "meaning",
        "Return": "number",
        "Sharpe ratio": "number",
        "Trades": "number",
    }
    return Section("Fill models", (table(columns, rows, class_="metrics with-head"),))


def metrics_section(sheet: TearSheet) -> Section:
    """Every metric in its group: value with unit, meaning, and the reason where there is no value."""
    groups = (
        element(
            "div",
            element("h3", group),
            table(
                {"Metric": "", "Value": "number", "Meaning": "meaning"},
                (_metric_row(sheet, metric) for metric in metrics if metric.name in sheet.record.metrics),
                class_="metrics",
            ),
            class_="group",
        )
        for group, metrics in metric_groups().items()
    )
    return Section("Metrics", (element("div", *groups, class_="groups"),))


def parameters_section(sheet: TearSheet) -> Section:
    """All parameters, how many bars were left out or held back, and what closed trades where rules did."""
    counts = {name: f"{count:,}" for name, count in sheet.record.counts.items()}
    params = {name: _setting(value) for name, value in sheet.record.params.items()}
    return Section(
        "Parameters",
        (
            element(
                "div",
                element("div", element("h3", "As asked for"), _pairs(params), class_="group"),
                element("div", element("h3", "Counts"), _pairs(counts), class_="group"),
                class_="groups",
            ),
        ),
    )


def months_section(sheet: TearSheet) -> Section:
    """Returns by month and year, those of buy and hold below each year's."""
    months = {
        (int(year), int(month)): (own, other) for year, month, own, other in sheet.returns.months.iter_rows()
    }
    columns: Mapping[str, str] = {"Year": "", "%": "", **dict.fromkeys((*MONTHS, "Total"), "number")}
    rows = [
        row
        for year, own, other in sheet.returns.years.iter_rows()
        for row in (
            _month_row(
                str(year), "strategy", [months.get((year, at), (None, None))[0] for at in range(1, 13)], own
            ),
            _month_row(
                "", "buy & hold", [months.get((year, at), (None, None))[1] for at in range(1, 13)], other
            ),
        )
    ]
    note = (
        "Percent, from the last bar of a month to that of the next; the first and the last month are as long as the "
        "run is in them. Totals are compounded."
    )
    body = element("tbody", *(element("tr", *cells) for cells in rows))
    top = element(
        "thead",
        element("tr", *(element("th", name, class_=kind) for name, kind in columns.items())),
    )
    return Section(
        "Returns by month", (element("table", top, body, class_="months"), element("p", note, class_="note"))
    )


def _features(sheet: TearSheet) -> str:
    record = sheet.record
    return "" if record.feature_set is None else f", features {record.feature_set}@{record.feature_version}"


def _inputs(sheet: TearSheet) -> str:
    record = sheet.record
    digest = f"digest {record.input_digest[:16]}"
    file = record.predictions_sha256
    return digest if file is None else f"{digest}, predictions from a file, sha256 {file[:16]}"


def _figure(sheet: TearSheet, name: str) -> str:
    return figure(sheet.record.metrics[name], _UNIT[name])


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}".rstrip(".") + "."


def _metric_row(sheet: TearSheet, metric: Metric) -> Iterator[Part]:
    value = sheet.record.metrics[metric.name]
    meaning = metric.meaning.replace("<= ", "≤\u00a0").replace(">= ", "≥\u00a0").replace("< ", "<\u00a0")
    yield element("code", metric.name)
    yield figure(value, metric.unit)
    if value is None:
        reason = sheet.record.null_reasons.get(metric.name, "not recorded")
        yield joined((meaning, element("em", f" – no value: {reason}")))
    else:
        yield meaning


def _pairs(values: Mapping[str, str]) -> Html:
    rows = ((element("code", name), value) for name, value in values.items())
    return table({"Name": "", "Value": "number"}, rows, class_="pairs")


def _setting(value: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return MISSING
    return f"{value:,.10g}" if isinstance(value, float | int) else str(value)


def _month_row(year: str, who: str, values: list[float | None], total: float | None) -> list[Html]:
    cells = [_month_cell(value, "number") for value in values]
    return [element("th", year), element("td", who, class_="who"), *cells, _month_cell(total, "number total")]


def _month_cell(value: float | None, kind: str) -> Html:
    if value is None:
        return element("td", "", class_=kind)
    strength = min(1.0, abs(value) / _STRONGEST_FRAC) * 0.62
    color = f"background: rgba({_RISE_RGB if value > 0 else _FALL_RGB}, {strength:.2f})"
    return element("td", signed_percent(value), class_=kind, style=color)
