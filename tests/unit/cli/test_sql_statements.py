"""Where statements end."""

import pytest

from quantmill.cli.sql_statements import split_statements


@pytest.mark.parametrize(
    ("text", "statements", "rest"),
    [
        ("", [], ""),
        ("  \n ", [], ""),
        (";;", [], ""),
        ("SELECT 1", [], "SELECT 1"),
        ("SELECT 1;", ["SELECT 1"], ""),
        ("SELECT 1; SELECT\n2 ;", ["SELECT 1", "SELECT\n2"], ""),
        ("SELECT 1; SELECT", ["SELECT 1"], " SELECT"),
        ("SELECT ';';", ["SELECT ';'"], ""),
        ("SELECT 'it''s;", [], "SELECT 'it''s;"),
        ("SELECT 'it''s;';", ["SELECT 'it''s;'"], ""),
        ('SELECT 1 AS "a;b";', ['SELECT 1 AS "a;b"'], ""),
        ("SELECT $$;$$, $x$ $$; $x$;", ["SELECT $$;$$, $x$ $$; $x$"], ""),
        ("SELECT 1 -- no; end\n;", ["SELECT 1 -- no; end"], ""),
        ("SELECT 1 /* no; */;", ["SELECT 1 /* no; */"], ""),
        ("SELECT 1 /* open;", [], "SELECT 1 /* open;"),
        ("-- a remark alone", [], ""),
    ],
)
def test_a_semicolon_outside_quotes_and_comments_ends_a_statement(
    text: str, statements: list[str], rest: str
) -> None:
    assert split_statements(text) == (statements, rest)
