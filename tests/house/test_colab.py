"""Labs and questions on Colab's older widgets, in the second environment that `run.py test` sets up."""
import os
import subprocess
from pathlib import Path

import pytest

import run
from web import colab as single

ROOT = Path(__file__).parents[2]
PYTHON = Path(run.python_of(ROOT / ".venv/colab"))
PINS = dict(line.split("==") for line in (Path(__file__).parent / "colab.txt").read_text().splitlines()
            if "==" in line)

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="no .venv/colab here: run.py test sets it up")


def colab(*arguments):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    return subprocess.run([PYTHON, *arguments], cwd=ROOT, env=clean, capture_output=True, text=True,
                          timeout=600)


def test_it_has_colabs_versions():
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    assert colab("-c", code, *PINS).stdout.split() == list(PINS.values())


def test_they_pass_there_too():
    tests = "tests/labs", "tests/pages", "tests/checks/test_predict.py", "tests/checks/test_claim.py"
    done = colab("-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_a_file_with_all_inside_runs_there_and_one_that_fails_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(single, "OUT", tmp_path)
    assert single.main(["notebooks/05_train_eval.ipynb"], PYTHON) == 0
    text = (tmp_path / "05_train_eval.ipynb").read_text("utf-8")
    broken = tmp_path / "broken.ipynb"
    broken.write_text(text.replace("helpers.start()", "helpers.stop()"), "utf-8")
    assert "stop" in single.run(broken, PYTHON)
