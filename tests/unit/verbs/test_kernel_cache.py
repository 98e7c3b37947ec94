"""Where compiled kernels go."""

import subprocess
import sys
from pathlib import Path

import pytest

from quantmill.config.home import Home
from quantmill.verbs.kernel_cache import keep_kernels_in

_LOOK = """
import os, sys
os.environ.pop("NUMBA_CACHE_DIR", None)
{before}
import quantmill
mill = quantmill.open(sys.argv[1])
import numba
print(numba.config.CACHE_DIR)
"""


@pytest.mark.parametrize("before", ["", "import numba"], ids=["first", "after numba"])
def test_an_opened_home_keeps_kernels(before: str, tmp_path: Path) -> None:
    words = [sys.executable, "-c", _LOOK.format(before=before), str(tmp_path)]

    finished = subprocess.run(words, capture_output=True, text=True, check=True)

    assert finished.stdout.startswith(str(tmp_path / "cache" / "numba-"))


def test_a_folder_named_by_the_user_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/mine")

    keep_kernels_in(Home(tmp_path))

    import os

    assert os.environ["NUMBA_CACHE_DIR"] == "/mine"
