"""Where statements of SQL end in what a person types."""

import re
from typing import Final

__all__ = ["split_statements"]

_TOKEN: Final = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)"
    r"|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$"
    r"|(?P<open>'|\"|/\*|\$\w*\$)"
    r"|(?P<end>;)|(?P<blank>\s+)|.",
    re.DOTALL,
)


def split_statements(text: str) -> tuple[list[str], str]:
    """The statements that a semicolon ends, and what follows the last one.

    A semicolon within quotes or a comment ends nothing; statements and a rest without words are left out.
    """
    statements: list[str] = []
    start, has_words = 0, False
    for token in _TOKEN.finditer(text):
        if token["open"] is not None:
            return statements, text[start:]
        if token["end"] is not None:
            if has_words:
                statements.append(text[start : token.start()].strip())
            start, has_words = token.end(), False
        elif token["comment"] is None and token["blank"] is None:
            has_words = True
    return statements, text[start:] if has_words else ""
