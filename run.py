"""All there is to do here, on Linux, macOS and Windows, with nothing but a Python 3.10 to 3.13:

    python3 run.py lab            (on Windows: py run.py lab)

A command is a function below with @command() in front: its name is the word, its docstring the line of help.
.venv holds what it needs before it is called. An older Python can start this file too, to find a newer one or
to say which is needed; so nothing here is newer than Python 3.6."""
import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

OLDEST, NEWEST = (3, 10), (3, 13)
WINDOWS = os.name == "nt"
HERE = Path(__file__).resolve().parent
STATED = "pyproject.toml", "constraints.txt", "tests/house/colab.txt"
WARM = "tests/warm" if sys.platform == "linux" else ""              # kernels that are forks; see there
NBVAL = ("--nbval-lax", "--nbval-kernel-name=python3" if WARM else "--nbval-current-env",
         "--nbval-cell-timeout=120")
COMMANDS = {}


def python_of(venv, windows=WINDOWS):
    return os.path.join(str(venv), *(["Scripts", "python.exe"] if windows else ["bin", "python"]))


VENV = HERE / ".venv"
PYTHON = python_of(VENV)


# ---- commands

def command(names=None, sets_up=True):
    """Makes a function(names, more) a command. names: what the help calls the words that may follow it;
    sets_up: whether .venv is made ready first; more: what stands behind -- . It returns the exit status."""
    def add(function):
        COMMANDS[function.__name__.strip("_").replace("_", "-")] = function, names, sets_up
        return function
    return add


@command()
def lab(names, more):
    """open the first notebook in JupyterLab; what stands behind -- goes to JupyterLab"""
    as_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return go([PYTHON, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", "--ServerApp.root_dir=.",
               "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb", *as_root, *more])


@command(names="PATH")
def test(paths, more):
    """run all tests, or those of these notebooks (05 will do) and paths; -- leads pytest's options"""
    set_up_colab()
    os.environ["HELPERS_STRICT"] = "1"                              # a claim must hold, whatever the seed
    results = []
    with tempfile.TemporaryDirectory() as folder, warm_kernels(Path(folder, "kernels")):
        for part, line in parts_of(paths).items():
            print(f"\n---- {part}: {' '.join(line)}", flush=True)
            report, start = Path(folder, part + ".xml"), time.time()
            options = [*more, f"--junitxml={report}"] if line[0] == "pytest" else []
            status = go([PYTHON, "-m", *line, *options])
            seconds = time.time() - start
            results.append((part, seconds, outcomes(part, report, status, seconds)))
    lines, passed = summary(results)
    print("", *lines, sep="\n")
    return 0 if passed else 1


@command(names="NAME")
def notebooks(names, more):
    """execute all notebooks or these (05, 05_train_eval, a path) in place, and store their pictures"""
    return go([PYTHON, "tests/notebooks/record.py", *pages_called(names)])


@command(names="NAME")
def site(names, more):
    """write the notebooks as pages whose labs move, into _site/; what was drawn before is not drawn again"""
    return go([PYTHON, "-m", "web.build", *(pages_called(names) if names else [])], PYTHONPATH=str(HERE))


@command(names="NAME")
def colab(names, more):
    """write notebooks with helpers and digits inside, one file each, into _colab/; -- --run: and run each"""
    if "--run" in more:
        set_up_colab()
    return go([PYTHON, "-m", "web.colab", *pages_called(names), *more], PYTHONPATH=str(HERE))


@command(names="NAME")
def class_(names, more):
    """write for a class into _class/: notebooks without outputs, and a sheet a notebook for the teacher"""
    return go([PYTHON, "-m", "web.classroom", *pages_called(names)], PYTHONPATH=str(HERE))


@command(names="off")
def links(names, more):
    """link README and notebooks to Colab and Binder, at the address of the remote origin; off: no links"""
    return go([PYTHON, "-m", "web.links", *names], PYTHONPATH=str(HERE))


@command(names="NAME")
def truth(names, more):
    """count at how many of 20 other seeds each claim holds, for tests/truth.json; resumes where it stopped"""
    folders = os.pathsep.join([str(HERE), str(HERE / "tests")])
    return go([PYTHON, "-m", "notebooks.truth", *pages_called(names)], PYTHONPATH=folders)


@command()
def set_up(names, more):
    """put everything into .venv, which the three above do first; again only when versions change"""


@command(sets_up=False)
def constraints(names, more):
    """write the newest versions that fit pyproject.toml into constraints.txt; needs uv"""
    file = HERE / "constraints.txt"
    pins = output("uv", "pip", "compile", "pyproject.toml", "--all-extras", "--universal",
                  "--python-version=3.10", "--no-annotate", "--no-header")
    if not pins:
        sys.exit("No versions found. Is uv there? pip install uv")
    comments = [line for line in read(file).splitlines() if line.startswith("#")]
    write(file, "\n".join([*comments, pins, ""]))


@command(sets_up=False)
def clean(names, more):
    """remove .venv"""
    remove(VENV)


# ---- what test runs, and what came of it

def parts_of(paths):
    """{part: what follows python -m}, in the order in which they run."""
    two = "--numprocesses=2", "--dist=worksteal"
    by_file = "--numprocesses=2", "--dist=loadfile"                 # the cells of a notebook, in order
    if not paths:
        timed = [path for path in tests_in("tests") if "mark.alone" in read(HERE / path)]
        alone = {"alone": ["pytest", *timed, "-m", "alone"]} if timed else {}       # what measures time
        return {"code": ["ruff", "check"],
                "cells": ["pytest", "notebooks", *NBVAL, *by_file],
                "tests": ["pytest", "tests", "-m", "not alone", *two], **alone}
    parts = {}
    pages = [page for path in paths for page in notebooks_called(path)]
    tests = [path for path in paths if not notebooks_called(path)]
    if tests:
        parts["code"] = ["ruff", "check", *(path.split("::")[0] for path in tests)]
        parts["tests"] = ["pytest", *tests]
    if pages:
        lessons = [name for page in pages for name in re.findall(r"\b(\w+) as lesson\b", read(HERE / page))]
        chosen = [Path(page).stem for page in pages] + [f"{name} and (checks or lessons)" for name in lessons]
        chosen = list(dict.fromkeys(chosen))                        # a core and its Deeper have one name
        folders = "tests/notebooks", "tests/checks", "tests/lessons"
        parts["notebooks"] = ["pytest", "tests/browser", *pages, *folders, "-k", " or ".join(chosen), *NBVAL,
                              *by_file, "--no-loadscope-reorder"]   # the longest first
    return parts


@contextlib.contextmanager
def warm_kernels(address):
    """Until the block ends, kernels are forks of a process that has torch loaded."""
    if not WARM:
        yield
        return
    os.environ.update(JUPYTER_PATH=str(HERE / WARM), WARM_KERNELS=str(address))
    kernel = str(HERE / WARM / "kernels/python3/kernel.py")
    server = subprocess.Popen([PYTHON, kernel, "--serve"], cwd=str(HERE))
    try:
        yield
    finally:
        server.terminate()
        server.wait()


def tests_in(folder):
    return sorted(os.path.relpath(str(path), str(HERE)) for path in (HERE / folder).glob("**/test_*.py"))


def pages_called(names):
    """Paths of all notebooks, or of these. Exits where a name means none."""
    unknown = [name for name in names if not notebooks_called(name)]
    if unknown:
        sys.exit(f"No notebook called {', '.join(unknown)}.")
    return [page for name in names or ["notebooks"] for page in notebooks_called(name)]


def notebooks_called(name):
    """Paths of the notebooks that a name means: 05, 05_train_eval, a file, a folder of them."""
    path = HERE / name
    found = [path] if path.is_file() else path.glob("**/*.ipynb")
    if not path.exists():
        found = (HERE / "notebooks").glob(f"**/{path.name}*.ipynb")
    return sorted(os.path.relpath(str(page), str(HERE)) for page in found
                  if page.suffix == ".ipynb" and page.parent.name != ".ipynb_checkpoints")


def outcomes(part, report, status, seconds):
    """[(seconds, test, "passed", "failed" or "skipped")] of a part, from pytest's report. A part without one
    counts as a test, and so does one that failed where no test did. Status 5: no test was chosen."""
    found = []
    for case in ElementTree.parse(str(report)).iter("testcase") if report.exists() else ():
        tags = {child.tag for child in case}
        outcome = "failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"
        found.append((float(case.get("time", 0)), f"{case.get('classname')} {case.get('name')}", outcome))
    failed = status not in (0, 5) and not any(outcome == "failed" for *_, outcome in found)
    if failed or not report.exists():
        found.append((seconds, part, "failed" if status else "passed"))
    return found


def summary(results):
    """Last lines of a test run, and whether it passed. results: (part, its seconds, its outcomes)."""
    tests = [test for *_, found in results for test in found]
    longest = sorted(tests, reverse=True)[:10]
    count = Counter(outcome for *_, outcome in tests)
    none = not any(found for part, _, found in results if part != "code")
    lines = ["Seconds of each part:", *(f"{seconds:8.1f}  {part}" for part, seconds, _ in results),
             "Seconds of the longest tests:", *(f"{seconds:8.1f}  {name}" for seconds, name, _ in longest),
             *(f"  FAILED  {name}" for _, name, outcome in tests if outcome == "failed"),
             *(["No test was found."] if none else []),
             ", ".join(f"{count[kind]} {kind}" for kind in ("passed", "failed", "skipped"))]
    return lines, not none and not count["failed"]


# ---- what .venv holds

def make_ready(python=None, index=None):
    """Puts everything into .venv, unless it is there: of the Python that is named, if one is, and with torch
    from that index. The index is kept: without one, it is the last."""
    if index is None:
        index = read(VENV / "torch-index")
    another = python and output(python, "--version") != output(PYTHON, "--version")
    if read(VENV / "ready") == state(index) and not another:
        return
    base = find_python(python)
    print(f"Setting up .venv with {output(*base, '--version')}: some minutes,",
          f"torch from {index}." if index else "and about 6 GB on Linux.", flush=True)
    remove(VENV)
    must([*base, "-m", "venv", str(VENV)])
    pip = [PYTHON, "-m", "pip"]
    write(VENV / "torch-index", index)
    if index:
        must(torch_line(pip), **only_from(index))
    must([*pip, "install", "--constraint", "constraints.txt", "--editable", ".[lab,site,test]"])
    write(VENV / "ready", state(index))


def state(index):
    """What .venv is made for. A half-finished, moved or outdated one does not say so."""
    files = b"".join((HERE / name).read_bytes() for name in STATED)
    return f"{HERE}; {output(PYTHON, '--version')}; {zlib.crc32(files)}; {index}"


def torch_line(pip):
    """These two alone: the install that follows finds them, so it fetches no GPU build and none of its
    libraries, and takes what else they ask for from where all the rest comes from."""
    return [*pip, "install", "--no-deps", "--constraint", "constraints.txt", "torch", "torchvision"]


def only_from(index):
    """Variables that let pip see this address only, be it an index or a page or folder of wheels. Variables
    stand above pip's configuration; options would add to it."""
    return dict(PIP_INDEX_URL=index, PIP_EXTRA_INDEX_URL=index, PIP_FIND_LINKS=index, PIP_NO_INDEX="0")


def set_up_colab():
    """.venv/colab: the same with Colab's older widgets in front."""
    colab = VENV / "colab"
    own = python_of(colab)
    if (colab / "ready").exists():
        return
    remove(colab)
    must([PYTHON, "-m", "venv", "--without-pip", str(colab)])
    must([PYTHON, "-m", "pip", "--python", own, "install", "--quiet", "--no-deps", "-r", STATED[-1]])
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    behind = output(PYTHON, "-c", where)
    write(Path(output(own, "-c", where), "after.pth"), f"import site; site.addsitedir({behind!a})\n")
    write(colab / "ready", "")


def pythons(named=None, windows=WINDOWS):
    """Commands to try: the named Python; or the one that runs this, then others by name."""
    if named:
        return [[named]]
    own = getattr(sys, "_base_executable", None) or sys.executable             # not that of .venv, which goes
    versions = [f"3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    return [[own], *(["py", "-" + version] if windows else ["python" + version] for version in versions)]


def find_python(named=None):
    fits = f"import sys, venv, ensurepip; sys.exit(not {OLDEST} <= sys.version_info[:2] <= {NEWEST})"
    for python in pythons(named):
        if output(*python, "-c", fits) is not None:
            return python
    sys.exit(f"No Python 3.10 to 3.13 with venv found{' at ' + named if named else ''}. This one is "
             f"{sys.version.split()[0]}.\nInstall one (on Debian or Ubuntu: apt-get install python3-venv) "
             "and start this with it,\nor name yours: python3 run.py lab --python /path/to/python3.12")


# ---- processes and files

def go(line, **variables):
    """Runs a command to its end and returns its exit status. Ctrl-C is for the command: JupyterLab asks back.
    Once stopped by it, or from outside, nothing else is run."""
    stops = []
    child = subprocess.Popen(line, cwd=str(HERE), env=dict(os.environ, **variables))

    def stop(number, _):
        stops.append(number)
        if number == signal.SIGTERM:
            child.terminate()
    signals = signal.SIGINT, signal.SIGTERM
    before = [signal.signal(number, stop) for number in signals]
    status = child.wait()
    for number, handler in zip(signals, before):
        signal.signal(number, handler)
    if stops:
        sys.exit(status)
    return status


def must(line, **variables):
    if go(line, **variables):
        sys.exit("The set-up failed; the next start does it again.")


def output(*line):
    """What a command says; None if it fails or is not there."""
    try:
        silent = dict(stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        return subprocess.check_output(line, cwd=str(HERE), universal_newlines=True, **silent).strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def read(file):
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def write(file, text):
    file.write_bytes(text.encode())


def remove(folder):
    try:
        if folder.exists():
            shutil.rmtree(str(folder))
    except PermissionError as error:                                # Windows does not remove what runs
        sys.exit(f"In use, by JupyterLab perhaps or as the Python that runs this: {error.filename}")


# ---- the command line

def path_from_here(path):
    """As it reads from HERE, wherever this was started; what is no path as it is."""
    return os.path.relpath(path, str(HERE)) if os.path.exists(path.split("::")[0]) else path


def whole_path(path):
    return os.path.abspath(path) if os.path.exists(path) else path


def address(text):
    """A folder as an address; an address as it is."""
    if not text or "://" in text:
        return text
    if not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f"{text} is neither a folder nor an address")
    return Path(text).resolve().as_uri()


def parser():
    lines = [f"  {word:<13}{function.__doc__}" for word, (function, *_) in COMMANDS.items()]
    top = argparse.ArgumentParser(prog="run.py", formatter_class=argparse.RawDescriptionHelpFormatter,
                                  description="\n".join(["commands:", *lines]))
    words = top.add_subparsers(dest="command", metavar="COMMAND", help="one of these; -h after it says more")
    for word, (function, names, sets_up) in COMMANDS.items():
        one = words.add_parser(word, description=function.__doc__)
        if names:
            one.add_argument("names", nargs="*", metavar=names, type=path_from_here)
        if sets_up:
            one.add_argument("--python", metavar="PATH", type=whole_path, help="make .venv with this Python")
            one.add_argument("--torch-index", metavar="ADDRESS", type=address,
                             help="an index, or a folder of wheels, to take torch and torchvision from, now "
                             "and later; '' takes them from where pip takes the rest")
    return top


def main(arguments):
    split = arguments.index("--") if "--" in arguments else len(arguments)
    asked = parser().parse_args(arguments[:split] or ["--help"])
    function, _, sets_up = COMMANDS[asked.command]
    os.environ["OMP_NUM_THREADS"] = "1"
    if os.environ.get("HELPERS_DATA"):                              # kernels run in notebooks/, not here
        os.environ["HELPERS_DATA"] = os.path.abspath(os.path.expanduser(os.environ["HELPERS_DATA"]))
    for name in "PYTHONPATH", "PYTHONHOME":
        os.environ.pop(name, None)
    if sets_up:
        make_ready(asked.python, asked.torch_index)
    return function(getattr(asked, "names", []), arguments[split + 1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
