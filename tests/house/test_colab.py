"""Labs and questions on Colab's older widgets, in the second environment that `make test` sets up."""
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv/colab/bin/python"
PINS = dict(line.split("==") for line in (ROOT / "tests/colab.txt").read_text().splitlines() if "==" in line)

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="no .venv/colab here: make test sets it up")


def run(*arguments):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    return subprocess.run([PYTHON, *arguments], cwd=ROOT, env=clean, capture_output=True, text=True, timeout=600)


def test_it_has_colabs_versions():
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    assert run("-c", code, *PINS).stdout.split() == list(PINS.values())


@pytest.mark.parametrize("module", ["test_live", "test_learn"])
def test_it_passes_there_too(module):
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/{module}.py")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
