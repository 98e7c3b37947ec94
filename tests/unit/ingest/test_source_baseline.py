"""Baselines of sources: what counts as drift, and that a widened baseline takes what it was widened by."""

from hypothesis import given
from hypothesis import strategies as st

from quantmill.ingest.source_baseline import Drift, SourceBaseline, commonest

FIRST = {"ts": "time[ns]", "close": "f64", "otc": "null"}

file_columns = st.dictionaries(
    st.sampled_from("abcde"), st.sampled_from(["f64", "i64", "str", "null"]), min_size=1
)


def test_new_missing_and_changed_columns_are_told_apart() -> None:
    drifts = SourceBaseline.of(FIRST).compare({"ts": "time[ns, UTC]", "otc": "bool", "vwap": "f64"})

    assert drifts == [
        Drift("missing", "close", "f64", ""),
        Drift("type", "ts", "time[ns]", "time[ns, UTC]"),
        Drift("new", "vwap", "", "f64"),
    ]


def test_the_order_of_columns_is_no_drift() -> None:
    assert SourceBaseline.of(FIRST).compare(dict(reversed(FIRST.items()))) == []


def test_a_column_without_values_tells_no_type() -> None:
    base = SourceBaseline.of(FIRST)

    told = base.told({"otc": "bool", "close": "i64"})

    assert base.compare(FIRST | {"close": "null", "otc": "str"}) == []
    assert told.compare(FIRST | {"otc": "str"}) == [Drift("type", "otc", "bool", "str")]
    # A type that was known stays.
    assert told.compare(FIRST | {"close": "i64"}) == [Drift("type", "close", "f64", "i64")]


def test_drift_says_what_was_found_and_needed() -> None:
    drifts = [
        Drift("new", "vwap", "", "f64"),
        Drift("missing", "close", "f64", ""),
        Drift("type", "volume", "f64 or i64", "str"),
        Drift("new", "timestamp", "", "str", "date, time"),
    ]

    assert [str(drift) for drift in drifts] == [
        "column 'vwap' (f64) is new",
        "column 'close' (f64) is missing",
        "column 'volume' is str, known as f64 or i64",
        "column 'timestamp' (str) is new and would be read in place of 'date, time'",
    ]


def test_most_files_decide_and_of_equally_many_the_first() -> None:
    one, other = {"a": "f64"}, {"a": "f64", "b": "f64"}

    assert commonest([one, other, dict(reversed(other.items()))]) == other
    assert commonest([one, other]) == one
    assert commonest([]) is None


@given(st.lists(file_columns, min_size=1, max_size=5))
def test_a_widened_baseline_takes_every_file_it_was_widened_by(files: list[dict[str, str]]) -> None:
    baseline = SourceBaseline.of(files[0])
    for columns in files[1:]:
        baseline = baseline.widened(columns)

    assert [baseline.compare(columns) for columns in files] == [[]] * len(files)
    assert SourceBaseline.from_text(baseline.to_text()) == baseline


@given(file_columns, file_columns)
def test_no_drift_between_a_baseline_and_a_file_is_left_out(
    first: dict[str, str], later: dict[str, str]
) -> None:
    baseline = SourceBaseline.of(first)

    drifts = baseline.compare(later)

    assert {drift.column for drift in drifts if drift.kind == "new"} == later.keys() - first.keys()
    assert {drift.column for drift in drifts if drift.kind == "missing"} == first.keys() - later.keys()
    assert all(not baseline.covers(drift.kind, drift.column, drift.found) for drift in drifts)
    widened = baseline.widened(later)
    assert all(widened.covers(drift.kind, drift.column, drift.found) for drift in drifts)
