"""`bars --as-of`: each past by snapshot and by instant, and what is said of one that cannot be meant."""

from pathlib import Path

import pytest

from tests.command_line import answer, command

ROW = "2024-03-12T13:30:00Z,100,103,99,{},1000\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One minute of SPY that closed at 100 by the first file, at 102 by the second; 101 was overruled."""
    folder = tmp_path_factory.mktemp("as-of")
    for name, rows in (("SPY_1", (100,)), ("SPY_2", (101, 102))):
        text = "ts,open,high,low,close,volume\n" + "".join(ROW.format(close) for close in rows)
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        answer("import", folder / f"{name}.csv", "--on-conflict", "replace", home=folder / "home")
    return folder / "home"


def test_each_snapshot_and_the_instant_it_was_made_show_what_was_known(home: Path) -> None:
    query = "SELECT close, reason, CAST(superseded_at AS VARCHAR) AS until FROM revisions ORDER BY close"
    revisions = answer("sql", query, home=home)
    shown = {
        as_of: [row["close"] for row in answer("bars", "SPY", "--as-of", as_of, home=home)]
        for as_of in ("1", "2", revisions[0]["until"])
    }

    # By instant: when the second import staged its rows, the first was the newest snapshot.
    assert shown == {"1": [100], "2": [102], revisions[0]["until"]: [100]}
    assert [(row["close"], row["reason"]) for row in revisions] == [(100, "replaced"), (101, "overruled")]


@pytest.mark.parametrize(
    ("as_of", "code", "line", "hint"),
    [
        ("3", 3, "there is no snapshot 3; the newest is 2", ""),
        ("0", 3, "SPY had no regular bars from the start to the end as of 0", "when bars were stored"),
        ("2024-03-12T13:31", 3, "as of 2024-03-12T13:31", "when bars were stored, not when they traded"),
        ("yesterday", 2, "--as-of is 'yesterday', needed is a snapshot's number or an instant", "--as-of 12"),
        ("-1", 2, "--as-of is '-1', needed is", "--as-of 12"),
        ("²", 2, "--as-of is '²', needed is", "--as-of 12"),
        ("9999-12-31T23:59-12:00", 2, "needed is a snapshot's number", "--as-of 12"),
        ("2999-01-01", 2, "--as-of is '2999-01-01', which is yet to come", "without --as-of"),
    ],
)
def test_a_past_that_cannot_be_shown_is_said_so(
    home: Path, as_of: str, code: int, line: str, hint: str
) -> None:
    finished = command("bars", "SPY", f"--as-of={as_of}", home=home)

    assert (finished.code, finished.out) == (code, "")
    assert line in finished.err
    assert hint in finished.err
