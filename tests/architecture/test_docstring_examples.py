"""Examples in docstrings run and give what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

from tests.architecture.source_files import GENERATED, SOURCE, name_of, source_paths

WITH_EXAMPLES = [
    path
    for path in source_paths()
    if not path.is_relative_to(GENERATED) and ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=name_of)
def test_docstring_examples(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    module = importlib.import_module(".".join(part for part in parts if part != "__init__"))

    results = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)

    assert results.attempted > 0
    assert results.failed == 0
