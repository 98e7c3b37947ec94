"""Documents: links lead somewhere, records are listed, marked examples run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.architecture.source_files import REPOSITORY, name_of

PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])
RUN_BLOCK = re.compile(r"<!-- run -->\n```(python|console)\n(.*?)```", re.DOTALL)
EXAMPLES = [
    pytest.param(language, text, id=f"{name_of(page)}-{number}")
    for page in PAGES
    for number, (language, text) in enumerate(RUN_BLOCK.findall(page.read_text(encoding="utf-8")), start=1)
]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]

    broken = [
        target
        for target in targets
        if target and "://" not in target and not (page.parent / unquote(target)).exists()
    ]

    assert not broken, f"{name_of(page)} links to nothing: {broken}"


def test_every_decision_is_in_the_index() -> None:
    folder = REPOSITORY / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")

    assert [path.name for path in folder.glob("[0-9]*.md") if f"({path.name})" not in index] == []


def test_changelog_has_an_unreleased_part() -> None:
    assert "\n## [Unreleased]\n" in (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("language", "text"), EXAMPLES)
def test_marked_examples_run(language: str, text: str, tmp_path: Path) -> None:
    environment = os.environ | {"QUANTMILL_HOME": str(tmp_path / "data"), "COLUMNS": "110"}
    commands = (
        [[sys.executable, "-c", text]]
        if language == "python"
        else [_command(line[2:]) for line in text.splitlines() if line.startswith("$ ")]
    )

    for command in commands:
        finished = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

        assert finished.returncode == 0, f"{command}\n{finished.stdout}{finished.stderr}"


def _command(line: str) -> list[str]:
    words = shlex.split(line, comments=True)
    return [str(Path(sys.executable).parent / words[0]), *words[1:]]
