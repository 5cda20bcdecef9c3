"""run.py: commands that work first, again, and after a failure; the end of a test run; torch by address."""
import ast
import functools
import http.server
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
import yaml

import run

ROOT = Path(__file__).parents[2]

needs_sh = pytest.mark.skipif(run.WINDOWS, reason="the Python that stands in is a shell script")


# ---- what is written elsewhere

def test_every_ci_runs_all_tests():
    steps = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())["jobs"]["test"]["steps"]
    assert steps[-1]["run"] == "bash .ci/run"
    script = (ROOT / ".ci/run").read_text()
    assert re.search(r"^python3 run\.py test <", script, flags=re.M) and "export REQUIRE_BROWSER=1" in script


def test_the_readme_names_the_two_commands_and_every_notebook():
    readme = (ROOT / "README.md").read_text()
    assert "    python3 run.py lab " in readme and "    python3 run.py test " in readme
    listed = re.findall(r"\(notebooks/(\w+\.ipynb)\)", readme)
    assert sorted(set(listed)) == sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))


def test_make_knows_the_same_words():
    assert set(re.search(r"\.PHONY: (.+)", (ROOT / "Makefile").read_text())[1].split()) == set(run.COMMANDS)


def test_the_parts_of_all_tests_are_folders_that_exist():
    """What pytest is told to look at, also for one notebook."""
    lines = [*run.parts_of([]).values(), *run.parts_of(["00"]).values()]
    folders = {word for line in lines for word in line if word.startswith(("tests", "notebooks"))}
    assert len(folders) > 5 and all((ROOT / folder).exists() for folder in folders)


# ---- the command line

def test_help_has_one_line_for_each_command(capsys):
    with pytest.raises(SystemExit) as end:
        run.main([])
    said = capsys.readouterr().out
    assert not end.value.code
    for word, (function, *_) in run.COMMANDS.items():
        assert re.search(rf"^ +{word} +{re.escape(function.__doc__)}$", said, flags=re.M)


def test_an_old_python_can_read_it():
    """That far that it can say which Python is needed: no syntax since 3.6."""
    source = (ROOT / "run.py").read_text()
    ast.parse(source, feature_version=(3, 6))
    assert not any(isinstance(node, (ast.NamedExpr, ast.AnnAssign)) for node in ast.walk(ast.parse(source)))
    assert "annotation" not in source and not re.search(r"\bmatch \w+:", source)


def test_without_a_suitable_python_it_says_what_to_do(monkeypatch):
    monkeypatch.setattr(run, "pythons", lambda named: [["no-such-python"]])
    monkeypatch.setattr(sys, "version", "3.6.15 (default)")
    with pytest.raises(SystemExit) as end:
        run.find_python()
    for words in "No Python 3.10 to 3.13", "This one is 3.6.15", "python3-venv", "--python":
        assert words in end.value.code


def test_pythons_that_are_tried():
    own, *others = run.pythons(windows=False)
    assert own == [getattr(sys, "_base_executable", sys.executable)]
    assert others == [["python3.13"], ["python3.12"], ["python3.11"], ["python3.10"]]
    others = run.pythons(windows=True)[1:]
    assert others == [["py", "-3.13"], ["py", "-3.12"], ["py", "-3.11"], ["py", "-3.10"]]
    assert run.pythons("mine", windows=True) == [["mine"]]


def test_the_python_of_an_environment():
    assert run.python_of("v", windows=True) == os.path.join("v", "Scripts", "python.exe")
    assert run.python_of(Path("v"), windows=False) == os.path.join("v", "bin", "python")
    assert run.PYTHON.startswith(str(ROOT / ".venv"))


def test_notebooks_by_number_name_path_and_folder():
    path = os.path.join("notebooks", "05_train_eval.ipynb")
    assert all(path in run.notebooks_called(name) for name in ("05", "05_train_eval", path, str(ROOT / path)))
    assert run.notebooks_called("notebooks")[5] == path
    for name in "tests", "run.py", "tests/labs/test_lab.py::test_x", "5x":
        assert run.notebooks_called(name) == []


def test_one_notebook_is_tested_with_its_pages_and_its_lesson():
    line, = run.parts_of(["05"]).values()
    assert os.path.join("notebooks", "05_train_eval.ipynb") in line and "--nbval-lax" in line
    assert {"tests/browser", "tests/notebooks", "tests/checks"} < set(line)
    assert "05_train_eval or train_eval and (checks or lessons)" in line


def test_other_paths_are_read_and_run():
    code, tests = run.parts_of(["tests/labs/test_lab.py::test_x"]).values()
    assert code == ["ruff", "check", "tests/labs/test_lab.py"]
    assert tests == ["pytest", "tests/labs/test_lab.py::test_x"]


# ---- what came of it

REPORT = """<?xml version="1.0"?><testsuites><testsuite name="pytest" tests="4">
<testcase classname="tests.a" name="test_good" time="0.5" />
<testcase classname="tests.a" name="test_slow[x]" time="9.25" />
<testcase classname="tests.a" name="test_bad" time="1"><failure message="no">E</failure></testcase>
<testcase classname="tests.b" name="test_off" time="0"><skipped message="off">why</skipped></testcase>
<testcase classname="tests.b" name="test_torn" time="2"><error message="no">E</error></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def report(tmp_path):
    path = tmp_path / "report.xml"
    path.write_text(REPORT)
    return path


def test_the_numbers_are_those_of_all_parts(report):
    code = run.outcomes("code", report.with_name("none"), 0, 0.1)
    lines, passed = run.summary([("code", 0.1, code), ("a", 20.0, run.outcomes("a", report, 1, 20.0))])
    assert lines[-1] == "3 passed, 2 failed, 1 skipped" and not passed
    longest = lines[lines.index("Seconds of the longest tests:") + 1:]
    assert longest[:2] == ["     9.2  tests.a test_slow[x]", "     2.0  tests.b test_torn"]
    assert "    20.0  a" in lines and "  FAILED  tests.a test_bad" in lines


@pytest.mark.parametrize("status, there, expected", [
    (0, True, "1 passed, 0 failed, 0 skipped"), (1, True, "1 passed, 1 failed, 0 skipped"),
    (2, False, "0 passed, 1 failed, 0 skipped"), (5, True, "1 passed, 0 failed, 0 skipped")])
def test_a_part_that_fails_by_itself_is_a_failure(tmp_path, status, there, expected):
    path = tmp_path / "report.xml"
    if there:
        path.write_text('<testsuites><testcase classname="a" name="b" time="1" /></testsuites>')
    lines, passed = run.summary([("a", 1.0, run.outcomes("a", path, status, 1.0))])
    assert lines[-1] == expected and passed == (status in (0, 5))


def test_no_test_at_all_is_a_failure(tmp_path):
    path = tmp_path / "report.xml"
    path.write_text("<testsuites></testsuites>")
    code = [(0.1, "code", "passed")]
    lines, passed = run.summary([("code", 0.1, code), ("a", 1.0, run.outcomes("a", path, 5, 1.0))])
    assert "No test was found." in lines and not passed


# ---- commands, with a Python that stands in

STAND_IN = """\
#!/bin/sh
# A Python that notes what it is asked and installs nothing; what asks for a word of the file "broken" fails.
case "$*" in
--version) echo "Python 3.12.0"; exit ;;
*"-c "*) pwd; exit ;;
esac
echo "$* $PIP_INDEX_URL" >> log
test -z "$HELPERS_DATA" || echo "data $HELPERS_DATA" >> log
for last; do :; done
case "$*" in
*"-m venv"*) mkdir -p "$last/bin"; cp "$0" "$last/bin/python" ;;
*"-m pytest"*) echo '<testcase classname="a" name="b" time="1" />' > "${last#--junitxml=}" ;;
esac
test ! -e broken || ! echo "$*" | grep -q -f broken
"""


@pytest.fixture
def clone(tmp_path):
    """A folder (with a space in its name) of only what run.py reads, and a Python that installs nothing."""
    folder = tmp_path / "a clone"
    for name in "notebooks", "tests/house":
        (folder / name).mkdir(parents=True)
    for name in "Makefile", "run.py", *run.STATED:
        shutil.copy(ROOT / name, folder / name)
    (folder / "notebooks/05_train_eval.ipynb").write_text("from helpers.lessons import train_eval as lesson")
    python_called(folder / "python", "3.12.0")
    return folder


def python_called(path, version):
    path.write_text(STAND_IN.replace("3.12.0", version))
    path.chmod(0o755)


def call(folder, *words, cwd=None, **variables):
    """python3 run.py WORDS."""
    return subprocess.run([sys.executable, folder / "run.py", *words], cwd=cwd or folder, capture_output=True,
                          text=True, timeout=60, env={**os.environ, **variables})


def asked(folder, what=""):
    """What the Python that stands in was asked so far, of which `what` is a part."""
    log = folder / "log"
    return [line.strip() for line in log.read_text().splitlines() if what in line] if log.exists() else []


def set_up(folder, python="./python", *options):
    """Returns what it says and how often something was installed so far."""
    done = call(folder, "set-up", *(["--python", python] if python else []), *options)
    return done, len(asked(folder, "--editable"))


@needs_sh
def test_set_up_installs_once_and_again_when_versions_change(clone):
    assert [set_up(clone)[1] for _ in range(3)] == [1, 1, 1]
    assert set_up(clone, python=None)[1] == 1                 # .venv is there: no Python need be named
    for count, name in enumerate(run.STATED, start=2):
        with (clone / name).open("a") as file:
            file.write("# changed\n")
        assert [set_up(clone)[1] for _ in range(2)] == [count, count]


@needs_sh
def test_a_failed_set_up_is_done_again(clone):
    (clone / "broken").write_text("editable")
    assert [set_up(clone)[0].returncode != 0 for _ in range(2)] == [True, True]
    (clone / "broken").unlink()
    done, installs = set_up(clone)
    assert done.returncode == 0 and installs == 3
    assert set_up(clone)[1] == 3


@needs_sh
def test_a_moved_or_damaged_environment_is_made_anew(clone):
    set_up(clone)
    moved = clone.rename(clone.with_name("elsewhere"))
    assert set_up(moved)[1] == 2
    (moved / ".venv/bin/python").unlink()
    assert set_up(moved)[1] == 3


@needs_sh
def test_another_python_makes_another_environment(clone):
    set_up(clone)
    python_called(clone / "python3.11", "3.11.0")
    assert set_up(clone, "./python3.11")[1] == 2
    assert set_up(clone, python=None)[1] == 2


@needs_sh
def test_no_suitable_python_says_what_to_do(clone):
    done, _ = set_up(clone, python="no-such-python")
    assert done.returncode != 0
    assert all(words in done.stderr for words in ("No Python 3.10 to 3.13", "no-such-python", "--python"))
    assert not (clone / ".venv").exists()


@needs_sh
def test_the_address_of_torch_comes_first_is_kept_and_can_be_changed(clone):
    """torch and torchvision alone come from there; a start without it installs nothing and keeps it."""
    (clone / "my wheels").mkdir()
    folder, server = (clone / "my wheels").as_uri(), "http://127.0.0.1:1/cpu"
    assert set_up(clone, "./python", "--torch-index", "my wheels")[1] == 1
    first, rest = asked(clone, "pip install")
    assert first.endswith(f"torch torchvision {folder}") and "--no-deps --constraint" in first
    assert rest.endswith("[lab,site,test]") and "--constraint" in rest
    assert set_up(clone, None)[1] == set_up(clone, None, "--torch-index", "my wheels")[1] == 1
    (clone / ".venv/ready").unlink()
    assert set_up(clone)[1] == 2 and len(asked(clone, folder)) == 2           # made anew with the same
    assert set_up(clone, "./python", "--torch-index", server)[1] == 3 and len(asked(clone, server)) == 1
    assert set_up(clone, "./python", "--torch-index", "")[1] == 4 and len(asked(clone, "torchvision")) == 3
    assert set_up(clone, "./python", "--torch-index", "no-such-folder")[0].returncode == 2


@needs_sh
def test_lab_and_notebooks_pass_on_what_is_asked_wherever_they_are_called(clone):
    set_up(clone)
    elsewhere = clone / "notebooks"
    assert call(clone, "lab", "--", "--port=9999", "--no-browser", cwd=elsewhere).returncode == 0
    assert re.search(r"-m jupyterlab .*00_start_here.ipynb .*--port=9999 --no-browser$", asked(clone)[-1])
    for name in "05", "05_train_eval.ipynb":
        assert call(clone, "notebooks", name, cwd=elsewhere).returncode == 0
        assert asked(clone)[-1] == "tests/notebooks/record.py notebooks/05_train_eval.ipynb"
    assert "No notebook called 99" in call(clone, "notebooks", "05", "99").stderr
    (clone / "broken").write_text("jupyterlab")
    assert call(clone, "lab").returncode == 1


@needs_sh
def test_data_of_ones_own_are_sought_from_where_the_learner_started(clone):
    """Kernels run in notebooks/: a relative HELPERS_DATA would be sought there."""
    set_up(clone)
    for given, found in (("own", clone / "tests/own"), ("../own", clone / "own"), (str(clone), clone),
                         ("~/own", Path("~/own").expanduser())):
        call(clone, "lab", cwd=clone / "tests", HELPERS_DATA=given)
        assert asked(clone)[-1] == f"data {found}"
    call(clone, "lab", HELPERS_DATA="")
    assert "jupyterlab" in asked(clone)[-1]


@needs_sh
def test_test_runs_all_parts_also_when_one_fails(clone):
    set_up(clone)
    call(clone, "test")
    assert len(asked(clone, "-m pytest")) == 2                # no test is marked as one that measures time
    (clone / "tests/test_timed.py").write_text("@pytest.mark." + "alone")
    done = call(clone, "test", "--", "--maxfail=3")
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "4 passed, 0 failed, 0 skipped"
    assert len(asked(clone, "-m pytest")) == 2 + len(asked(clone, "--maxfail=3")) == 2 + 3
    (clone / "broken").write_text("nbval")
    done = call(clone, "test")
    assert done.returncode == 1 and done.stdout.splitlines()[-1] == "4 passed, 1 failed, 0 skipped"
    assert len(asked(clone, "-m pytest")) == 8 and len(asked(clone, "-m venv --without-pip")) == 1


@needs_sh
def test_test_with_paths_runs_what_concerns_them(clone):
    set_up(clone)
    done = call(clone, "test", "05_train_eval.ipynb", "house/colab.txt", cwd=clone / "notebooks")
    assert done.returncode == 0 and len(asked(clone, "-m pytest")) == 2
    call(clone, "test", "house", cwd=clone / "tests")
    assert asked(clone)[-1].startswith("-m pytest tests/house --junitxml=")


@needs_sh
def test_clean_removes_the_environment(clone):
    set_up(clone)
    assert call(clone, "clean").returncode == 0 and not (clone / ".venv").exists()
    assert call(clone, "clean").returncode == 0


@pytest.mark.skipif(not shutil.which("make"), reason="no make here")
def test_make_calls_it(clone):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    words = ["make", "lab", "PYTHON=./python", "ARGS=-- --port=9999"]
    assert subprocess.run(words, cwd=clone, env=clean, capture_output=True, timeout=60).returncode == 0
    assert asked(clone)[-1].endswith("--port=9999") and len(asked(clone, "--editable")) == 1


ANSWERS = """
import signal, sys, time
for number in signal.SIGINT, signal.SIGTERM:
    signal.signal(number, lambda *_: (time.sleep(0.1), sys.exit(7)))
print("up", flush=True)
time.sleep(30)
"""


@needs_sh
@pytest.mark.parametrize("end", ["Ctrl-C", "terminate"])
def test_what_runs_answers_ctrl_c_and_nothing_runs_after_it(end):
    code = f"import run, sys; run.go([sys.executable, '-c', {ANSWERS!r}]); print('and on')"
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                          start_new_session=True) as process:
        assert process.stdout.readline() == "up\n"
        if end == "Ctrl-C":
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.terminate()
        assert process.wait(20) == 7 and process.stdout.read() == ""


# ---- torch by address

def wheel(folder, name, version, needs=""):
    """A wheel that pip installs and that says which version it is."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = {f"{name}.py": f"version = {version!r}\n",
             f"{info}/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
             f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"}
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)


@pytest.fixture
def serve(tmp_path):
    """The address of a server of the folder tmp_path."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass
    handler = functools.partial(Quiet, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def own_wheels(folder, indexed):
    """torch and torchvision for the CPU, beside a version that constraints do not allow."""
    for name in "torch", "torchvision":
        where = folder / name if indexed else folder
        wheel(where, name, "2.0.0+cpu")
        wheel(where, name, "2.0.1")
        if indexed:
            links = [f'<a href="{file.name}">{file.name}</a>' for file in where.iterdir()]
            (where / "index.html").write_text("<!DOCTYPE html>" + "".join(links))


@pytest.fixture
def pip(tmp_path):
    """A function that runs pip, set to a folder with a torch it would prefer, for an environment of its own,
    and returns the versions there."""
    configured = tmp_path / "configured"
    wheel(configured, "torch", "2.0.0+gpu")
    wheel(configured, "torchvision", "2.0.0+gpu")
    wheel(configured, "rest", "1.0", needs="Requires-Dist: torch>=2\n")
    (tmp_path / "constraints.txt").write_text("torch==2.0.0\ntorchvision==2.0.0\n")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    python = run.python_of(tmp_path / "venv")
    set_to = dict(PIP_FIND_LINKS=configured.as_uri(), PIP_NO_INDEX="1", NO_PROXY="127.0.0.1")

    def pip(line, **variables):
        whole = line([sys.executable, "-m", "pip", "--python", python])
        env = {**os.environ, **set_to, **variables}
        subprocess.run(whole, cwd=tmp_path, env=env, check=True, timeout=120)
        code = "import torch, torchvision; print(torch.version, torchvision.version)"
        return subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.split()
    return pip


@pytest.mark.parametrize("kind", ["folder", "index", "server of wheels", "server of an index"])
def test_torch_comes_from_the_address_alone(tmp_path, pip, serve, kind):
    own_wheels(tmp_path / "my wheels", "index" in kind)
    address = f"{serve}/my%20wheels" if "server" in kind else run.address(str(tmp_path / "my wheels"))
    assert pip(run.torch_line, **run.only_from(address)) == ["2.0.0+cpu", "2.0.0+cpu"]


def test_what_asks_for_torch_leaves_it(tmp_path, pip):
    own_wheels(tmp_path / "my wheels", False)
    pip(run.torch_line, **run.only_from(run.address(str(tmp_path / "my wheels"))))
    rest = "install", "--constraint", "constraints.txt", "rest"
    assert pip(lambda pip: [*pip, *rest]) == ["2.0.0+cpu", "2.0.0+cpu"]
